/** The head of a WebSocket upgrade. */
export const UPGRADE = new TextEncoder().encode(
  "GET /sub HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
);

const BINARY = 0x2;

/** A client's WebSocket frame; the mask is zero, so that the payload stands as it is. */
export function clientMessage(payload: Uint8Array, opcode = BINARY): Uint8Array {
  const header = payload.length < 126
    ? [0x80 | opcode, 0x80 | payload.length]
    : [0x80 | opcode, 0xfe, payload.length >> 8, payload.length & 0xff];
  return Uint8Array.from([...header, 0, 0, 0, 0, ...payload]);
}
