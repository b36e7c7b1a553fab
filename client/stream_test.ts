import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import fc from "fast-check";
import { seededPrng } from "../base/prng.ts";
import { EMPTY, encodeFrame } from "../protocol/frame.ts";
import { encodeJsonFrame } from "../protocol/json_frame.ts";
import { Limits } from "../protocol/limits.ts";
import { Operation } from "../protocol/operations.ts";
import { encodeRoomBatch } from "../protocol/room_batch.ts";
import { HttpFront, refuse } from "../protocol/http/front.ts";
import { acceptResponse, upgradeRoute } from "../protocol/websocket/upgrade.ts";
import { plainBuffers } from "../protocol/buffers.ts";
import { encodeClose, encodeControl, encodeMessage } from "../protocol/websocket/encoder.ts";
import { Opcode } from "../protocol/websocket/opcode.ts";
import { byteByByte, joined, randomSplit, utf8 } from "../tests/support/websocket_frames.ts";
import { decodePieces } from "../tests/support/websocket_decoding.ts";
import { encodeHeartbeat } from "./codec.ts";
import {
  clientMessage,
  ClientStream,
  ServerMessages,
  type StreamEvents,
  upgradeRequest,
} from "./stream.ts";

/** Messages as they came, each `opcode` and payload. */
class MessageRecorder {
  readonly messages: [opcode: number, payload: Buffer][] = [];

  message(target: MessageRecorder, opcode: number, payload: Uint8Array): void {
    assert.equal(target, this);
    this.messages.push([opcode, Buffer.from(payload)]);
  }
}

/** A frame of a server, written by hand from RFC 6455 section 5.2: whole, not masked. */
function serverFrame(opcode: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(10);
  header[0] = 0x80 | opcode;
  let headerBytes = 2;
  if (payload.length < 126) header[1] = payload.length;
  else if (payload.length < 65_536) {
    header[1] = 126;
    headerBytes = header.writeUInt16BE(payload.length, 2);
  } else {
    header[1] = 127;
    headerBytes = header.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  return Buffer.concat([header.subarray(0, headerBytes), payload]);
}

/** Bytes that differ from place to place. */
function payloadOf(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, at) => (at * 7 + length) & 0xff));
}

/** The messages in bytes that come in chunks which are gone after each push. */
function messagesOf(chunks: readonly Uint8Array[]): MessageRecorder["messages"] {
  const messages = new ServerMessages();
  const recorder = new MessageRecorder();
  for (const chunk of chunks) {
    const lent = new Uint8Array(chunk);
    messages.push(lent, recorder, recorder);
    lent.fill(0xff);
  }
  return recorder.messages;
}

