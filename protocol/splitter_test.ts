import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CloseCodes } from "./close_codes.ts";
import { concatFrames, EMPTY, encodeFrame, type Frame, type FrameSink } from "./frame.ts";
import { Limits } from "./limits.ts";
import { FrameSplitter } from "./splitter.ts";
import {
  assertRefuses,
  collect,
  copyFrame,
  hex,
  LentBuffers,
  utf8,
} from "../tests/support/protocol.ts";

const HELLO = encodeFrame(4, 1, utf8("hello"));
const HEARTBEAT = encodeFrame(2, 2, EMPTY);

const refuse: FrameSink<unknown> = {
  frame() {
    throw new Error("the sink is broken");
  },
};

describe("FrameSplitter.push()", () => {
  test("lends a view of the chunk for a frame that lies within it", () => {
    const chunk = concatFrames([HELLO, HEARTBEAT]);
    const bodies: Uint8Array[] = [];
    const buffers = new LentBuffers();
    const splitter = new FrameSplitter(buffers);
    const sink: FrameSink<Uint8Array[]> = {
      frame: (target, frame) => target.push(frame.body) > 0,
    };
    assert.equal(splitter.push(chunk, bodies, sink), chunk.length);
    assert.equal(bodies[0].buffer, chunk.buffer);
    assert.equal(bodies[1], EMPTY);
    assert.deepEqual(buffers.sizes, []);
  });

  test("borrows for the header first, then for the frame, and gives back when it is whole", () => {
    const buffers = new LentBuffers();
    const splitter = new FrameSplitter(buffers);
    const frames: Frame[] = [];
    for (let index = 0; index < HELLO.length; index++) {
      assert.equal(splitter.buffered, index);
      assert.equal(splitter.push(HELLO.subarray(index, index + 1), frames, collect), 1);
      assert.ok(buffers.lent.size <= 1);
    }
    assert.deepEqual(buffers.sizes, [16, 21]);
    assert.equal(buffers.lent.size, 0);
    assert.equal(splitter.buffered, 0);
    assert.deepEqual(frames, [{ version: 1, operation: 4, sequence: 1, body: utf8("hello") }]);
  });

  test("keeps a longer buffer that the header's was already", () => {
    const buffers = new LentBuffers(5);
    const splitter = new FrameSplitter(buffers);
    const frames: Frame[] = [];
    splitter.push(HELLO.subarray(0, 3), frames, collect);
    splitter.push(HELLO.subarray(3), frames, collect);
    assert.deepEqual(buffers.sizes, [16]);
    assert.deepEqual(frames[0].body, utf8("hello"));
  });

  test("borrows exactly the frame when its header has come with it", () => {
    const buffers = new LentBuffers();
    const splitter = new FrameSplitter(buffers);
    splitter.push(HELLO.subarray(0, 18), [], collect);
    assert.deepEqual(buffers.sizes, [21]);
    assert.equal(splitter.buffered, 18);
  });

  test("stops after the frame at which the sink says so", () => {
    const chunk = concatFrames([HELLO, HEARTBEAT, HELLO]);
    const splitter = new FrameSplitter(new LentBuffers());
    const frames: Frame[] = [];
    const one: FrameSink<Frame[]> = {
      frame(target, frame) {
        target.push(copyFrame(frame));
        return false;
      },
    };
    assert.equal(splitter.push(chunk.subarray(0, 10), frames, one), 10);
    assert.equal(splitter.push(chunk.subarray(10), frames, one), 11);
    assert.equal(splitter.push(chunk.subarray(21), frames, one), 16);
    assert.equal(splitter.push(chunk.subarray(37), frames, one), 21);
    assert.deepEqual(frames.map((frame) => frame.operation), [4, 2, 4]);
    assert.equal(splitter.buffered, 0);
  });

  test("hands over what came before a bad header, then refuses", () => {
    const buffers = new LentBuffers();
    const splitter = new FrameSplitter(buffers);
    const frames: Frame[] = [];
    const chunk = concatFrames([HELLO, HEARTBEAT, hex("00000000")]);
    assertRefuses(
      () => splitter.push(chunk, frames, collect),
      CloseCodes.protocolError,
      /packLen must be 16 to 4112, current value is 0$/,
    );
    assert.equal(frames.length, 2);
    assert.equal(buffers.lent.size, 0);
  });

  test("takes a body of the limit it was given and no larger one", () => {
    const frames: Frame[] = [];
    const largest = encodeFrame(4, 1, new Uint8Array(100));
    new FrameSplitter(new LentBuffers(), 100).push(largest, frames, collect);
    assert.equal(frames[0].body.length, 100);
    assertRefuses(
      () => new FrameSplitter(new LentBuffers(), 99).push(largest, frames, collect),
      CloseCodes.protocolError,
      /packLen must be 16 to 115, current value is 116$/,
    );
  });

  for (
    const [name, header, bytesNeeded] of [
      ["a packLen below 16", "0000000f", 4],
      ["a negative packLen", "80000010", 4],
      ["a packLen over the limit", "00001011", 4],
      ["a huge packLen", "7fffffff", 4],
      ["a headerLen of 0", "00000010 0000", 6],
      ["a headerLen of 17", "00000010 0011", 6],
      ["a negative headerLen", "00000010 8010", 6],
    ] as const
  ) {
    test(`refuses ${name} as soon as it is there`, () => {
      const bytes = hex(header);
      for (let firstBytes = 0; firstBytes < bytesNeeded; firstBytes++) {
        const buffers = new LentBuffers();
        const splitter = new FrameSplitter(buffers);
        splitter.push(bytes.subarray(0, firstBytes), [], collect);
        assertRefuses(
          () => splitter.push(bytes.subarray(firstBytes), [], collect),
          CloseCodes.protocolError,
          /^Cannot read frame: (packLen|headerLen) must be/,
        );
        assert.equal(buffers.lent.size, 0);
        assert.equal(splitter.buffered, 0);
      }
    });
  }

  test("leaks no buffer when the sink throws", () => {
    for (const cut of [0, 3, 17]) {
      const buffers = new LentBuffers();
      const splitter = new FrameSplitter(buffers);
      splitter.push(HELLO.subarray(0, cut), [], collect);
      assert.throws(() => splitter.push(HELLO.subarray(cut), [], refuse), /the sink is broken/);
      assert.equal(buffers.lent.size, 0);
      assert.equal(splitter.buffered, 0);
    }
  });

  test("keeps its frame whole when the sink pushes to other splitters", () => {
    const buffers = new LentBuffers();
    const seen: string[] = [];
    const nested: FrameSink<number> = {
      frame(depth, frame) {
        if (depth < 3) {
          const inner = new FrameSplitter(buffers);
          const bytes = encodeFrame(100 + depth, depth, utf8(`inner ${depth}`));
          inner.push(bytes.subarray(0, 9), depth + 1, nested);
          inner.push(bytes.subarray(9), depth + 1, nested);
        }
        seen.push(`${frame.operation} ${frame.sequence} ${new TextDecoder().decode(frame.body)}`);
        return true;
      },
    };
    const splitter = new FrameSplitter(buffers);
    splitter.push(HELLO.subarray(0, 9), 0, nested);
    splitter.push(HELLO.subarray(9), 0, nested);
    assert.deepEqual(seen, ["102 2 inner 2", "101 1 inner 1", "100 0 inner 0", "4 1 hello"]);
    assert.equal(buffers.lent.size, 0);
  });
});

