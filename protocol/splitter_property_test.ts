import fc from "fast-check";
import assert from "node:assert/strict";
import { test } from "node:test";
import { concatFrames, EMPTY, encodeFrame, type Frame, type FrameSink } from "./frame.ts";
import { Limits } from "./limits.ts";
import { FrameSplitter } from "./splitter.ts";
import { collect, copyFrame, LentBuffers, utf8 } from "../tests/support/protocol.ts";

const SEED = 20_261;

/** Splits at given places; the bytes of a chunk are spoilt as soon as its push returns. */
function splitAt(stream: Uint8Array, cuts: readonly number[], buffers: LentBuffers): Frame[] {
  const splitter = new FrameSplitter(buffers);
  const frames: Frame[] = [];
  let start = 0;
  for (const end of [...cuts, stream.length]) {
    const chunk = stream.slice(start, end);
    assert.equal(splitter.push(chunk, frames, collect), chunk.length);
    chunk.fill(0xcc);
    start = end;
  }
  assert.equal(splitter.buffered, 0);
  assert.equal(buffers.lent.size, 0);
  return frames;
}

const int32 = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const body = fc.oneof(
  fc.constant(EMPTY),
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({
    minLength: Limits.upstreamBodyBytesMax - 20,
    maxLength: Limits.upstreamBodyBytesMax,
    size: "max",
  }),
);
const sentFrames = fc.array(
  fc.record({ version: fc.constant(1), operation: int32, sequence: int32, body }),
  { minLength: 1, maxLength: 12 },
);

function streamOf(frames: readonly Frame[]): Uint8Array {
  return concatFrames(
    frames.map((frame) => encodeFrame(frame.operation, frame.sequence, frame.body)),
  );
}

/** Deep equality of node:assert is too slow for bodies of thousands of bytes. */
function assertSameFrames(actual: readonly Frame[], expected: readonly Frame[]): void {
  const text = (frame: Frame) =>
    `${frame.version} ${frame.operation} ${frame.sequence} ${frame.body.toHex()}`;
  assert.deepEqual(actual.map(text), expected.map(text));
}

test("FrameSplitter yields the same frames at every pair of split points", () => {
  const sequences: readonly (readonly Uint8Array[])[] = [
    [EMPTY, EMPTY],
    [utf8("a"), EMPTY, utf8("bcd")],
    [EMPTY, utf8("live://1000"), EMPTY, utf8("1000,1001")],
    [new Uint8Array(40).fill(0xff), EMPTY, new Uint8Array(17)],
  ];
  for (const bodies of sequences) {
    const frames = bodies.map((body, sequence) => ({ version: 1, operation: 4, sequence, body }));
    const expected = frames.map(({ body }, sequence) => `4 ${sequence} ${body.toHex()}`).join();
    const stream = streamOf(frames);
    for (let first = 0; first <= stream.length; first++) {
      for (let second = first; second <= stream.length; second++) {
        const actual = splitAt(stream, [first, second], new LentBuffers(second % 3))
          .map((frame) => `${frame.operation} ${frame.sequence} ${frame.body.toHex()}`).join();
        if (actual !== expected) assert.equal(actual, expected, `split at ${first} and ${second}`);
      }
    }
  }
});

test("FrameSplitter yields the same frames one byte at a time", () => {
  fc.assert(
    fc.property(sentFrames, (frames) => {
      const stream = streamOf(frames.slice(0, 3));
      const cuts = Array.from(stream.keys());
      assertSameFrames(splitAt(stream, cuts, new LentBuffers()), frames.slice(0, 3));
    }),
    { seed: SEED, numRuns: 20 },
  );
});

test("FrameSplitter yields the same frames at any splits", () => {
  fc.assert(
    fc.property(
      sentFrames,
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 }),
      fc.nat(100),
      (frames, places, spareBytes) => {
        const stream = streamOf(frames);
        const cuts = places.map((place) => Math.floor(place * stream.length)).sort((a, b) => a - b);
        assertSameFrames(splitAt(stream, cuts, new LentBuffers(spareBytes)), frames);
      },
    ),
    { seed: SEED, numRuns: 300 },
  );
});

test("FrameSplitter loses and repeats nothing under backpressure", () => {
  fc.assert(
    fc.property(
      sentFrames,
      fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 20 }),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 10 }),
      (frames, sizes, answers) => {
        const buffers = new LentBuffers();
        const splitter = new FrameSplitter(buffers);
        let calls = 0;
        const fickle: FrameSink<Frame[]> = {
          frame(target, frame) {
            target.push(copyFrame(frame));
            return answers[calls++ % answers.length];
          },
        };
        const stream = streamOf(frames);
        const taken: Frame[] = [];
        let offset = 0;
        for (let round = 0; offset < stream.length; round++) {
          const chunk = stream.slice(offset, offset + sizes[round % sizes.length]);
          const consumed = splitter.push(chunk, taken, fickle);
          if (consumed < chunk.length) assert.equal(answers[(calls - 1) % answers.length], false);
          chunk.fill(0xcc);
          offset += consumed;
        }
        assertSameFrames(taken, frames);
        assert.equal(buffers.lent.size, 0);
      },
    ),
    { seed: SEED, numRuns: 300 },
  );
});
