import { type Prng, randomBelow } from "../../base/prng.ts";
import { concatFrames, EMPTY } from "../../protocol/frame.ts";
import { utf8 } from "./protocol.ts";

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
export function fuzzInput(valid: readonly Uint8Array[], prng: Prng): Uint8Array {
  const kind = randomBelow(prng, 8);
  if (kind === 0) return randomBytes(prng);
  let bytes = valid[randomBelow(prng, valid.length)];
  const mutations = kind === 1 ? 0 : 1 + randomBelow(prng, 4);
  for (let count = 0; count < mutations; count++) bytes = mutate(bytes, prng);
  return bytes;
}