describe("FrameSplitter.close()", () => {
  test("gives the buffer of a partial frame back, once", () => {
    const buffers = new LentBuffers();
    const splitter = new FrameSplitter(buffers);
    splitter.push(HELLO.subarray(0, 18), [], collect);
    assert.equal(buffers.lent.size, 1);
    splitter.close();
    assert.equal(buffers.lent.size, 0);
    assert.equal(splitter.buffered, 0);
    splitter.close();
  });

  test("makes the splitter swallow what comes after", () => {
    const buffers = new LentBuffers();
    const splitter = new FrameSplitter(buffers);
    const frames: Frame[] = [];
    splitter.close();
    assert.equal(splitter.push(HELLO, frames, collect), HELLO.length);
    assert.equal(splitter.push(HELLO.subarray(0, 3), frames, collect), 3);
    assert.deepEqual(frames, []);
    assert.deepEqual(buffers.sizes, []);
  });

  test("ends a push from within the sink", () => {
    for (const cut of [0, 3, 18]) {
      const buffers = new LentBuffers();
      const splitter = new FrameSplitter(buffers);
      let frames = 0;
      const closing: FrameSink<FrameSplitter> = {
        frame(target) {
          frames++;
          target.close();
          return true;
        },
      };
      const chunk = concatFrames([HELLO, HELLO, HELLO.subarray(0, 7)]);
      splitter.push(chunk.subarray(0, cut), splitter, closing);
      assert.equal(splitter.push(chunk.subarray(cut), splitter, closing), chunk.length - cut);
      assert.equal(frames, 1);
      assert.equal(buffers.lent.size, 0);
    }
  });
});

test("FrameSplitter takes the largest upstream frame by default", () => {
  const frames: Frame[] = [];
  const largest = encodeFrame(4, 1, new Uint8Array(Limits.upstreamBodyBytesMax));
  assert.equal(largest.length, Limits.upstreamFrameBytesMax);
  new FrameSplitter(new LentBuffers()).push(largest, frames, collect);
  assert.equal(frames.length, 1);
});
