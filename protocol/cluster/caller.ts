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
