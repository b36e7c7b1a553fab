/** What calls are to those who make and answer them; `rpc/` carries them. */
import { EMPTY } from "./frame.ts";

/** Calls methods of a peer. */
export interface Caller {
  /**
   * Calls a method.
   *
   * @param method Its number, above 0.
   * @param body Handed over: must never change afterwards.
   * @param deadlineMs How long to wait for the answer, in milliseconds.
   * @returns The answer, which is the caller's own.
   * @throws {RpcError} When the call failed on the way; and what the peer's handler threw.
   */
  call(method: number, body: Uint8Array, deadlineMs?: number): Promise<Uint8Array>;
}

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
  /** The two ends speak no version in common. */
  | "no-common-version"
  /** The peer does not know the method. */
  | "unknown-method"
  /** The peer cannot read the call. */
  | "bad-request"
  /** The peer cannot do it now, for want of something that will be back. */
  | "unavailable"
  /** The peer failed in a way that nobody foresaw. */
  | "internal"
  /** A failure that the method itself knows, or one of a later version. */
  | (string & Record<never, never>);

/** A call that failed. */
export class RpcError extends Error {
  override readonly name = "RpcError";

  /**
   * @param code What kind of failure.
   * @param temporary Whether the same call may go well later, or elsewhere.
   * @param message What happened, in one line.
   * @param data More about it, for codes that have more.
   */
  constructor(
    readonly code: RpcErrorCode,
    readonly temporary: boolean,
    message: string,
    readonly data: Uint8Array = EMPTY,
  ) {
    super(message);
  }
}
