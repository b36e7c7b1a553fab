import assert from "node:assert/strict";
import { test } from "node:test";
import { type Prng, randomBelow, seededPrng } from "../base/prng.ts";
import { parseAuthToken } from "./auth_token.ts";
import {
  concatFrames,
  decodeFrame,
  EMPTY,
  encodeFrame,
  type FrameSink,
  newFrame,
} from "./frame.ts";
import { decodeJsonFrame } from "./json_frame.ts";
import { parseOperations } from "./operation_list.ts";
import { ProtocolError } from "./close_codes.ts";
import { FrameSplitter } from "./splitter.ts";
import { LentBuffers, utf8 } from "../tests/support/protocol.ts";

const SEED = 20_267;
const INPUTS_PER_DECODER = 20_000;

/** Bytes that mean something to a decoder, so that mutations hit more than noise would. */
const PIECES: readonly Uint8Array[] = [
  ...["{", "}", "[", "]", '"', ",", ":", "\\", "\\u", "\\ud800", "null", "1e400", "-", "0", " "],
  ...["9223372036854775808", '"mid":', '"op":', '"body":', '"a":{}', "\u0000", "ä", "😀", "://"],
].map(utf8).concat([
  Uint8Array.of(0xff),
  Uint8Array.of(0xed, 0xa0, 0x80),
  Uint8Array.of(0, 0, 0, 16, 0, 16),
  Uint8Array.of(0x7f, 0xff, 0xff, 0xff),
  Uint8Array.of(0x80, 0, 0, 0),
]);

function randomBytes(prng: Prng): Uint8Array {
  return Uint8Array.from({ length: randomBelow(prng, 80) }, () => randomBelow(prng, 256));
}

/** Replaces a short range of the bytes by nothing, a piece, a byte or another range of them. */
function mutate(bytes: Uint8Array, prng: Prng): Uint8Array {
  const at = () => randomBelow(prng, bytes.length + 1);
  const start = at();
  const end = Math.min(bytes.length, start + randomBelow(prng, 4));
  let insert: Uint8Array = EMPTY;
  switch (randomBelow(prng, 4)) {
    case 0:
      insert = PIECES[randomBelow(prng, PIECES.length)];
      break;
    case 1:
      insert = Uint8Array.of(randomBelow(prng, 256));
      break;
    case 2: {
      const from = at();
      insert = bytes.slice(from, from + randomBelow(prng, 20));
    }
  }
  return concatFrames([bytes.subarray(0, start), insert, bytes.subarray(end)]);
}

/** One input in eight is noise, one is valid as it is, the others are valid ones changed a little. */
function inputFrom(valid: readonly Uint8Array[], prng: Prng): Uint8Array {
  const kind = randomBelow(prng, 8);
  if (kind === 0) return randomBytes(prng);
  let bytes = valid[randomBelow(prng, valid.length)];
  const mutations = kind === 1 ? 0 : 1 + randomBelow(prng, 4);
  for (let count = 0; count < mutations; count++) bytes = mutate(bytes, prng);
  return bytes;
}

/** Feeds a decoder and checks that it takes some inputs and refuses the others by its own error. */
function fuzz(
  seed: number,
  valid: readonly Uint8Array[],
  decode: (input: Uint8Array, prng: Prng) => void,
): void {
  const prng = seededPrng(seed);
  let taken = 0;
  for (let index = 0; index < INPUTS_PER_DECODER; index++) {
    const input = inputFrom(valid, prng);
    try {
      decode(input, prng);
      taken++;
    } catch (error) {
      if (error instanceof ProtocolError) continue;
      const message = `Seed ${seed}, input ${index}, ${input.toHex()}: ${error}`;
      throw new Error(message, { cause: error });
    }
  }
  const refused = INPUTS_PER_DECODER - taken;
  const few = INPUTS_PER_DECODER / 20;
  assert.ok(taken > few && refused > few, `Seed ${seed}: ${taken} taken, ${refused} refused`);
}

const TOKENS = [
  '{"mid":123,"key":"","room_id":"live://1000","platform":"web","accepts":[1000,1001,1002]}',
  '{"accepts":[],"mid":"-9223372036854775808","key":"k\\u00e4","extra":{"mid":[1,{"x":"}"}]}}',
];
const FRAMES = [
  encodeFrame(7, 1, utf8(TOKENS[0])),
  encodeFrame(2, 2, EMPTY),
  encodeFrame(14, 3, utf8("1000,1001")),
  encodeFrame(4, 4, new Uint8Array(300)),
];

test("FrameSplitter.push() throws nothing but ProtocolError and leaks no buffer (fuzz)", () => {
  const valid = [FRAMES[0], concatFrames(FRAMES), concatFrames([FRAMES[1], FRAMES[1], FRAMES[2]])];
  const sink: FrameSink<Prng> = { frame: (prng) => randomBelow(prng, 4) > 0 };
  fuzz(SEED, valid, (input, prng) => {
    const buffers = new LentBuffers();
    const splitter = new FrameSplitter(buffers);
    try {
      for (let offset = 0; offset < input.length;) {
        const end = offset + 1 + randomBelow(prng, 60);
        offset += splitter.push(input.subarray(offset, end), prng, sink);
      }
      assert.equal(buffers.lent.size, splitter.buffered > 0 ? 1 : 0);
    } finally {
      splitter.close();
      assert.equal(buffers.lent.size, 0);
    }
  });
});

test("decodeFrame() throws nothing but ProtocolError (fuzz)", () => {
  const frame = newFrame();
  fuzz(SEED + 1, FRAMES, (input) => decodeFrame(input, frame));
});

test("decodeJsonFrame() throws nothing but ProtocolError (fuzz)", () => {
  const frame = newFrame();
  const valid = [
    `{"ver":1,"op":7,"seq":1,"body":${TOKENS[0]}}`,
    `{"body": [ 1, "\\"]", {"a" : -1.5e3} ] ,"op":4}`,
    '{"op":14,"seq":3,"body":"1000,1001"}',
  ].map(utf8);
  const decoder = new TextDecoder();
  fuzz(SEED + 2, valid, (input) => decodeJsonFrame(decoder.decode(input), frame));
});

test("parseAuthToken() throws nothing but ProtocolError (fuzz)", () => {
  fuzz(SEED + 3, TOKENS.map(utf8), (input) => void parseAuthToken(input));
});

test("parseOperations() throws nothing but ProtocolError (fuzz)", () => {
  const valid = ["1000,1001", " 1 , -2147483648 ,+7", "1000"].map(utf8);
  fuzz(SEED + 4, valid, (input) => void parseOperations(input));
});
