import assert from "node:assert/strict";
import { test } from "node:test";
import { Fifo } from "./fifo.ts";
import { randomBelow, seededPrng } from "./prng.ts";

test("Fifo gives what an array gives, at any place, however it grows and is taken from", () => {
  const prng = seededPrng(5);
  const fifo = new Fifo<number>();
  const wanted: number[] = [];
  for (let item = 0; item < 5_000; item++) {
    fifo.push(item);
    wanted.push(item);
    // In some stretches more is taken than comes.
    const taken = randomBelow(prng, item % 1_000 < 500 ? 2 : 4);
    for (let count = 0; count < taken && wanted.length > 0; count++) {
      assert.equal(fifo.shift(), wanted.shift());
    }
    assert.equal(fifo.length, wanted.length);
    assert.equal(fifo.last, wanted.at(-1));
    if (wanted.length === 0) continue;
    const index = randomBelow(prng, wanted.length);
    assert.equal(fifo.at(index), wanted[index]);
  }
});
