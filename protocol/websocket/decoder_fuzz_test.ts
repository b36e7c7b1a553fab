import assert from "node:assert/strict";
import { test } from "node:test";

import { type Prng, randomBelow, seededPrng } from "../../base/prng.ts";
import { type Decoded, decodePieces } from "../../tests/support/websocket_decoding.ts";
import {
  clientFrame,
  hex,
  joined,
  randomBytes,
  randomSplit,
} from "../../tests/support/websocket_frames.ts";
import { Opcode } from "./opcode.ts";

const SEED = 20110612;
const MESSAGE_BYTES_MAX = 400;
const options = { timeout: 60_000 };

function randomKey(prng: Prng): number[] {
  return [...randomBytes(prng, 4)];
}

/** Mostly short, at times around the borders of the length encodings. */
function randomLength(prng: Prng): number {
  const lengths = [0, 1, 124, 125, 126, 127, randomBelow(prng, 20), randomBelow(prng, 400)];
  return lengths[randomBelow(prng, lengths.length)];
}

/** A stream of random messages in random fragments with control frames between, and its events. */
function randomStream(prng: Prng): { input: Uint8Array; events: string[] } {
  const frames: Uint8Array[] = [];
  const events: string[] = [];
  const control = () => {
    const isPing = randomBelow(prng, 2) === 0;
    const payload = randomBytes(prng, Math.min(125, randomLength(prng)));
    const opcode = isPing ? Opcode.ping : Opcode.pong;
    frames.push(clientFrame(opcode, payload, { key: randomKey(prng) }));
    events.push(`${isPing ? "ping" : "pong"} ${hex(payload)}`);
  };
  for (let count = randomBelow(prng, 5); count >= 0; count--) {
    const isText = randomBelow(prng, 2) === 0;
    const payload = randomBytes(prng, randomLength(prng)).map((byte) => isText ? byte & 127 : byte);
    let opcode: number = isText ? Opcode.text : Opcode.binary;
    for (let at = 0, isFinal = false; !isFinal; opcode = Opcode.continuation) {
      if (randomBelow(prng, 4) === 0) control();
      isFinal = randomBelow(prng, 3) === 0;
      const end = isFinal ? payload.length : at + randomBelow(prng, payload.length - at + 1);
      const frame = clientFrame(opcode, payload.subarray(at, end), {
        isFinal,
        key: randomKey(prng),
      });
      frames.push(frame);
      at = end;
    }
    events.push(`${isText ? "text" : "binary"} ${hex(payload)}`);
  }
  return { input: joined(...frames), events };
}

/** The start of a stream with bytes changed, cut out or put in, or nothing but random bytes. */
function randomDamage(prng: Prng): Uint8Array {
  if (randomBelow(prng, 4) === 0) return randomBytes(prng, randomBelow(prng, 40));
  const input = randomStream(prng).input.slice(0, 20 + randomBelow(prng, 180));
  const at = randomBelow(prng, Math.min(input.length, 30));
  switch (randomBelow(prng, 4)) {
    case 0:
      input[at] ^= 1 << randomBelow(prng, 8);
      return input;
    case 1:
      input[at] = randomBelow(prng, 256);
      return input;
    case 2:
      return joined(input.subarray(0, at), input.subarray(at + 1 + randomBelow(prng, 4)));
    default:
      return joined(
        input.subarray(0, at),
        randomBytes(prng, 1 + randomBelow(prng, 4)),
        input.subarray(at),
      );
  }
}

test(
  "WebSocketDecoder.push() gives back any messages, however fragmented, masked and split",
  options,
  () => {
    const prng = seededPrng(SEED);
    for (let round = 0; round < 5000; round++) {
      const { input, events } = randomStream(prng);
      const pieces = randomSplit(prng, input);
      const expected: Decoded = { events, error: undefined };
      assert.deepEqual(decodePieces(pieces, MESSAGE_BYTES_MAX), expected, `round ${round}`);
    }
  },
);

test(
  "WebSocketDecoder.push() throws nothing but ProtocolError, the same at every split",
  options,
  () => {
    const prng = seededPrng(SEED + 1);
    let refused = 0;
    for (let round = 0; round < 50_000; round++) {
      const input = randomDamage(prng);
      const whole = decodePieces([input], MESSAGE_BYTES_MAX);
      const split = decodePieces(randomSplit(prng, input), MESSAGE_BYTES_MAX);
      assert.deepEqual(split, whole, `round ${round}: ${hex(input)}`);
      if (whole.error !== undefined) refused++;
    }
    // Both sides of every rule must have been met for the rounds to mean anything.
    assert.ok(refused > 10_000 && refused < 45_000, `${refused} refused`);
  },
);
