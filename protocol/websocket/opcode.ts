/** Opcodes of RFC 6455 section 5.2; every other number is reserved. */
export const Opcode = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** Most payload bytes of a close, ping or pong frame (RFC 6455 section 5.5). */
export const CONTROL_PAYLOAD_BYTES_MAX = 125;

/**
 * Stands for the code of a close frame that has none; never on the wire (RFC 6455 section 7.4.1).
 */
export const NO_CLOSE_CODE = 1005;
