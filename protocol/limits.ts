import { assert } from "../base/assert.ts";

/** Every fixed limit of the wire in one place; what an operator may change is in `cli/config`. */
export const Limits = {
  /** Bytes of a frame's header. */
  headerBytes: 16,
  /** Largest body of a frame from a client, in bytes. */
  upstreamBodyBytesMax: 4096,
  /** Largest frame from a client, header included, in bytes. */
  upstreamFrameBytesMax: 4096 + 16,
  /** Largest WebSocket message from a client over all its fragments, in bytes; JSON needs room. */
  messageBytesMax: 16 * 1024,
  /** Largest HTTP head of a WebSocket upgrade, in bytes; browsers send up to 8 KB of cookies. */
  upgradeHeadBytesMax: 16 * 1024,
  /** Longest header of the PROXY protocol, in bytes, with all that a proxy adds to the addresses. */
  proxyHeaderBytesMax: 4 * 1024,
  /** Bytes a client may have sent ahead of a request that is still being answered. */
  pipelinedBytesMax: 64 * 1024,
  /** Bytes that may wait for one slow connection. */
  pendingBytesMax: 64 * 1024,
  /** Largest body of one push, in bytes: with every header it still fits an empty queue. */
  pushBodyBytesMax: 64 * 1024 - 64,
  /**
   * Largest JSON body of a push call, in bytes: the most targets with the longest keys, at three
   * bytes a character, and the largest body of a push, written as JSON, fit.
   */
  pushRequestBytesMax: 8 * 1024 * 1024,
  /** Largest body of a call of scope admin, in bytes: the audit log has it whole. */
  adminRequestBytesMax: 64 * 1024,
  /** Bytes of frames that one room batch may hold. */
  roomBatchBytesMax: 32 * 1024,
  /** Bytes of an answer to a client from a room's history, but for one of a single message. */
  historyAnswerBytesMax: 64 * 1024 - 64,
  /** Largest body of a frame from the server, in bytes: history of one message, all of it escapes. */
  downstreamBodyBytesMax: 512 * 1024,
  /** Longest room key, in characters. */
  roomKeyCharsMax: 256,
  /** Longest connection key, in characters. */
  keyCharsMax: 256,
  /** Operations that one connection may accept. */
  acceptsMax: 256,
  /** Keys or mids in one push call. */
  pushTargetsMax: 10_000,
  /** Patterns of rooms that an identity may have of one kind. */
  roomPatternsMax: 256,
  /** Features that the auth of one connection may name. */
  featuresMax: 16,
  /** Messages of a room's history in one answer, or that an auth or a join may ask for. */
  historyMessagesMax: 1_000,
  /** Messages of a room's history in an answer to who does not say how many. */
  historyMessages: 100,
  /**
   * Bytes of bodies in one page of a room's history, but for one message. As many pages as a comet
   * reads at once fit what may wait for it on its link.
   */
  historyPageBytesMax: 1024 * 1024,
  /** Messages in one page of a room's history that a comet reads. */
  historyPageMessagesMax: 10_000,
  /** Longest id of a push, in characters. */
  publishIdCharsMax: 128,
} as const;

assert(
  Limits.upstreamFrameBytesMax === Limits.headerBytes + Limits.upstreamBodyBytesMax,
  "the largest upstream frame is its header and its largest body",
);
assert(
  Limits.pushBodyBytesMax + 2 * Limits.headerBytes + 10 <= Limits.pendingBytesMax,
  "the largest push with its frame, batch and WebSocket headers fits an empty queue",
);
assert(
  Limits.downstreamBodyBytesMax >= 6 * (Limits.pushBodyBytesMax + Limits.roomKeyCharsMax) + 1024,
  "the largest message fits an answer as JSON",
);
assert(
  Limits.historyAnswerBytesMax + Limits.headerBytes + 10 <= Limits.pendingBytesMax,
  "an answer from a room's history fits an empty queue",
);
assert(
  Limits.pushRequestBytesMax >=
    Limits.pushTargetsMax * (3 * Limits.keyCharsMax + 4) + 6 * Limits.pushBodyBytesMax,
  "a push call holds the most targets with the longest keys, and the largest body",
);
assert(
  Limits.messageBytesMax >= 2 * Limits.upstreamBodyBytesMax,
  "a JSON message has room for an escaped body",
);
