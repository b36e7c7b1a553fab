import type { StallCounters } from "../base/running_clock.ts";
import type { CometCounters } from "../comet/counters.ts";
import type { StoreCounters } from "../drivers/store.ts";
import type { JobCounters } from "../job/counters.ts";
import type { LogicCounters } from "../logic/counters.ts";
import type { AccessCounters } from "../logic/http/monitoring.ts";
import type { HttpCounters } from "../protocol/http/counters.ts";
import type { RpcCounters } from "../rpc/counters.ts";
import type { LogCounters } from "./line_output.ts";

/** What each counter of a comet counts, for `/metrics`. */
export const cometHelp: Readonly<Record<keyof CometCounters, string>> = {
  accepted: "Connections taken in.",
  probesSent: "Pushes that the comet asked for to see whether they come back.",
  probesReturned: "Such pushes that came back.",
  probesFailed: "Such pushes that no logic answered for, or the store did not take.",
  acceptFailures:
    "Connections that were reset before they were accepted, or found no descriptor (Deno tells).",
  tlsFailures: "Connections that ended in their TLS handshake, for what the client sent.",
  authenticated: "Connections that authenticated.",
  closed: "Connections that ended.",
  refusedFull: "Connections turned away because the server was full.",
  refusedShut: "Connections turned away because jobs did not know of the comet at the time.",
  refusedHandshakes: "Connections turned away beyond handshakes-max.",
  refusedRate: "Connections turned away beyond accept-rate.",
  refusedAddress: "Connections turned away beyond address-connections-max.",
  refusedAuthFailures: "Connections turned away beyond address-auth-failures-max.",
  refusedUntold: "Connections turned away without being told, since too many were being told.",
  failingAddressesForgotten:
    "Addresses whose failed auths were forgotten within a minute, since there were too many.",
  refusedOrigins: "Web pages turned away because their origin may not connect.",
  refusedProxies: "Connections refused because they came from none of trusted-proxies.",
  badProxyHeaders: "Connections of trusted proxies closed for want of a right PROXY header.",
  roomsFull: "Clients that did not get into a room because it had members-max members.",
  tooManyRooms: "Joins refused because the client was in rooms-max further rooms.",
  joinsTooMany: "Joins, changes of room and history requests refused beyond joins-max.",
  badRequests: "Joins, leaves, messages to rooms and history requests answered -400.",
  historyRefused: "History requests refused because too many waited or the answer found no place.",
  requestFailures: "Joins, messages to rooms and history requests answered -500.",
  published: "Messages to rooms that were taken, by operation 70 or goim's 4.",
  publishesRefused: "Messages to rooms that were refused: by the application, for the room or mid.",
  publishesTooMany: "Messages to rooms refused because a connection sent beyond publish-rate.",
  protocolErrors: "Connections closed for what they sent.",
  handshakeTimeouts: "Connections closed because they did not authenticate in time.",
  authFailures: "Connections closed because their auth failed.",
  renewals: "Connections that were let stay longer, by a fresh auth.",
  renewalFailures: "Fresh auths answered -500: their connections stay until they expire.",
  renewalsTooMany:
    "Fresh auths answered -429: more than one a second of a connection, beyond five.",
  expired: "Connections closed because their token had expired.",
  heartbeats: "Heartbeats received.",
  heartbeatTimeouts: "Connections closed because they sent no heartbeat in time.",
  framesReceived: "Frames received, of every operation.",
  receiveFailures: "Frames for the application that could not be handed to logic.",
  joinsRefused: "Joins, changes of room and reads of rooms that were refused.",
  framesPushed: "Frames of pushes written or queued, one per client.",
  framesDropped: "Frames dropped because a client's queue was full.",
  catchUps: "Members that began to be sent what they missed of a room with history.",
  catchUpsRefused: "Members that were not sent what they missed because too many were behind.",
  historyReads: "Reads of what rooms have kept.",
  historyReadFailures: "Reads of what rooms have kept that failed; they are tried again.",
  holes: "Times that a room's history was read because pushes to the room may have been missing.",
  gaps: "Times that messages of a room with history could no longer be had.",
  epochChanges: "Times that a room's offsets began anew, since the store had lost the room.",
  ringEvictions: "Times that frames kept for members who are behind made room for others.",
  slowReaders: "Connections closed because they did not read.",
  tooFarAhead: "Connections closed because they sent too far ahead of what is served.",
  tooManyOperations: "Connections closed because they sent more operations than operations-max.",
  drainMoved: "Clients told to move to another comet, since this one was drained.",
  drainClosed: "Clients without notices that were closed at their place in a drain.",
  pingsSent: "Pings sent to quiet WebSocket connections.",
  broadcastsDropped: "Paced broadcasts dropped because too many waited.",
  framesRepeated: "Frames of pushes that jobs sent again and that were left out.",
  deliveriesFenced: "Deliveries refused because the job that sent them had lost its lease.",
  deliveriesRefused: "Batches refused because the cluster may have given the comet up.",
  deliveryFailures: "Pushes that were broken and reached nobody.",
  watchesExpired: "Times that a job which watched the rooms lost touch.",
  logicFailures: "Reports, renewals and disconnects that logic failed to take.",
};

