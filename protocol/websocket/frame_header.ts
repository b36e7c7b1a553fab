import { type CloseCode, CloseCodes, ProtocolError } from "../close_codes.ts";
import { CONTROL_PAYLOAD_BYTES_MAX, Opcode } from "./opcode.ts";

function refuse(close: CloseCode, rule: string, value: number): never {
  throw new ProtocolError(
    close,
    `Cannot decode WebSocket frame: ${rule}, current value is ${value}`,
  );
}

/**
 * Checks as much of a client frame's header as has come (RFC 6455 section 5.2).
 *
 * @param bytes Holds the frame's bytes so far, from `at` to `end`.
 * @param isMessageOpen Whether the frame falls inside a fragmented message.
 * @param messageBytesLeft How many payload bytes the message may still take.
 * @returns The least length that the frame can have, mask and payload included. It is more than
 * `end - at` until the frame is whole, and exact once the length is known.
 * @throws {ProtocolError} As soon as a rule is broken, before any payload comes.
 */
export function frameBytesMin(
  bytes: Uint8Array,
  at: number,
  end: number,
  isMessageOpen: boolean,
  messageBytesLeft: number,
): number {
  if (end - at < 2) return 2;
  const lengthByte = bytes[at + 1];
  checkOpcode(bytes[at], isMessageOpen);
  if (lengthByte < 0x80) refuse(CloseCodes.protocolError, "mask bit must be 1", 0);

  const isControl = (bytes[at] & 0x8) !== 0;
  let headerBytes = 6;
  let payloadBytes = lengthByte & 0x7f;
  if (payloadBytes > CONTROL_PAYLOAD_BYTES_MAX) {
    if (isControl) {
      refuse(CloseCodes.protocolError, "length of a control frame must be 0 to 125", payloadBytes);
    }
    headerBytes = payloadBytes === 126 ? 8 : 14;
    if (end - at < headerBytes - 4) return headerBytes - 4;
    payloadBytes = headerBytes === 8 ? bytes[at + 2] << 8 | bytes[at + 3] : length64(bytes, at + 2);
    if (payloadBytes <= (headerBytes === 8 ? CONTROL_PAYLOAD_BYTES_MAX : 0xffff)) {
      refuse(CloseCodes.protocolError, "length must take the fewest bytes", payloadBytes);
    }
  }
  if (payloadBytes === 1 && (bytes[at] & 0xf) === Opcode.close) {
    refuse(CloseCodes.protocolError, "length of a close frame must be 0 or 2 to 125", payloadBytes);
  }
  if (!isControl && payloadBytes > messageBytesLeft) {
    refuse(
      CloseCodes.messageTooBig,
      `length must be at most the ${messageBytesLeft} bytes left to the message`,
      payloadBytes,
    );
  }
  return headerBytes + payloadBytes;
}

function checkOpcode(firstByte: number, isMessageOpen: boolean): void {
  if ((firstByte & 0x70) !== 0) {
    refuse(CloseCodes.protocolError, "reserved bits must be 0", firstByte >> 4 & 0x7);
  }
  const opcode = firstByte & 0xf;
  if (opcode >= Opcode.close && opcode <= Opcode.pong) {
    if (firstByte < 0x80) {
      refuse(CloseCodes.protocolError, "final bit of a control frame must be 1", 0);
    }
  } else if (opcode > Opcode.binary) {
    refuse(CloseCodes.protocolError, "opcode must be 0 to 2 or 8 to 10", opcode);
  } else if (isMessageOpen !== (opcode === Opcode.continuation)) {
    refuse(
      CloseCodes.protocolError,
      isMessageOpen
        ? "opcode inside a fragmented message must be 0"
        : "opcode at the start of a message must be 1 or 2",
      opcode,
    );
  }
}

/** Lengths above 2^53 lose their low bits, which no longer matter. */
function length64(bytes: Uint8Array, at: number): number {
  if (bytes[at] >= 0x80) {
    refuse(CloseCodes.protocolError, "first byte of a 64-bit length must be 0 to 127", bytes[at]);
  }
  let length = 0;
  for (let index = 0; index < 8; index++) length = length * 256 + bytes[at + index];
  return length;
}
