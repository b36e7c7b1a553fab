/** What kind of failure a call met. */
export type RpcErrorCode =
  /** The link was lost, or is not there: whether the call was carried out is unknown. */
  | "lost"
  /** No answer came in time: whether the call was carried out is unknown. */
  | "timeout"
  /** Too many calls are under way; this one was not carried out. */
  | "overloaded"
  /** The cluster secret is not the peer's. */
  | "unauthorized"
  /** The peer does not know the method. */
  | "unknown-method"
  /** The peer cannot read the call. */
  | "bad-request"
  /** The peer cannot do it now, for want of something that will be back. */
  | "unavailable"
  /** The peer failed in a way that nobody foresaw. */
  | "internal";

/** The codes in the order of their numbers on the wire. */
export const rpcErrorCodes: readonly RpcErrorCode[] = [
  "lost",
  "timeout",
  "overloaded",
  "unauthorized",
  "unknown-method",
  "bad-request",
  "unavailable",
  "internal",
];

/** A call that failed for a reason that is not its method's own. */
export class RpcError extends Error {
  override readonly name = "RpcError";

  /**
   * @param code What kind of failure.
   * @param temporary Whether the same call may go well later, or elsewhere.
   * @param message What happened, in one line.
   */
  constructor(readonly code: RpcErrorCode, readonly temporary: boolean, message: string) {
    super(message);
  }
}
