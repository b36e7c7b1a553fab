import { CloseCodes, ProtocolError } from "../close_codes.ts";
import { decodeUtf8 } from "../utf8.ts";
import { NO_CLOSE_CODE } from "./opcode.ts";

/**
 * Whether a code may stand in a close frame: those of RFC 6455 section 7.4.1 and of the registry
 * that it founded (1012 to 1014 came later), and the ranges for libraries and applications.
 */
function isCloseCode(code: number): boolean {
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006 ||
    code >= 3000 && code <= 4999;
}

/**
 * Decodes what a close frame says.
 *
 * @param payload The unmasked payload, not of 1 byte.
 * @returns The code, {@linkcode NO_CLOSE_CODE} where the payload is empty, and the reason.
 * @throws {ProtocolError} When the code must not be on the wire, or the reason is not valid UTF-8.
 */
export function decodeClose(payload: Uint8Array): { code: number; reason: string } {
  if (payload.length === 0) return { code: NO_CLOSE_CODE, reason: "" };
  const code = payload[0] << 8 | payload[1];
  if (!isCloseCode(code)) {
    throw new ProtocolError(
      CloseCodes.protocolError,
      "Cannot decode close frame: code must be 1000 to 1014 without 1004, 1005 and 1006, or " +
        `3000 to 4999, current value is ${code}`,
    );
  }
  const reason = decodeUtf8(payload.subarray(2));
  if (reason !== undefined) return { code, reason };
  throw new ProtocolError(
    CloseCodes.invalidText,
    "Cannot decode close frame: reason must be valid UTF-8",
  );
}
