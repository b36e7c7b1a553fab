/** What a comet counts; read by `/metrics` and by tests. All only grow. */
export class CometCounters {
  accepted = 0;
  /** Connections that the system failed to hand over. */
  acceptFailures = 0;
  /** Connections that ended in their TLS handshake, for what the client sent. */
  tlsFailures = 0;
  authenticated = 0;
  closed = 0;
  // Of the delivery probe: pushes that were asked for, that came back, and that nobody took.
  probesSent = 0;
  probesReturned = 0;
  probesFailed = 0;
  /** Turned away because the comet held as many connections as it may. */
  refusedFull = 0;
  /** Turned away because jobs did not know of the comet at the time. */
  refusedShut = 0;
  /** Turned away because as many connections as may be had not authenticated. */
  refusedHandshakes = 0;
  /** Turned away because too many came at a time. */
  refusedRate = 0;
  /** Turned away because their address had as many connections as it may. */
  refusedAddress = 0;
  /** Turned away because the auth of their address failed too often. */
  refusedAuthFailures = 0;
  /** Of those who were turned away, whom nobody told, since too many were being told. */
  refusedUntold = 0;
  /** Addresses whose failed auths were forgotten early, since there were too many addresses. */
  failingAddressesForgotten = 0;
  /** Web pages turned away because their origin may not connect. */
  refusedOrigins = 0;
  /** Connections refused because they came from none of the trusted proxies, where others may not. */
  refusedProxies = 0;
  /** Connections of trusted proxies closed because they began with no header, or a wrong one. */
  badProxyHeaders = 0;
  /** Clients that did not get into a room because it was full. */
  roomsFull = 0;
  /** Joins that were refused because the connection was in as many further rooms as it may. */
  tooManyRooms = 0;
  /** Joins, changes of room and requests for history that were refused since there were too many. */
  joinsTooMany = 0;
  /** Joins, leaves, messages to rooms and history requests that were wrong. */
  badRequests = 0;
  /** History requests that were refused because too many waited. */
  historyRefused = 0;
  /** Joins, messages to rooms and history requests that failed for a fault of the server. */
  requestFailures = 0;
  /** Messages to rooms that logic took. */
  published = 0;
  /** Messages to rooms that were refused, by logic or since the connection may not publish there. */
  publishesRefused = 0;
  /** Messages to rooms that were refused because the connection sent too many. */
  publishesTooMany = 0;
  /** Connections closed for what they sent. */
  protocolErrors = 0;
  handshakeTimeouts = 0;
  authFailures = 0;
  /** Connections that were let stay longer, by a fresh auth. */
  renewals = 0;
  /** Fresh auths that nobody could judge: their connections stay until they expire. */
  renewalFailures = 0;
  /** Fresh auths that were refused because a connection sent too many. */
  renewalsTooMany = 0;
  /** Connections closed because nothing had renewed their auth. */
  expired = 0;
  heartbeats = 0;
  heartbeatTimeouts = 0;
  /** Frames that clients sent, of every operation. */
  framesReceived = 0;
  /** Frames handed to logic that it failed to take. */
  receiveFailures = 0;
  /** Joins and reads of rooms that were refused, or of which logic could not be asked. */
  joinsRefused = 0;
  /** Frames of pushes that were written or queued, one per client. */
  framesPushed = 0;
  /** Frames of pushes dropped because the client's queue was full. */
  framesDropped = 0;
  /** Members that began to be sent what they missed, after a join or because they read slowly. */
  catchUps = 0;
  /** Members that were not sent what they missed because too many were behind. */
  catchUpsRefused = 0;
  /** Reads of rooms' histories. */
  historyReads = 0;
  /** Those that failed; they are tried again. */
  historyReadFailures = 0;
  /** Times that a room's log was read since something may have been missing. */
  holes = 0;
  /** Times that messages of a room's log were gone, for a room here or one of its members. */
  gaps = 0;
  /** Times that a room's log began anew. */
  epochChanges = 0;
  /** Frames kept for members that are behind which made room for others, a few at a time. */
  ringEvictions = 0;
  /** Connections closed because they did not read. */
  slowReaders = 0;
  /** Connections closed because they sent too far ahead of what is served. */
  tooFarAhead = 0;
  /** Connections closed because they sent more operations than they may. */
  tooManyOperations = 0;
  /** Clients that were told to move elsewhere since the comet goes. */
  drainMoved = 0;
  /** Clients closed at their place in a drain, since they do not know the notice. */
  drainClosed = 0;
  /** Pings that were sent to quiet WebSocket connections. */
  pingsSent = 0;
  /** Paced broadcasts dropped because too many were waiting. */
  broadcastsDropped = 0;
  /** Frames of pushes that jobs sent again and that were left out. */
  framesRepeated = 0;
  /** Deliveries refused because the job that sent them has lost its lease. */
  deliveriesFenced = 0;
  /** Batches refused because the cluster may have given the comet up: they are sent again. */
  deliveriesRefused = 0;
  /** Pushes that were broken and reached nobody. */
  deliveryFailures = 0;
  /** Times that a job which watched the rooms lost touch. */
  watchesExpired = 0;
  /** Reports, renewals and disconnects that logic failed to take. */
  logicFailures = 0;
}
