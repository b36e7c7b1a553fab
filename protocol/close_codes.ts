/**
 * What a close code means to the client that gets it.
 *
 * ```ts
 * import type { CloseCode } from "./mod.ts";
 *
 * const banned: CloseCode = { code: 4100, reason: "banned", reconnect: false };
 * console.log(banned.reason);
 * ```
 */
export interface CloseCode {
  /** The WebSocket close code; on TCP it stands in the body of the disconnect reply. */
  readonly code: number;
  /** The reason sent along, in words. */
  readonly reason: string;
  /** Whether the client should come back, with backoff. */
  readonly reconnect: boolean;
}

/**
 * Why the server closes a connection. 1000 to 1011 are those of RFC 6455 section 7.4.1; 4000 and up
 * are ours. `reconnect: false` means that trying again with the same input meets the same answer.
 */
export const CloseCodes = {
  normal: { code: 1000, reason: "normal closure", reconnect: false },
  goingAway: { code: 1001, reason: "server is going away", reconnect: true },
  protocolError: { code: 1002, reason: "protocol error", reconnect: false },
  invalidText: { code: 1007, reason: "text is not valid UTF-8", reconnect: false },
  messageTooBig: { code: 1009, reason: "message too big", reconnect: false },
  internalError: { code: 1011, reason: "internal error", reconnect: true },
  handshakeTimeout: { code: 4000, reason: "handshake timeout", reconnect: true },
  authFailed: { code: 4001, reason: "auth failed", reconnect: false },
  heartbeatTimeout: { code: 4002, reason: "heartbeat timeout", reconnect: true },
  slowReader: { code: 4003, reason: "slow reader", reconnect: true },
  replaced: { code: 4004, reason: "replaced by a newer connection", reconnect: false },
  tooManyConnections: { code: 4005, reason: "too many connections", reconnect: false },
  tooFarAhead: { code: 4006, reason: "too many unanswered requests", reconnect: true },
  tooManyOperations: { code: 4007, reason: "too many operations", reconnect: true },
  roomRefused: { code: 4008, reason: "may not join the room", reconnect: false },
  roomFull: { code: 4009, reason: "room is full", reconnect: true },
  closedByApplication: { code: 4010, reason: "closed by the application", reconnect: false },
  tokenExpired: { code: 4011, reason: "token expired", reconnect: true },
  busy: { code: 4012, reason: "server is busy", reconnect: true },
  addressLimit: { code: 4013, reason: "too many connections of this address", reconnect: true },
  blocked: { code: 4014, reason: "blocked", reconnect: false },
} as const satisfies Record<string, CloseCode>;

/** Codes with which an application may close, beside the server's own. */
export const applicationCodes = { min: 4100, max: 4999 } as const;

/** Whether a close is the application's, so that its code tells a client nothing. */
export function isApplicationClose({ code }: CloseCode): boolean {
  return code >= applicationCodes.min && code <= applicationCodes.max;
}

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
