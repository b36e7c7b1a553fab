/** What an HTTP server counts; read by `/metrics` and by tests. All only grow. */
export class HttpCounters {
  accepted = 0;
  /** See `AcceptCounters`. */
  acceptFailures = 0;
  /** See `AcceptCounters`. */
  tlsFailures = 0;
  requests = 0;
  /** Requests that the server refused before any handler saw them. */
  malformed = 0;
  /** Connections that made room for a newer one. */
  madeRoom = 0;
  /** Connections turned away because every other had a request under way. */
  refusedFull = 0;
  /** Connections that ended for a long request while all together were too long. */
  refusedLong = 0;
  /** Requests that came whole after the server had begun to stop. */
  refusedStopping = 0;
  /** Connections closed because a head did not come in time. */
  headTimeouts = 0;
  /** Connections closed because a body did not come in time. */
  bodyTimeouts = 0;
  /** Connections closed because no further request came. */
  idleTimeouts = 0;
  /** Connections closed because an answer was not read in time. */
  answerTimeouts = 0;
  /** Requests whose handler threw. */
  faults = 0;
}
