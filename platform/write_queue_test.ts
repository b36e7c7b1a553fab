import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { randomBelow, seededPrng } from "../base/prng.ts";
import { pendingLimit, WriteQueue } from "./write_queue.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

describe("WriteQueue", () => {
  it("peek() shows what consume() has left of the oldest write", () => {
    const queue = new WriteQueue();
    queue.push(bytes(1, 2, 3));
    queue.push(bytes(4));
    assert.equal(queue.bytes, 4);
    queue.consume(2);
    assert.deepEqual(queue.peek(), bytes(3));
    queue.consume(1);
    assert.deepEqual(queue.peek(), bytes(4));
    assert.equal(queue.bytes, 1);
  });

  it("takeMerged() puts whole writes together up to the limit", () => {
    const queue = new WriteQueue();
    for (const write of [bytes(1, 2), bytes(3), bytes(4, 5)]) queue.push(write);
    queue.consume(1);
    assert.deepEqual(queue.takeMerged(3), bytes(2, 3));
    assert.deepEqual(queue.takeMerged(1), bytes(4, 5), "the oldest is taken whatever its length");
    assert.equal(queue.bytes, 0);
  });

  it("takeMerged() copies nothing when there is one write", () => {
    const queue = new WriteQueue();
    const only = bytes(1, 2);
    queue.push(only);
    assert.equal(queue.takeMerged(100), only);
  });

  it("discard() keeps a write that has begun", () => {
    const queue = new WriteQueue();
    for (const write of [bytes(1, 2), bytes(3), bytes(4)]) queue.push(write);
    queue.consume(1);
    assert.equal(queue.discard(), 2);
    assert.deepEqual(queue.peek(), bytes(2));
    assert.equal(queue.bytes, 1);
    assert.equal(queue.discard(), 0);
  });

  it("discard() drops all when none has begun", () => {
    const queue = new WriteQueue();
    for (const write of [bytes(1, 2), bytes(3)]) queue.push(write);
    queue.consume(2);
    assert.equal(queue.discard(), 1);
    assert.equal(queue.bytes, 0);
    queue.push(bytes(9));
    assert.deepEqual(queue.peek(), bytes(9));
  });

  it("gives back what was pushed over many random operations", () => {
    const prng = seededPrng(42);
    const queue = new WriteQueue();
    let expected: number[] = [];
    let next = 0;
    for (let step = 0; step < 20_000; step++) {
      if (randomBelow(prng, 2) === 0) {
        const write = Uint8Array.from({ length: 1 + randomBelow(prng, 5) }, () => next++ & 0xff);
        queue.push(write);
        expected.push(...write);
      } else if (queue.bytes > 0) {
        const merged = randomBelow(prng, 2) === 0;
        const taken = merged ? queue.takeMerged(1 + randomBelow(prng, 20)) : queue.peek();
        if (!merged) queue.consume(taken.length);
        assert.deepEqual([...taken], expected.slice(0, taken.length));
        expected = expected.slice(taken.length);
      }
      assert.equal(queue.bytes, expected.length);
    }
  });
});

describe("pendingLimit()", () => {
  it("is four times as much while a write is young", () => {
    assert.equal(pendingLimit(1000, 0), 4000);
    assert.equal(pendingLimit(1000, 99), 4000);
    assert.equal(pendingLimit(1000, 100), 1000);
  });
});
