/** What logic counts; read by `/metrics` and by tests. All only grow. */
export class LogicCounters {
  connected = 0;
  /** Pushes for comets that see whether they come back, and those that the store did not take. */
  probes = 0;
  probesFailed = 0;
  /** Clients refused for their token. */
  refusedTokens = 0;
  /** Joins of a room that were refused, at an auth or later. */
  refusedJoins = 0;
  /** Clients refused because their mid or key had as many connections as it may. */
  refusedLimits = 0;
  /** Clients refused, at an auth or a renewal, because their mid or key is blocked. */
  refusedBlocked = 0;
  disconnected = 0;
  /** Connections that had to make room for a newer one. */
  evicted = 0;
  /** Evicted connections that could not be closed. */
  evictFailures = 0;
  /** Frames that clients sent up for the application. */
  received = 0;
  // Of each hook: calls that threw or answered what they must not, and calls that were late.
  authenticateFailures = 0;
  authenticateTimeouts = 0;
  authorizeJoinFailures = 0;
  authorizeJoinTimeouts = 0;
  messageFailures = 0;
  messageTimeouts = 0;
  disconnectedFailures = 0;
  disconnectedTimeouts = 0;
  /** Calls of hooks that were not made because too many were under way, or waited. */
  hookCallsRefused = 0;
  // Of clients' messages: those that were pushed to rooms, and why others were not.
  published = 0;
  /** Messages to rooms of a type where none are published. */
  messagesOff = 0;
  /** Messages that are too long or say what cannot be. */
  messagesWrong = 0;
  /** Messages of who is muted. */
  messagesMuted = 0;
  /** Messages that say the same again. */
  messagesRepeated = 0;
  messagesInSlowMode = 0;
  /** Messages beyond what a user may send. */
  messagesOverRate = 0;
  /** Messages that the application refused. */
  messagesRefused = 0;
  /** Messages that the application or the store failed to take. */
  messagesFailed = 0;
  webhookCalls = 0;
  /** Calls that were made once more, since the first cannot have done anything. */
  webhookRetries = 0;
  webhookFailures = 0;
  /** Calls that were not made because too many were under way. */
  webhookCallsRefused = 0;
  /** Messages that were pushed although the webhook failed. */
  webhookFallbacks = 0;
  // Of auth = "jwt": tokens that were refused, by what is wrong with them.
  jwtMalformed = 0;
  /** Signed by nobody, by a key that is not known, or by another algorithm than the key's. */
  jwtUnsigned = 0;
  jwtExpired = 0;
  /** Not valid yet. */
  jwtEarly = 0;
  /** By another issuer, or for another audience. */
  jwtForeign = 0;
  /** With a claim of a wrong form. */
  jwtClaims = 0;
  /** Times that the keys were asked for at their URL. */
  jwksFetches = 0;
  jwksFailures = 0;
  // Of auth = "webhook": tokens about which it was asked.
  authWebhookCalls = 0;
  authWebhookRetries = 0;
  authWebhookFailures = 0;
  /** Calls that were not made because too many were under way. */
  authWebhookCallsRefused = 0;
  /** Tokens about which it was not asked, since it had answered or was being asked. */
  authWebhookCacheHits = 0;
  /** Clients let in although the webhook failed. */
  authWebhookFallbacks = 0;
  /** Answers forgotten before their time to make room for newer ones. */
  authWebhookCacheEvictions = 0;
  /** Users that were muted, in a room or everywhere. */
  mutes = 0;
  /** Users and keys that were blocked. */
  blocks = 0;
  reports = 0;
  /** Push calls whose pushes are all in the log. */
  pushesAccepted = 0;
  /** Push calls refused for what they asked. */
  pushesRefused = 0;
  /** Push calls that the log or the sessions failed. */
  pushesFailed = 0;
  /** Push calls by key or mid whose keys and mids were all nobody's. */
  pushesToNobody = 0;
  /** HTTP calls without an API key. */
  httpUnauthorized = 0;
  /** HTTP calls refused because their address showed too many wrong keys. */
  httpSlowed = 0;
  /** Addresses whose wrong keys were forgotten early, since there were too many addresses. */
  failingCallersForgotten = 0;
  /** HTTP calls whose API key is not for such calls. */
  httpOutOfScope = 0;
  /** HTTP calls refused for their Host, or because a page of another site made them. */
  httpForbidden = 0;
  /** HTTP calls answered with code -400. */
  httpBadRequests = 0;
  /** HTTP calls answered with code -500. */
  httpFaults = 0;
}