/** What each counter of logic counts, for `/metrics`. */
export const logicHelp: Readonly<Record<keyof LogicCounters, string>> = {
  connected: "Clients let in.",
  probes: "Pushes for comets that see whether they come back.",
  probesFailed: "Such pushes that the store did not take.",
  refusedTokens: "Clients refused for their token.",
  refusedLimits: "Clients refused because their mid or key had too many connections.",
  refusedJoins: "Joins of a room that were refused, at an auth or later.",
  refusedBlocked: "Clients refused because their mid or key is blocked.",
  disconnected: "Sessions that ended.",
  evicted: "Connections that made room for a newer one.",
  evictFailures: "Evicted connections that could not be closed.",
  received: "Frames handed to the application.",
  authenticateFailures: "Calls of the hook authenticate that threw or answered what they must not.",
  authenticateTimeouts: "Calls of the hook authenticate without an answer within hook-timeout.",
  authorizeJoinFailures:
    "Calls of the hook authorizeJoin that threw or answered what they must not.",
  authorizeJoinTimeouts: "Calls of the hook authorizeJoin without an answer within hook-timeout.",
  messageFailures: "Calls of the hook message that threw or answered what they must not.",
  messageTimeouts: "Calls of the hook message without an answer within hook-timeout.",
  disconnectedFailures: "Calls of the hook disconnected that threw or answered what they must not.",
  disconnectedTimeouts: "Calls of the hook disconnected without an answer within hook-timeout.",
  hookCallsRefused: "Calls of hooks that were not made because too many were under way.",
  published: "Messages of clients that were pushed to rooms.",
  messagesOff: "Messages refused because clients' messages are not published in the room.",
  messagesWrong: "Messages answered -400, since they were too long or said what cannot be.",
  messagesMuted: "Messages refused because their sender is muted.",
  messagesRepeated: "Messages refused because the sender said the same within duplicate-window.",
  messagesInSlowMode: "Messages refused because of slow-mode.",
  messagesOverRate: "Messages refused because their mid sent more than publish-mid-rate.",
  messagesRefused: "Messages that the application refused.",
  messagesFailed: "Messages answered -500, since the application or the store failed.",
  webhookCalls: "Messages about which the webhook was asked.",
  webhookRetries: "Calls of the webhook made once more, since it was not reached or answered 503.",
  webhookFailures: "Messages about which the webhook gave no answer that counts.",
  webhookCallsRefused: "Messages about which it was not asked: too many calls were under way.",
  webhookFallbacks: "Messages that were pushed unasked, as webhook-fallback says.",
  jwtMalformed: "Clients refused by auth = jwt: the token is none.",
  jwtUnsigned: "Clients refused by auth = jwt: no key here has signed the token.",
  jwtExpired: "Clients refused by auth = jwt: the token has expired.",
  jwtEarly: "Clients refused by auth = jwt: the token is not valid yet.",
  jwtForeign:
    "Clients refused by auth = jwt: the token is another issuer's, or for another audience.",
  jwtClaims: "Clients refused by auth = jwt: a claim of the token is missing or has a wrong form.",
  jwksFetches: "Times that the keys were asked for at the URL of jwks.",
  jwksFailures: "Times that the URL of jwks gave no keys.",
  authWebhookCalls: "Tokens about which auth-webhook-url was asked.",
  authWebhookRetries:
    "Calls of auth-webhook-url made once more: it was not reached or answered 503.",
  authWebhookFailures: "Tokens about which auth-webhook-url gave no answer that counts.",
  authWebhookCallsRefused: "Tokens about which it was not asked: too many calls were under way.",
  authWebhookCacheHits: "Tokens about which it was not asked: it had answered, or was being asked.",
  authWebhookFallbacks: "Clients let in although it failed, as auth-webhook-fallback says.",
  authWebhookCacheEvictions: "Its answers that were forgotten early to make room for newer ones.",
  mutes: "Mutes of users, in a room or everywhere.",
  blocks: "Blocks of users and keys.",
  reports: "Reports of comets.",
  pushesAccepted: "Push calls answered with code 0.",
  pushesRefused: "Push calls refused for what they asked.",
  pushesFailed: "Push calls that failed.",
  pushesToNobody: "Push calls by key or mid answered with code 0 that found nobody.",
  httpUnauthorized: "HTTP calls without an API key.",
  httpSlowed: "HTTP calls refused beyond api-key-failures-max.",
  failingCallersForgotten:
    "Addresses whose wrong API keys were forgotten within a minute, since there were too many.",
  httpOutOfScope: "HTTP calls whose API key lacks the scope of the call.",
  httpForbidden: "HTTP calls refused for their Host, or because a page of another site made them.",
  httpBadRequests: "HTTP calls answered with code -400.",
  httpFaults: "HTTP calls answered with code -500.",
};