/** Bytes cut at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % bytes.length))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

describe("ServerMessages.push()", () => {
  for (const length of [0, 1, 125, 126, 65_535, 65_536]) {
    it(`takes a message of ${length} bytes, in one piece and in two`, () => {
      const payload = payloadOf(length);
      const frame = serverFrame(2, payload);
      assert.deepEqual(messagesOf([frame]), [[2, payload]]);
      const places = [1, 2, 3, 4, 9, 10, 11, length >> 1, frame.length - 1];
      for (const at of places.filter((place) => place > 0 && place < frame.length)) {
        const pieces = [frame.subarray(0, at), frame.subarray(at)];
        assert.deepEqual(messagesOf(pieces), [[2, payload]], `cut at ${at}`);
      }
    });
  }

  it("takes messages whose bytes come one by one", () => {
    const wanted: [number, Buffer][] = [[2, payloadOf(3)], [9, payloadOf(0)], [2, payloadOf(200)]];
    const bytes = Buffer.concat(wanted.map(([opcode, payload]) => serverFrame(opcode, payload)));
    assert.deepEqual(messagesOf(Array.from(bytes, (byte) => Buffer.from([byte]))), wanted);
  });

  it("hands over every message, whole and in order, wherever the stream is cut", () => {
    const lengths = fc.oneof(fc.nat(20), fc.constantFrom(0, 125, 126, 127, 300, 65_535, 65_536));
    const message = fc.tuple(fc.constantFrom(1, 2, 8, 9, 10), lengths);
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(200_000), { maxLength: 12 }),
        (messages, places) => {
          const wanted = messages.map(([opcode, length]): [number, Buffer] => [
            opcode,
            payloadOf(length),
          ]);
          const bytes = Buffer.concat(wanted.map((one) => serverFrame(...one)));
          assert.deepEqual(messagesOf(cut(bytes, places)), wanted);
        },
      ),
      { seed: 32, numRuns: 100 },
    );
  });

  it("hands over nothing of a message whose last byte has not come", () => {
    for (const length of [0, 126, 65_536]) {
      assert.deepEqual(messagesOf([serverFrame(2, payloadOf(length)).subarray(0, -1)]), []);
    }
  });

  it("refuses a masked message", () => {
    assert.throws(() => messagesOf([clientMessage(payloadOf(5))]), /broke RFC 6455/);
    assert.throws(() => messagesOf([clientMessage(payloadOf(500))]), /broke RFC 6455/);
  });

  it("refuses reserved bits", () => {
    const frame = serverFrame(2, payloadOf(5));
    frame[0] |= 0x40;
    assert.throws(() => messagesOf([frame]), /broke RFC 6455/);
  });

  it("refuses a fragment", () => {
    const frame = serverFrame(2, payloadOf(5));
    frame[0] &= 0x7f;
    assert.throws(() => messagesOf([frame]), /broke RFC 6455/);
  });

  it("refuses a message over 16 MiB as soon as its length is there", () => {
    const bytesMax = 16 * 1024 * 1024;
    const header = Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    header.writeBigUInt64BE(BigInt(bytesMax), 2);
    assert.deepEqual(messagesOf([header]), []);
    header.writeBigUInt64BE(BigInt(bytesMax) + 1n, 2);
    assert.throws(() => messagesOf([header]), /a message of 16777217 bytes/);
    header.fill(0xff, 2);
    assert.throws(() => messagesOf([header]), /a message of \d+ bytes/);
  });

  it("hands over what came before the message that it refuses", () => {
    const messages = new ServerMessages();
    const recorder = new MessageRecorder();
    const bytes = Buffer.concat([serverFrame(2, payloadOf(4)), clientMessage(payloadOf(1))]);
    assert.throws(() => messages.push(new Uint8Array(bytes), recorder, recorder));
    assert.deepEqual(recorder.messages, [[2, payloadOf(4)]]);
  });
});

describe("clientMessage()", () => {
  it("writes a masked binary message whose mask is zero", () => {
    for (const length of [0, 125, 126, 4_112]) {
      const payload = payloadOf(length);
      const bytes = Buffer.from(clientMessage(payload));
      const header = length < 126
        ? [0x82, 0x80 | length]
        : [0x82, 0x80 | 126, length >> 8, length & 0xff];
      assert.deepEqual([...bytes], [...header, 0, 0, 0, 0, ...payload]);
    }
  });
});

describe("upgradeRequest()", () => {
  it("is taken by the server's parser, and ends with itself", () => {
    const bytes = upgradeRequest("[::1]:3102");
    const front = new HttpFront(plainBuffers, [upgradeRoute]);
    assert.equal(front.push(bytes.slice())?.status, 101);
    assert.equal(front.consumedBytes, bytes.length);
  });
});

/** Notes down, a line each, what a stream tells. */
class Recorder implements StreamEvents<string> {
  readonly lines: string[] = [];
  readonly written: Uint8Array[] = [];

  opened(target: string): void {
    this.lines.push(`${target} opened`);
  }

  frame(
    _target: string,
    { operation, sequence, body }: Parameters<StreamEvents<string>["frame"]>[1],
    room: string,
  ) {
    const where = room === "" ? "" : ` in ${room}`;
    this.lines.push(`${operation}:${sequence}:${Buffer.from(body).toString("hex")}${where}`);
  }

  write(_target: string, bytes: Uint8Array): void {
    this.written.push(bytes);
  }

  turnedAway(target: string, retryMs: number): void {
    this.lines.push(`${target} was turned away for ${retryMs}`);
  }

  closing(target: string): void {
    this.lines.push(`${target} closing`);
  }
}

/** What a stream tells of bytes that are gone after each push. */
function told(isWebSocket: boolean, chunks: readonly Uint8Array[]): Recorder {
  const recorder = new Recorder();
  const stream = new ClientStream("it", isWebSocket, recorder);
  stream.begin("localhost:3102");
  for (const chunk of chunks) {
    const lent = chunk.slice();
    stream.push(lent);
    lent.fill(0xff);
  }
  return recorder;
}

const accepted = acceptResponse("dGhlIHNhbXBsZSBub25jZQ==");
const frames = [
  encodeFrame(8, 1, EMPTY),
  encodeFrame(Operation.HeartbeatReply, 3, Uint8Array.of(0, 0, 0, 7)),
  encodeFrame(1000, 0, utf8("a push")),
  encodeFrame(1000, 0, EMPTY),
];
const LINES = ["8:1:", "3:3:00000007", "1000:0:612070757368", "1000:0:"];

