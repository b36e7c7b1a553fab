/** Every limit of an HTTP server in one place; the operator decides how many connections. */
export const HttpLimits = {
  /** Longest head of a request, in bytes: a query of 10,000 short keys fits. */
  headBytesMax: 128 * 1024,
  /** Most field lines in a head, or in the trailers of a body. */
  fieldsMax: 128,
  /** Longest line before a chunk of a body, extensions included, in bytes. */
  chunkLineBytesMax: 4 * 1024,
  /** Trailers behind a body that came in chunks, in bytes. */
  trailerBytesMax: 8 * 1024,
  /** Bytes of all requests at once, beyond which only short ones are taken. */
  requestsBytesMax: 64 * 1024 * 1024,
  /** A request of so many bytes is short: there may be one for each connection in any case. */
  shortRequestBytes: 64 * 1024,
  /** How long a head may take, from the connection or from its first byte, in milliseconds. */
  headMsMax: 10_000,
  /** How long a body may take, from the end of its head, in milliseconds. */
  bodyMsMax: 20_000,
  /** How long a connection is kept between two requests, in milliseconds. */
  idleMsMax: 60_000,
  /**
   * For how long after an answer a connection is likely to have its next request, or the answer
   * itself, on the way, which would be lost if it were closed to make room, in milliseconds.
   */
  reuseMs: 5_000,
  /** How long a client may leave an answer unread, in milliseconds. */
  answerMsMax: 20_000,
  /**
   * How long a connection that was told to end has for it, and how long requests under way have
   * when the server closes, in milliseconds.
   */
  closeMsMax: 2_000,
  /** Bytes of answers that may wait for a client before its next request is looked at. */
  unreadBytesMax: 64 * 1024,
  /** How often the deadlines are looked at, in milliseconds: what they may be late by. */
  sweepMs: 500,
} as const;
