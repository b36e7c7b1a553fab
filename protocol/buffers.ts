/** Where decoders borrow memory for what arrives in parts. `comet/buffer` has the pool. */
export interface Buffers {
  /**
   * Lends a buffer; its content is arbitrary.
   *
   * @param bytesMin The least length, in bytes.
   */
  acquire(bytesMin: number): Uint8Array;
  /** Takes a buffer of `acquire` back; it must not be used afterwards. */
  release(buffer: Uint8Array): void;
}

/** Plain allocation behind the same face, for clients and tests. */
export const plainBuffers: Buffers = {
  acquire: (bytesMin) => new Uint8Array(bytesMin),
  release: () => {},
};