/** What each counter of a job counts, for `/metrics`. */
export const jobHelp: Readonly<Record<keyof JobCounters, string>> = {
  delivered: "Pushes that comets acknowledged, one per comet.",
  probes: "Pushes by which comets see whether any get there, which they acknowledged.",
  shed: "Pushes dropped because a comet was slow, one per comet.",
  missedRooms: "Rooms with history of which a comet was told that pushes to them were dropped.",
  missedRoomsOverflows: "Times that these were too many, and it was told to look after all rooms.",
  gone: "Pushes given up because a comet was gone, one per comet.",
  batches: "Batches that comets acknowledged.",
  batchItems: "Deliveries in those batches; pushes to one room that left together are one.",
  retries: "Batches sent once more because a comet failed to take them.",
  fenced: "Pushes refused by a comet that had heard from a later owner of their partition.",
  leases: "Leases of partitions that were taken.",
  leasesLost: "Leases that ran out or went to another job before they were given up.",
  logFailures: "Calls to the push log that failed.",
};

/** What the way to the store counts. */
export const storeHelp: Readonly<Record<keyof StoreCounters, string>> = {
  interruptions: "Calls that were not carried out, or not answered, since the store was away.",
  refusals: "Calls that the store refused since it was full or took no writes.",
  losses: "How often the store was found to have lost who is connected.",
  pushesUnreadable: "Pushes left out since what the store has of them is none.",
  historyDropped: "Messages dropped from the history in memory, and quiet rooms: it was full.",
  publishIdsDropped: "Publish ids in memory forgotten before five minutes: there were too many.",
  sendersDropped:
    "Rates, pauses, texts and ids of clients who publish, in memory, forgotten before their time.",
};

/** Whom a role without an API turns away from its metrics, for `/metrics`. */
export const accessHelp: Readonly<Record<keyof AccessCounters, string>> = {
  httpUnauthorized: "HTTP calls without an API key, to a comet's or job's metrics.",
  httpSlowed: "HTTP calls refused beyond api-key-failures-max, to a comet's or job's metrics.",
  failingCallersForgotten:
    "Addresses whose wrong API keys were forgotten within a minute, since there were too many.",
  httpOutOfScope: "HTTP calls there whose API key lacks the scope read.",
  httpForbidden:
    "HTTP calls there refused for their Host, or because another site's page made them.",
};

/** What an HTTP server counts, for `/metrics`. */
export const httpHelp: Readonly<Record<keyof HttpCounters, string>> = {
  accepted: "HTTP connections taken in.",
  acceptFailures:
    "HTTP connections that were reset before that, or found no descriptor (Deno tells).",
  tlsFailures: "HTTP connections that ended in their TLS handshake, for what was sent.",
  requests: "HTTP requests that came whole.",
  malformed: "HTTP requests refused for what was sent.",
  madeRoom: "HTTP connections closed to make room for a newer one.",
  refusedFull: "HTTP connections turned away because all others had a request under way.",
  refusedLong: "HTTP connections ended for long requests, which were too many at once.",
  refusedStopping: "HTTP requests answered 503 because the server stopped.",
  headTimeouts: "HTTP connections closed because a request's head did not come in time.",
  bodyTimeouts: "HTTP connections closed because a request's body did not come in time.",
  idleTimeouts: "HTTP connections closed because no further request came.",
  answerTimeouts: "HTTP connections closed because an answer was not read in time.",
  faults: "HTTP requests that a fault of the server kept from an answer.",
};

/** What the links between processes count, for `/metrics`. */
export const rpcHelp: Readonly<Record<keyof RpcCounters, string>> = {
  links: "Links that were opened.",
  linksClosed: "Links that were lost or closed.",
  acceptFailures:
    "Connections that were reset before they were accepted, or found no descriptor (Deno tells).",
  tlsFailures: "Connections that ended in their TLS handshake, for what the peer sent.",
  refused: "Dials and hellos that led to no link.",
  calls: "Calls that were sent.",
  callsOverloaded: "Calls that were not sent because too many were under way.",
  timeouts: "Calls without an answer in time.",
  lateAnswers: "Answers that came after their call was over.",
  served: "Calls of peers that were served.",
  servedOverloaded: "Calls of peers that were refused because too many were under way.",
};

/** What a process counts of its stalls, for `/metrics`. */
export const stallHelp: Readonly<Record<keyof StallCounters, string>> = {
  stalls: "Times that the process stood still for more than half a second.",
  stalledMs: "Milliseconds that it stood still beyond that.",
};

/** What the log counts, for `/metrics`. */
export const logHelp: Readonly<Record<keyof LogCounters, string>> = {
  linesDropped: "Lines of the log dropped because nobody took them.",
  linesLeftOut: "Lines of the log left out because many of their kind came within a second.",
};
