/**
 * Operations of the goim wire protocol that a client may see. 10 and 11 are internal to goim and
 * never on the wire; every other number is the application's own.
 */
export const Operation = {
  Handshake: 0,
  HandshakeReply: 1,
  Heartbeat: 2,
  HeartbeatReply: 3,
  SendMessage: 4,
  SendMessageReply: 5,
  DisconnectReply: 6,
  Auth: 7,
  AuthReply: 8,
  /** Wraps the frames of a batch in one WebSocket message, server to client. */
  Raw: 9,
  ChangeRoom: 12,
  ChangeRoomReply: 13,
  Subscribe: 14,
  SubscribeReply: 15,
  Unsubscribe: 16,
  UnsubscribeReply: 17,
} as const;
