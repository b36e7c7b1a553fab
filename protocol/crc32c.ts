/** Castagnoli's polynomial, its lowest power in the highest bit (RFC 9260 appendix A). */
const POLYNOMIAL = 0x82f63b78;

/**
 * The checksum CRC32c. A bit at a time: it is for headers of a few hundred bytes.
 *
 * @param crc That of the bytes before.
 * @returns An unsigned number of 32 bits.
 */
export function crc32c(bytes: Uint8Array, crc = 0): number {
  let state = ~crc;
  for (const byte of bytes) {
    state ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      state = (state >>> 1) ^ ((state & 1) === 0 ? 0 : POLYNOMIAL);
    }
  }
  return ~state >>> 0;
}
