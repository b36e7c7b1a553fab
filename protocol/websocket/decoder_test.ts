import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { CountedBuffers, Recorder } from "../../tests/support/websocket_decoding.ts";
import { byteByByte, clientFrame, joined } from "../../tests/support/websocket_frames.ts";
import { plainBuffers } from "../buffers.ts";
import { ProtocolError } from "../close_codes.ts";
import { type MessageSink, WebSocketDecoder } from "./decoder.ts";
import { Opcode } from "./opcode.ts";

const { continuation, text, binary, ping } = Opcode;

const part = { isFinal: false };
const bytes = (...values: number[]) => new Uint8Array(values);
const filled = (length: number) => new Uint8Array(length).fill(0x61);

/** A sink that takes messages as told. */
function sinkOf(message: (payload: Uint8Array) => boolean): MessageSink<null> {
  const ignore = () => {};
  return {
    frame: () => true,
    message: (_target, _isText, payload) => message(payload),
    ping: ignore,
    pong: ignore,
    close: ignore,
  };
}

describe("WebSocketDecoder.push()", () => {
  test("stops after a message when told so, and takes the rest later", () => {
    const one = clientFrame(binary, bytes(1));
    const input = joined(one, clientFrame(binary, bytes(2)), clientFrame(binary, bytes(3)));
    const seen: number[] = [];
    const sink = sinkOf((payload) => {
      seen.push(payload[0]);
      return false;
    });
    const decoder = new WebSocketDecoder(plainBuffers);
    assert.equal(decoder.push(input.slice(0, 3), null, sink), 3);
    assert.equal(decoder.push(input.slice(3), null, sink), one.length - 3);
    assert.equal(decoder.push(input.slice(one.length), null, sink), one.length);
    assert.deepEqual(seen, [1, 2]);
    assert.equal(decoder.push(input.slice(2 * one.length), null, sink), one.length);
    assert.deepEqual(seen, [1, 2, 3]);
  });

  test("stops when the sink closes the decoder, whatever the sink returns", () => {
    for (const goOn of [true, false]) {
      const buffers = new CountedBuffers();
      const decoder = new WebSocketDecoder(buffers);
      let messages = 0;
      const sink = sinkOf(() => {
        messages++;
        decoder.close();
        return goOn;
      });
      const frames = joined(
        clientFrame(binary, bytes(1), part),
        clientFrame(continuation, bytes(2)),
        clientFrame(binary, bytes(3)),
      );
      const first = frames.slice(0, 10);
      assert.equal(decoder.push(first, null, sink), first.length);
      assert.equal(decoder.push(frames.slice(10), null, sink), frames.length - 10);
      assert.equal(messages, 1);
      assert.equal(buffers.lentBytes, 0);
      assert.equal(decoder.push(clientFrame(binary), null, sink), 6);
      assert.equal(messages, 1);
    }
  });

  test("closes the decoder and returns what is borrowed when the sink throws", () => {
    const frame = clientFrame(binary, filled(20));
    const pieces = [[frame], [frame.slice(0, 7), frame.slice(7)]];
    const fragments = [clientFrame(binary, filled(3), part), clientFrame(continuation, filled(3))];
    for (const chunks of [...pieces, fragments, byteByByte(joined(...fragments))]) {
      const buffers = new CountedBuffers();
      const decoder = new WebSocketDecoder(buffers);
      const failing = sinkOf(() => {
        throw new Error("sink fails");
      });
      assert.throws(() => {
        for (const chunk of chunks) decoder.push(chunk.slice(), null, failing);
      }, /sink fails/);
      assert.equal(buffers.lentBytes, 0);
      const recorder = new Recorder();
      decoder.push(clientFrame(binary), "target", recorder);
      assert.deepEqual(recorder.events, []);
    }
  });

  test("says in the error what was wrong", () => {
    const decoder = new WebSocketDecoder(plainBuffers, 100);
    assert.throws(
      () => decoder.push(clientFrame(binary, filled(101)), "target", new Recorder()),
      (error: ProtocolError) => {
        assert.ok(error instanceof ProtocolError);
        assert.equal(error.close.code, 1009);
        assert.equal(
          error.message,
          "Cannot decode WebSocket frame: length must be at most the 100 bytes left to the " +
            "message, current value is 101",
        );
        return true;
      },
    );
  });
});

describe("WebSocketDecoder holds", () => {
  test("nothing for frames that come whole", () => {
    const buffers = new CountedBuffers();
    const decoder = new WebSocketDecoder(buffers);
    const recorder = new Recorder();
    decoder.push(clientFrame(binary, filled(16384)), "target", recorder);
    decoder.push(joined(clientFrame(text), clientFrame(ping)), "target", recorder);
    assert.equal(recorder.events.length, 3);
    assert.equal(buffers.acquired, 0);
  });

  test("nothing between messages, however they came", () => {
    const buffers = new CountedBuffers();
    const decoder = new WebSocketDecoder(buffers);
    const recorder = new Recorder();
    const message = joined(clientFrame(text, filled(300), part), clientFrame(continuation));
    for (const chunk of byteByByte(message)) decoder.push(chunk, "target", recorder);
    assert.equal(recorder.events.length, 1);
    assert.equal(buffers.lentBytes, 0);
  });

  test("no memory for a length that is only promised", () => {
    const buffers = new CountedBuffers();
    const decoder = new WebSocketDecoder(buffers);
    const header = clientFrame(binary, bytes(), { declaredBytes: 16384 });
    decoder.push(header, "target", new Recorder());
    assert.ok(buffers.lentBytes <= 256, `${buffers.lentBytes} bytes are lent`);
    decoder.push(filled(1000), "target", new Recorder());
    assert.ok(buffers.lentBytes <= 2048, `${buffers.lentBytes} bytes are lent`);
    decoder.close();
    assert.equal(buffers.lentBytes, 0);
  });

  test("no memory for endless empty fragments", () => {
    const buffers = new CountedBuffers();
    const decoder = new WebSocketDecoder(buffers);
    const recorder = new Recorder();
    decoder.push(clientFrame(binary, bytes(), part), "target", recorder);
    for (let count = 0; count < 100_000; count++) {
      decoder.push(clientFrame(continuation, bytes(), part), "target", recorder);
    }
    assert.equal(buffers.acquired, 0);
    decoder.push(clientFrame(continuation, bytes(7)), "target", recorder);
    assert.deepEqual(recorder.events, ["binary 07"]);
  });
});
