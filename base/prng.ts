/** The only source of randomness and of ids. */
export interface Prng {
  /** The next 32 bits, as an unsigned integer. */
  nextUint32(): number;
}

/**
 * A reproducible generator (sfc32): the same seed gives the same numbers on every runtime.
 *
 * @param seed Any integer; its low 32 bits count.
 */
export function seededPrng(seed: number): Prng {
  let a = 0x9e3779b9, b = 0x243f6a88, c = seed >>> 0, counter = 1;
  const prng: Prng = {
    nextUint32() {
      const sum = (((a + b) >>> 0) + counter) >>> 0;
      counter = (counter + 1) >>> 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) >>> 0;
      c = (((c << 21) | (c >>> 11)) + sum) >>> 0;
      return sum;
    },
  };
  for (let warmUp = 0; warmUp < 12; warmUp++) prng.nextUint32();
  return prng;
}

/** The operating system's generator, drawn from in blocks. */
export function systemPrng(): Prng {
  const block = new Uint32Array(256);
  let next = block.length;
  return {
    nextUint32() {
      if (next === block.length) {
        crypto.getRandomValues(block);
        next = 0;
      }
      return block[next++];
    },
  };
}

/** A number in [0, 1). */
export function randomFloat(prng: Prng): number {
  return prng.nextUint32() / 0x1_0000_0000;
}

/**
 * An integer in [0, limit).
 *
 * @param limit Exclusive upper end, 1 to 2^32.
 */
export function randomBelow(prng: Prng, limit: number): number {
  return Math.floor(randomFloat(prng) * limit);
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** A version 4 UUID in its 36-character text form (RFC 9562). */
export function uuid(prng: Prng): string {
  let text = "";
  for (let word = 0; word < 4; word++) {
    let bits = prng.nextUint32();
    if (word === 1) bits = (bits & 0xffff0fff) | 0x4000;
    if (word === 2) bits = (bits & 0x3fffffff) | 0x80000000;
    if (word === 1 || word === 2) text += "-";
    text += HEX[(bits >>> 24) & 0xff] + HEX[(bits >>> 16) & 0xff];
    if (word === 1 || word === 2) text += "-";
    text += HEX[(bits >>> 8) & 0xff] + HEX[bits & 0xff];
  }
  return text;
}
