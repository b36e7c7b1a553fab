import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";

import { type Prng, randomBelow, seededPrng } from "../base/prng.ts";
import { Opcode } from "../protocol/websocket/opcode.ts";
import { type Decoded, decodePieces } from "./support/websocket_decoding.ts";
import { clientFrame, hex, joined, randomBytes } from "./support/websocket_frames.ts";
import { wsPackage } from "./support/ws_package.ts";

const SEED = 13;
const ROUNDS = 20_000;
const MESSAGE_BYTES_MAX = 300;

/** Close code that an error of the `ws` package carries under a symbol. */
function closeCodeOf(error: object): number {
  const symbol = Object.getOwnPropertySymbols(error)
    .find((one) => one.description === "status-code");
  assert.ok(symbol !== undefined, `${error} has a status code`);
  return (error as Record<symbol, number>)[symbol];
}

/** What the `ws` package makes of a stream. */
function decodeByWs(input: Uint8Array): Promise<Decoded> {
  const receiver = new wsPackage.Receiver({ isServer: true, maxPayload: MESSAGE_BYTES_MAX });
  const events: string[] = [];
  receiver.on("message", (data, isBinary) => {
    events.push(`${isBinary ? "binary" : "text"} ${hex(data)}`);
  });
  receiver.on("ping", (data) => void events.push(`ping ${hex(data)}`));
  receiver.on("pong", (data) => void events.push(`pong ${hex(data)}`));
  receiver.on("conclude", (code, reason) => {
    events.push(`close ${code} ${new TextDecoder().decode(reason)}`);
  });
  return new Promise((resolve) => {
    receiver.on("error", (error: Error) => resolve({ events, error: closeCodeOf(error) }));
    receiver.on("finish", () => resolve({ events, error: undefined }));
    receiver.write(input);
    receiver.end();
  });
}

function oneOf<T>(prng: Prng, values: readonly T[]): T {
  return values[randomBelow(prng, values.length)];
}

/** Text and near-text: borders of UTF-8, whole and broken. */
const texts = ["61", "e282ac", "e282", "c0af", "eda080", "f48fbfbf", "f4908080", "efbbbf61", "80"];

function randomPayload(prng: Prng, opcode: number): Uint8Array {
  if (opcode === Opcode.close) {
    const code = oneOf(prng, [999, 1000, 1004, 1005, 1011, 1014, 1015, 2999, 3000, 4999, 5000]);
    const length = oneOf(prng, [0, 1, 2, 5, 125, 126]);
    const reason = new Uint8Array(200).fill(oneOf(prng, [0x61, 0x61, 0xff]));
    return joined(new Uint8Array([code >> 8, code]), reason).slice(0, length);
  }
  if (opcode === Opcode.text) {
    return joined(...Array.from(
      { length: randomBelow(prng, 4) },
      () => new Uint8Array(Buffer.from(oneOf(prng, texts), "hex")),
    ));
  }
  return randomBytes(prng, oneOf(prng, [0, 1, 5, 124, 125, 126, 127, 299, 300, 301]));
}

/** Frames as clients send them, right and wrong, and at times cut at the end. */
function randomInput(prng: Prng): Uint8Array {
  const frames: Uint8Array[] = [];
  for (let count = randomBelow(prng, 6); count >= 0; count--) {
    const isOdd = randomBelow(prng, 12) === 0;
    const opcode = isOdd ? randomBelow(prng, 16) : oneOf(prng, [0, 0, 0, 1, 1, 2, 2, 8, 9, 10]);
    frames.push(clientFrame(opcode, randomPayload(prng, opcode), {
      isFinal: opcode >= 8 ? !isOdd : randomBelow(prng, 2) === 0,
      reserved: randomBelow(prng, 40) === 0 ? randomBelow(prng, 8) : 0,
      key: randomBelow(prng, 40) === 0 ? null : [...randomBytes(prng, 4)],
    }));
  }
  const input = joined(...frames);
  return randomBelow(prng, 4) === 0 ? input.slice(0, randomBelow(prng, input.length + 1)) : input;
}

// Lengths are always encoded in the fewest bytes: the package does not insist on that, RFC 6455 does.
test("WebSocketDecoder and the ws package's Receiver see the same events and errors", {
  timeout: 60_000,
}, async () => {
  const prng = seededPrng(SEED);
  const errors = new Map<number | undefined, number>();
  for (let round = 0; round < ROUNDS; round++) {
    const input = randomInput(prng);
    const expected = await decodeByWs(input.slice());
    const actual = decodePieces([input], MESSAGE_BYTES_MAX);
    assert.deepEqual(actual, expected, `round ${round}: ${hex(input)}`);
    errors.set(actual.error, (errors.get(actual.error) ?? 0) + 1);
  }
  for (const error of [undefined, 1002, 1007, 1009]) {
    assert.ok((errors.get(error) ?? 0) > 300, `error ${error} was met ${errors.get(error)} times`);
  }
});
