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
import { fuzzInput } from "../tests/support/fuzz_inputs.ts";
import { LentBuffers, utf8 } from "../tests/support/protocol.ts";

const SEED = 20_267;
const INPUTS_PER_DECODER = 20_000;

/** Feeds a decoder and checks that it takes some inputs and refuses the others by its own error. */
function fuzz(
  seed: number,
  valid: readonly Uint8Array[],
  decode: (input: Uint8Array, prng: Prng) => void,
): void {
  const prng = seededPrng(seed);
  let taken = 0;
  for (let index = 0; index < INPUTS_PER_DECODER; index++) {
    const input = fuzzInput(valid, prng);
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
