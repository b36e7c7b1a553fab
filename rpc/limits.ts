import { assert } from "../base/assert.ts";
import type { BackoffOptions } from "../base/backoff.ts";

/** Every limit and deadline of the RPC in one place. */
export const RpcLimits = {
  /** Largest body of a frame before both ends know each other, in bytes. */
  helloBytesMax: 1024,
  /** Largest body of a call or an answer, in bytes. */
  bodyBytesMax: 32 * 1024 * 1024,
  /** Calls that one end may have under way. */
  callsMax: 16_384,
  /** Bytes of their bodies. */
  callBytesMax: 64 * 1024 * 1024,
  /** Calls of the peer that may be served at once; more are refused. */
  servedMax: 16_384,
  /** Bytes of their bodies. */
  servedBytesMax: 64 * 1024 * 1024,
  /** Calls of one peer that are served in one turn of the event loop; pings wait for none. */
  servedPerTurn: 256,
  /** Bytes that may wait for a peer that does not read before its calls are refused. */
  unsentBytesMax: 64 * 1024 * 1024,
  /** Bytes that may wait for a peer that does not read before its link is closed. */
  pendingBytesMax: 128 * 1024 * 1024,
  /** Connections of a listener that have not said hello. */
  handshakesMax: 256,
  /** Longest message of a failure that crosses the wire, in characters. */
  failureCharsMax: 1000,
  /** How long a call may take where its caller says nothing else, in milliseconds. */
  callMs: 10_000,
  /** How long a connection may take from dialling to hello and its answer, in milliseconds. */
  helloMs: 3_000,
  /** How often a link looks at deadlines and at its peer: what both may be late by. */
  tickMs: 250,
  /** How long a link is quiet before its peer is asked for a sign of life, in milliseconds. */
  pingMs: 1_000,
  /** How long a peer may give no sign of life, in milliseconds. */
  silentMs: 3_000,
  /** How long a closed link has to send its last bytes, in milliseconds. */
  lingerMs: 1_000,
  /** How long a link holds before the waits between dials begin anew, in milliseconds. */
  steadyMs: 2_000,
} as const;

/** Waits between dials. */
export const dialBackoff: BackoffOptions = { baseMs: 50, maxMs: 2_000, factor: 2, jitter: 0.3 };

/** Waits between dials of a peer that refuses this end, for a wrong secret mostly. */
export const refusedBackoff: BackoffOptions = {
  baseMs: 5_000,
  maxMs: 30_000,
  factor: 2,
  jitter: 0.3,
};

assert(
  RpcLimits.callBytesMax >= RpcLimits.bodyBytesMax &&
    RpcLimits.servedBytesMax >= RpcLimits.bodyBytesMax &&
    RpcLimits.unsentBytesMax >= RpcLimits.bodyBytesMax,
  "the largest body fits where nothing else is",
);
assert(
  RpcLimits.pendingBytesMax >= RpcLimits.callBytesMax + RpcLimits.bodyBytesMax,
  "the calls of one end and an answer can wait at once",
);
assert(RpcLimits.pingMs < RpcLimits.silentMs, "a silent peer is asked before it is given up");