describe("ClientStream", () => {
  it("tells the frames of a TCP server, wherever the stream is cut", () => {
    const bytes = joined(...frames);
    assert.deepEqual(told(false, [bytes]).lines, ["it opened", ...LINES]);
    assert.deepEqual(told(false, byteByByte(bytes)).lines, ["it opened", ...LINES]);
  });

  it("sends over TCP what it is given, as it is", () => {
    const recorder = new Recorder();
    const stream = new ClientStream("it", false, recorder);
    stream.begin("");
    stream.send(encodeHeartbeat(5));
    assert.deepEqual(recorder.written, [encodeHeartbeat(5)]);
  });

  it("tells the frames of a WebSocket server, those of batches one by one, wherever it is cut", () => {
    const [auth, heartbeat, ...pushes] = frames;
    const bytes = joined(
      accepted,
      encodeMessage(false, auth),
      encodeMessage(true, utf8('{"ver":1,"op":3,"seq":3,"body":7}')),
      encodeMessage(false, encodeFrame(Operation.Raw, 0, joined(...pushes))),
      encodeMessage(false, heartbeat),
      encodeClose({ code: 1001, reason: "" }),
    );
    const lines = ["it opened", ...LINES, LINES[1], "it closing"];
    const prng = seededPrng(41);
    const cuts = Array.from({ length: 50 }, () => randomSplit(prng, bytes));
    for (const pieces of [[bytes], byteByByte(bytes), ...cuts]) {
      assert.deepEqual(told(true, pieces).lines, lines);
    }
  });

  it("tells which further room a push is for, in every form, up to the largest", () => {
    const room = "live://2";
    const batch = encodeRoomBatch({ room, frames: joined(frames[2], frames[3]) });
    const binary = encodeFrame(Operation.RoomBatch, 0, batch);
    const text = ["a push", ""].map((body) =>
      encodeMessage(true, utf8(encodeJsonFrame(1000, 0, utf8(body), room)))
    );
    const lines = ["it opened", ...LINES.slice(2).map((line) => `${line} in ${room}`), LINES[0]];
    const tcp = joined(binary, frames[0]);
    for (const pieces of [[tcp], byteByByte(tcp)]) {
      assert.deepEqual(told(false, pieces).lines, lines);
    }
    for (const pushes of [[encodeMessage(false, binary)], text]) {
      const pieces = [accepted, ...pushes, encodeMessage(false, frames[0])];
      assert.deepEqual(told(true, pieces).lines, lines);
    }
    const largest = encodeRoomBatch({
      room: "音".repeat(Limits.roomKeyCharsMax),
      frames: encodeFrame(1000, 0, new Uint8Array(Limits.pushBodyBytesMax)),
    });
    const [, line] = told(false, [encodeFrame(Operation.RoomBatch, 0, largest)]).lines;
    assert.match(line, /^1000:0:(00){65472} in 音{256}$/);
  });

  it("asks for WebSocket first, masks its frames and answers pings", () => {
    const { written } = told(true, [accepted, encodeControl(Opcode.ping, utf8("p"))]);
    assert.deepEqual(written[0], upgradeRequest("localhost:3102"));
    assert.deepEqual(decodePieces(written.slice(1)).events, ["pong 70"]);
    const recorder = new Recorder();
    const stream = new ClientStream("it", true, recorder);
    stream.send(encodeHeartbeat(5));
    const hex = Buffer.from(encodeHeartbeat(5)).toString("hex");
    assert.deepEqual(decodePieces(recorder.written).events, [`binary ${hex}`]);
  });

  it("refuses a refusal, and an answer without an end", () => {
    const refused = refuse(404, "not here").response;
    assert.throws(() => told(true, [refused]), /the server refused the upgrade/);
    for (const [field, retryMs] of [["", 0], ["Retry-After: 7\r\n", 7_000]] as const) {
      const recorder = new Recorder();
      const stream = new ClientStream("it", true, recorder);
      const busy = refuse(503, "busy", field).response;
      assert.throws(() => stream.push(busy), /the server refused the upgrade/);
      assert.deepEqual(recorder.lines, [`it was turned away for ${retryMs}`]);
    }
    const endless = Array.from({ length: 9 }, () => new Uint8Array(1024).fill(65));
    assert.throws(() => told(true, endless), /the upgrade has no end/);
  });
});
