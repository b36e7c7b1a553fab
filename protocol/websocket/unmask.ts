/** Payload bytes from which a view of 32-bit words repays its making, on both runtimes. */
const WORDS_BYTES_MIN = 256;

/** Turns four key bytes into a word in the machine's own byte order. */
const keyBytes = new Uint8Array(4);
const keyWord = new Int32Array(keyBytes.buffer);

/**
 * Removes a client's mask in place (RFC 6455 section 5.3).
 *
 * @param bytes Holds the 4 bytes of the masking key right before `start`.
 * @param start Offset of the first payload byte, at least 4.
 * @param end Offset after the last payload byte.
 */
export function unmask(bytes: Uint8Array, start: number, end: number): void {
  if (end - start >= WORDS_BYTES_MIN) return unmaskWords(bytes, start, end);
  const key0 = bytes[start - 4], key1 = bytes[start - 3];
  const key2 = bytes[start - 2], key3 = bytes[start - 1];
  let at = start;
  for (const quadsEnd = end - 3; at < quadsEnd; at += 4) {
    bytes[at] ^= key0;
    bytes[at + 1] ^= key1;
    bytes[at + 2] ^= key2;
    bytes[at + 3] ^= key3;
  }
  if (at < end) bytes[at] ^= key0;
  if (at + 1 < end) bytes[at + 1] ^= key1;
  if (at + 2 < end) bytes[at + 2] ^= key2;
}

function unmaskWords(bytes: Uint8Array, start: number, end: number): void {
  // Words lie on addresses that are multiples of 4, so the key is turned by what comes before.
  const leadBytes = -(bytes.byteOffset + start) & 3;
  const wordsStart = start + leadBytes;
  const wordCount = (end - wordsStart) >> 2;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + wordsStart, wordCount);
  const key = start - 4;
  for (let index = 0; index < 4; index++) {
    keyBytes[index] = bytes[key + ((leadBytes + index) & 3)];
  }
  const word = keyWord[0];

  for (let index = 0; index < leadBytes; index++) bytes[start + index] ^= bytes[key + index];
  for (let index = 0; index < wordCount; index++) words[index] ^= word;
  for (let at = wordsStart + wordCount * 4; at < end; at++) {
    bytes[at] ^= bytes[key + ((at - start) & 3)];
  }
}
