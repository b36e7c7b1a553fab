/**
 * The client's side of what goim does not have: further rooms, history, what was missed. Bodies are
 * JSON, in TCP, binary and text form alike; in text form `encodeText` takes them.
 */
import { encodeFrame } from "../protocol/frame.ts";
import { Operation } from "../protocol/operations.ts";
import type { RoomPosition } from "./codec.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A further room that a client joins, and what of it it wants: what comes from now on by default. */
export interface JoinRequest {
  /** Room key. */
  readonly room: string;
  /** What of the room it has had: what came behind it is missed. */
  readonly since?: RoomPosition;
  /** How many of the latest messages it wants. */
  readonly last?: number;
}

/** Which part of a room's history a client wants: behind an offset, the latest, or by media time. */
export interface HistoryRequest {
  /** Room key. */
  readonly room: string;
  readonly after?: number;
  readonly last?: number;
  /** From this media time on, and up to `to_ms`, in milliseconds; `after` goes on behind a page. */
  readonly from_ms?: number;
  readonly to_ms?: number;
  /** Most messages; the server gives at most 1,000. */
  readonly limit?: number;
}

/** A message that a client wants to be pushed to a room that it is in. */
export interface PublishRequest {
  /** Room key. */
  readonly room: string;
  /** The operation that members see; without one, that of the room's type. */
  readonly op?: number;
  /** Text, or what JSON can say; anything else is `body_base64`, in its place. */
  readonly body?: unknown;
  readonly body_base64?: string;
  /** Its place in the video or the like that the room is about, in milliseconds. */
  readonly media_ms?: number;
  /** Names it among the client's own: said again under this id it is stored once. */
  readonly id?: string;
}

/** What answers have in common: 0, or a negative code and why. */
export interface Answer {
  readonly code: number;
  readonly message?: string;
  /** When to try again, in milliseconds. */
  readonly retry_ms?: number;
}

/** The answer to a join, also to that of the auth's room. */
export interface JoinAnswer extends Answer, RoomPosition {
  readonly room: string;
  /** Whether everything behind `since` comes. */
  readonly recovered: boolean;
  /** How many messages come before the live ones. */
  readonly missed: number;
  /** Members of the room, where the answer is to an operation 64. */
  readonly online?: number;
}

/** The answer to an auth that asked for what goim does not have. */
export interface AuthAnswer extends JoinAnswer {
  /** The user, as digits. */
  readonly mid: string;
  readonly key: string;
  /** How often the client sends a heartbeat at least, in milliseconds. */
  readonly heartbeat_ms: number;
  /** After how long the server closes the connection, unless it authenticates afresh. */
  readonly expires_ms?: number;
}

/** The answer to a publish: its place in the room's log, where the room keeps history. */
export interface PublishAnswer extends Answer, RoomPosition {
  readonly room: string;
  /** What the application answered that took the message itself; base64 where it is not text. */
  readonly reply?: unknown;
  readonly reply_base64?: string;
}

/** A message of a room's history; its body is JSON or text, or base64 of anything else. */
export interface HistoryEntry {
  readonly offset: number;
  readonly op: number;
  readonly time_ms: number;
  readonly media_ms?: number;
  readonly mid?: string;
  readonly body?: unknown;
  readonly body_base64?: string;
}

/** Part of a room's history. */
export interface HistoryAnswer extends Answer {
  readonly room: string;
  readonly epoch: string;
  /** Offsets of the oldest message that is kept, and of the latest. */
  readonly first: number;
  readonly last: number;
  readonly messages: readonly HistoryEntry[];
  /** Whether there are more. */
  readonly more: boolean;
}

/**
 * What the server tells a client by itself: a `gap` of messages that will not come, a new `epoch` of
 * a room, how many are `online` in the further rooms, that the application is `closing` the
 * connection. Others are to be ignored.
 */
export interface Notice {
  readonly type: string;
  readonly room?: string;
  readonly epoch?: string;
  readonly from?: number;
  readonly to?: number;
  readonly count?: number;
  readonly offset?: number;
  readonly recovered?: boolean;
  readonly rooms?: Readonly<Record<string, number>>;
  /** Of `closing`: the application's code and reason, and whether to come back. */
  readonly code?: number;
  readonly reason?: string;
  readonly reconnect?: boolean;
  /** Of `moving`: after how long to connect again, in milliseconds. */
  readonly delay_ms?: number;
}

export function encodeJoin(request: JoinRequest, sequence = 0): Uint8Array {
  return encodeJson(Operation.Join, sequence, request);
}

/** @param room Room key. */
export function encodeLeave(room: string, sequence = 0): Uint8Array {
  return encodeJson(Operation.Leave, sequence, { room });
}

export function encodeHistory(request: HistoryRequest, sequence = 0): Uint8Array {
  return encodeJson(Operation.History, sequence, request);
}

export function encodePublish(request: PublishRequest, sequence = 0): Uint8Array {
  return encodeJson(Operation.Publish, sequence, request);
}

function encodeJson(operation: number, sequence: number, body: unknown): Uint8Array {
  return encodeFrame(operation, sequence, encoder.encode(JSON.stringify(body)));
}

/**
 * Reads the body of an answer or notice, of the type that its operation has.
 *
 * @throws {SyntaxError} When it is not JSON.
 */
export function decodeBody<T extends Answer | Notice>(body: Uint8Array): T {
  return JSON.parse(decoder.decode(body));
}
