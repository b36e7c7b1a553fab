import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ReadBuffers } from "./read_buffers.ts";

const small = 512, large = 64 * 1024;

describe("ReadBuffers", () => {
  it("gives the busy a large buffer and takes it back when they calm down", () => {
    const buffers = new ReadBuffers();
    const first = buffers.first();
    assert.equal(first.length, small);
    assert.equal(buffers.next(first, small - 1), first);
    const lent = buffers.next(first, small);
    assert.equal(lent.length, large);
    assert.equal(buffers.next(lent, large), lent);
    assert.equal(buffers.next(lent, small).length, small);
    assert.equal(buffers.next(buffers.first(), small), lent, "it is lent again");
  });

  it("lends no more than a fixed number", () => {
    const buffers = new ReadBuffers();
    const next = () => buffers.next(buffers.first(), small);
    const lent = Array.from({ length: 64 }, next);
    assert(lent.every((buffer) => buffer.length === large));
    assert.equal(next().length, small);
    buffers.release(lent[0], false);
    assert.equal(next(), lent[0]);
  });

  it("never lends again what a read that was cut short may write to", () => {
    const buffers = new ReadBuffers();
    const lent = buffers.next(buffers.first(), small);
    buffers.release(lent, true);
    assert.notEqual(buffers.next(buffers.first(), small), lent);
  });
});
