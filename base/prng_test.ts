import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBelow, randomFloat, seededPrng, systemPrng, uuid } from "./prng.ts";

test("seededPrng() gives the same numbers for the same seed, and others for another", () => {
  const take = (seed: number) => {
    const prng = seededPrng(seed);
    return Array.from({ length: 5 }, () => prng.nextUint32());
  };
  assert.deepEqual(take(1), take(1));
  assert.notDeepEqual(take(1), take(2));
});

test("randomBelow() reaches every value below the limit about equally often", () => {
  for (const prng of [seededPrng(3), systemPrng()]) {
    const counts = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 10_000; draw++) counts[randomBelow(prng, 10)]++;
    assert.ok(counts.every((count) => count > 800 && count < 1_200), counts.join());
  }
});

test("randomFloat() stays below 1 at the generator's largest number", () => {
  assert.equal(randomFloat({ nextUint32: () => 0 }), 0);
  assert.ok(randomFloat({ nextUint32: () => 0xffff_ffff }) < 1);
});

test("uuid() is a version 4 UUID, and never the same twice", () => {
  const prng = seededPrng(9);
  const seen = new Set<string>();
  for (let index = 0; index < 10_000; index++) {
    const id = uuid(prng);
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    seen.add(id);
  }
  assert.equal(seen.size, 10_000);
});
