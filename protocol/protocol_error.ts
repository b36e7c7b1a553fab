import type { CloseCode } from "./close_codes.ts";

/** The one error that decoders throw for a peer's bad input; the connection is closed for it. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";

  /**
   * @param close How the connection is to be closed.
   * @param message What was wrong with the input.
   */
  constructor(readonly close: CloseCode, message: string) {
    super(message);
  }
}
