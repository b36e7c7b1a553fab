import { bytes, int32, int64, integer, Message, text } from "../message.ts";
import { EMPTY } from "../frame.ts";
import type { ConnectionRef } from "./connection.ts";

/** A message that a client wants to be pushed to a room that it is in. */
export interface PublishRequest extends ConnectionRef {
  /** Room key. */
  readonly room: string;
  /** The operation that members see; without one, that of the room's type. */
  readonly operation?: number;
  /** Borrowed until the call returns its promise. */
  readonly body: Uint8Array;
  /** Its place in the video or the like that the room is about, in milliseconds. */
  readonly mediaMs?: number;
  /** Names it among the sender's: said again under this id it is stored once. */
  readonly publishId?: string;
}

export const publishRequestMessage = new Message<PublishRequest>({
  server: [1, text],
  connectionId: [2, integer],
  mid: [3, int64],
  key: [4, text],
  room: [5, text],
  operation: [6, int32, undefined],
  body: [7, bytes],
  mediaMs: [8, integer, undefined],
  publishId: [9, text, undefined],
});

/** What became of it. */
export interface PublishReply {
  /** 0 when it was taken; -403 refused, -429 too much, -500 a fault that may pass. */
  readonly code: number;
  /** Why it was not taken, for whoever wrote it; empty when it was. */
  readonly message: string;
  /** When it may be tried again, in milliseconds; 0 says nothing of that. */
  readonly retryMs: number;
  /** Its place in the room's log; empty where the room keeps no history. */
  readonly epoch: string;
  /** 0 where the room keeps no history. */
  readonly offset: number;
  /** What the application answered that took the message itself; empty otherwise. */
  readonly reply: Uint8Array;
}

export const publishReplyMessage = new Message<PublishReply>({
  code: [1, int32, 0],
  message: [2, text, ""],
  retryMs: [3, integer, 0],
  epoch: [4, text, ""],
  offset: [5, int32, 0],
  reply: [6, bytes, EMPTY],
});
