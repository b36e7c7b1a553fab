/** What the links of a process count; all only grow. */
export class RpcCounters {
  /** Links that were opened. */
  links = 0;
  /** Links that were lost or closed. */
  linksClosed = 0;
  /** Connections that the system failed to hand over. */
  acceptFailures = 0;
  /** Connections that ended in their TLS handshake, for what the peer sent. */
  tlsFailures = 0;
  /** Dials and hellos that led to no link. */
  refused = 0;
  /** Calls that were sent. */
  calls = 0;
  /** Calls that were not sent because too many were under way. */
  callsOverloaded = 0;
  /** Calls without an answer in time. */
  timeouts = 0;
  /** Answers that came after their call was over, or to none. */
  lateAnswers = 0;
  /** Calls of peers that were handed to the handler. */
  served = 0;
  /** Calls of peers that were refused because too many were under way. */
  servedOverloaded = 0;
}
