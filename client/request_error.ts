/** Codes that no server gave. */
export const LocalCode = {
  /** Too large, or what nobody could publish; nothing was sent. */
  wrong: -400,
  /** The client may not be in the room. */
  refused: -403,
  /** No answer in time: nobody knows whether it was published. */
  late: -408,
  /** Too many wait; it was not sent. */
  tooMany: -429,
  /** The room was left or the client ended before there was an answer. */
  ended: -499,
} as const;

/** A publish or a read of history failed. */
export class RequestError extends Error {
  override readonly name = "RequestError";

  /**
   * @param code The server's, or -408 when no answer came in time, -429 also when too many wait, and
   * -499 when the room was left or the client ended. After -408 and -499 nobody knows whether a
   * message was published.
   * @param message For whoever writes the application.
   * @param retryMs When it is worth another try, in milliseconds.
   */
  constructor(readonly code: number, message: string, readonly retryMs?: number) {
    super(message);
  }
}
