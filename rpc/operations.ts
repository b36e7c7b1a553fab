/**
 * What a frame of the RPC is for. Numbers above 0 are calls: the method. Each end numbers its own
 * calls; an answer carries the sequence of its call.
 */
export const RpcOperation = {
  /** The answer of a call that went well. */
  ok: 0,
  /** The answer of a call that failed. */
  failure: -1,
  ping: -2,
  pong: -3,
  /** The first frame of who dialled; answered like a call. */
  hello: -4,
} as const;
