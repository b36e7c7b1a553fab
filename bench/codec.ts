import { clientMessage } from "../client/stream.ts";
import { BufferPool } from "../comet/buffer_pool.ts";
import { parseAuthToken } from "../protocol/auth_token.ts";
import {
  concatFrames,
  decodeFrame,
  encodeFrame,
  type FrameSink,
  newFrame,
} from "../protocol/frame.ts";
import { decodeJsonFrame, encodeJsonFrame } from "../protocol/json_frame.ts";
import { FrameSplitter } from "../protocol/splitter.ts";
import { type MessageSink, WebSocketDecoder } from "../protocol/websocket/decoder.ts";
import { encodeMessage } from "../protocol/websocket/encoder.ts";
import { Opcode } from "../protocol/websocket/opcode.ts";
import { best, type Cost, printCosts, scaled } from "./measure.ts";

const OPERATIONS = 1_000_000;
const ROUNDS = 5;
const OPERATION = 1000;
/** Frames or messages in one chunk of a stream, about what one read brings. */
const PER_CHUNK = 256;

const encoder = new TextEncoder();
const body = encoder.encode(JSON.stringify({ text: "x".repeat(89) }));
const frame = encodeFrame(OPERATION, 1, body);

/** What a sink has seen; a target must be something. */
interface Seen {
  bytes: number;
}

const frameSink: FrameSink<Seen> = {
  frame(seen, { body }) {
    seen.bytes += body.length;
    return true;
  },
};

const messageSink: MessageSink<Seen> = {
  frame: () => true,
  message(seen, _isText, payload) {
    seen.bytes += payload.length;
    return true;
  },
  ping() {},
  pong() {},
  close() {},
};

/** A stream of the same bytes again and again, in chunks. */
function chunksOf(bytes: Uint8Array, count: number, chunkBytes: number): Uint8Array[] {
  const stream = concatFrames(Array.from({ length: count }, () => bytes));
  const chunks: Uint8Array[] = [];
  for (let start = 0; start < stream.length; start += chunkBytes) {
    chunks.push(stream.slice(start, start + chunkBytes));
  }
  return chunks;
}

/** Costs of one operation at a time. */
function each(operations: number, operate: (index: number) => number): Cost {
  return best(ROUNDS, operations, () => {
    let sum = 0;
    for (let index = 0; index < operations; index++) sum += operate(index);
    return sum;
  });
}

/** Costs of what a decoder finds in a stream, for one of the frames or messages. */
function streamed(
  operations: number,
  bytes: Uint8Array,
  chunkBytes: number,
  push: (chunk: Uint8Array, seen: Seen) => void,
): Cost {
  const chunks = chunksOf(bytes, PER_CHUNK, chunkBytes);
  const times = Math.ceil(operations / PER_CHUNK);
  const seen: Seen = { bytes: 0 };
  return best(ROUNDS, times * PER_CHUNK, () => {
    for (let time = 0; time < times; time++) for (const chunk of chunks) push(chunk, seen);
    return seen.bytes;
  });
}

function copy(bytes: Uint8Array): number {
  const copied = new Uint8Array(bytes.length);
  copied.set(bytes);
  return copied[0];
}

function frames(operations: number): void {
  const decoded = newFrame();
  const splitter = new FrameSplitter(new BufferPool({ bytesMax: 1 << 20 }));
  const push = (chunk: Uint8Array, seen: Seen) => splitter.push(chunk, seen, frameSink);
  printCosts(`Frames with a body of ${body.length} bytes`, [
    ["copy the bytes", each(operations, () => copy(frame))],
    ["encode", each(operations, (index) => encodeFrame(OPERATION, index, body)[15])],
    [
      "decode",
      each(operations, () => {
        decodeFrame(frame, decoded);
        return decoded.sequence;
      }),
    ],
    ["split a stream", streamed(operations, frame, frame.length * PER_CHUNK, push)],
    ["split, each frame in two chunks", streamed(operations, frame, frame.length / 2, push)],
  ]);
}

function webSocket(operations: number): void {
  const binary = clientMessage(frame);
  const text = clientMessage(encoder.encode(encodeJsonFrame(OPERATION, 1, body)), Opcode.text);
  const large = clientMessage(encodeFrame(OPERATION, 1, new Uint8Array(4096)));
  const decoder = new WebSocketDecoder(new BufferPool({ bytesMax: 1 << 20 }));
  const push = (chunk: Uint8Array, seen: Seen) => decoder.push(chunk, seen, messageSink);
  const decode = (message: Uint8Array, chunkBytes: number, count = operations) =>
    streamed(count, message, chunkBytes, push);
  const half = Math.ceil(binary.length / 2);
  printCosts(`WebSocket messages of one frame with a body of ${body.length} bytes`, [
    ["copy the bytes", each(operations, () => copy(frame))],
    ["encode", each(operations, () => encodeMessage(false, frame)[0])],
    ["decode binary", decode(binary, binary.length * PER_CHUNK)],
    ["decode binary, each in two chunks", decode(binary, half)],
    ["decode text", decode(text, text.length * PER_CHUNK)],
    ["decode binary, 4096 bytes", decode(large, large.length * PER_CHUNK, operations / 10)],
  ]);
}

function json(operations: number): void {
  const decoded = newFrame();
  const text = encodeJsonFrame(OPERATION, 1, body);
  printCosts(`JSON frames with a body of ${body.length} bytes`, [
    ["JSON.parse alone", each(operations, () => JSON.parse(text).op)],
    [
      "decode",
      each(operations, () => {
        decodeJsonFrame(text, decoded);
        return decoded.body.length;
      }),
    ],
    ["encode", each(operations, (index) => encodeJsonFrame(OPERATION, index, body).length)],
  ]);
}

function authToken(operations: number): void {
  const text = '{"mid":9223372036854775807,"key":"","room_id":"live://1000","platform":"web",' +
    '"accepts":[1000,1001,1002]}';
  const token = encoder.encode(text);
  printCosts(`An auth token of ${token.length} bytes`, [
    ["JSON.parse alone", each(operations, () => JSON.parse(text).accepts.length)],
    ["parse", each(operations, () => parseAuthToken(token).accepts.length)],
  ]);
}

/**
 * Encoding and decoding of frames, WebSocket messages, JSON frames and auth tokens, each next to a
 * copy of its bytes or to `JSON.parse`.
 */
export function run(scale: number): void {
  const operations = scaled(OPERATIONS, scale, 10 * PER_CHUNK);
  frames(operations);
  webSocket(operations);
  json(Math.ceil(operations / 4));
  authToken(Math.ceil(operations / 4));
}
