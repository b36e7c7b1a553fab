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
  /** Joins a further room. This and what follows goim does not have; 64 to 75 are ours. */
  Join: 64,
  JoinReply: 65,
  Leave: 66,
  LeaveReply: 67,
  History: 68,
  HistoryReply: 69,
  Publish: 70,
  PublishReply: 71,
  /** Tells a client of what it will not get, or should do; server to client. */
  Notice: 72,
  /** Wraps pushes to a further room with its key, server to client. */
  RoomBatch: 74,
} as const;

/** Whether an operation is goim's or ours: one that no application may give a meaning of its own. */
export function isProtocolOperation(operation: number): boolean {
  return (operation >= 0 && operation <= 17) || (operation >= 64 && operation <= 75);
}
