/**
 * The client's side of the goim wire protocol: what a client says, and what a server's frames mean.
 * A socket that cuts messages itself, as a browser's WebSocket does, needs no more than this file,
 * and `rooms.ts` for what goim does not have; `stream.ts` puts TCP and WebSocket's own framing below
 * it. Nothing here or in what it imports is of Node, Bun or Deno.
 */
import { EMPTY, encodeFrame, forEachFrame, type Frame, writeInt32 } from "../protocol/frame.ts";
import { jsonMember } from "../protocol/json_object.ts";
import { Operation } from "../protocol/operations.ts";
import { decodeRoomBatch } from "../protocol/room_batch.ts";

const encoder = new TextEncoder();

/** What a client says of itself. */
export interface ClientIdentity {
  /** The user's id, an int64. */
  readonly mid: number | bigint;
  /** The connection's key; the server makes one up where there is none. */
  readonly key?: string;
  /** Room key; no room where there is none. */
  readonly room?: string;
  readonly platform?: string;
  /** Operations that it wants of key, mid and broadcast pushes. */
  readonly accepts?: readonly number[];
  /** What of its room it has had: what came behind it is missed. */
  readonly since?: RoomPosition;
  /** How many of the latest messages of its room it wants. */
  readonly last?: number;
  /** `rooms` for further rooms, `notices` to be told of gaps; the server answers in JSON then. */
  readonly features?: readonly string[];
}

/** A place in a room's log. */
export interface RoomPosition {
  readonly epoch: string;
  readonly offset: number;
}

/** A frame that may be for one of several rooms. */
export interface RoomFrame extends Frame {
  /** Key of the further room that it was pushed to; empty for every other frame. */
  room: string;
}

/** The body of an auth frame. */
export function authToken({ mid, room, ...rest }: ClientIdentity): string {
  const { key, platform, accepts, since, last, features } = rest;
  const others = JSON.stringify({
    key,
    room_id: room,
    platform,
    accepts,
    since,
    last,
    features,
  });
  // JSON.stringify takes no bigint, and a number is exact up to 2^53 alone.
  return others === "{}" ? `{"mid":${mid}}` : `{"mid":${mid},${others.slice(1)}`;
}

export function encodeAuth(identity: ClientIdentity, sequence = 1): Uint8Array {
  return encodeFrame(Operation.Auth, sequence, encoder.encode(authToken(identity)));
}

export function encodeHeartbeat(sequence = 0): Uint8Array {
  return encodeFrame(Operation.Heartbeat, sequence, EMPTY);
}

/** @param room Room key; empty to leave without joining another. */
export function encodeChangeRoom(room: string, sequence = 0): Uint8Array {
  return encodeFrame(Operation.ChangeRoom, sequence, encoder.encode(room));
}

/**
 * A frame in goim's text mode.
 *
 * @param body Its bytes in UTF-8.
 */
export function encodeText(operation: number, sequence: number, body = ""): string {
  return JSON.stringify({ ver: 1, op: operation, seq: sequence, body: body || undefined });
}

/**
 * Visits the frames of a WebSocket binary message; those of a batch one by one.
 *
 * @param visit Borrows the frame until it returns. `room` is the key of the further room that it was
 * pushed to, and empty for every other frame.
 * @throws {ProtocolError} When they do not end with a whole frame.
 */
export function forEachPlainFrame(
  bytes: Uint8Array,
  visit: (frame: Frame, room: string) => void,
): void {
  forEachFrame(bytes, (frame) => unwrapFrame(frame, visit));
}

/** Visits a frame, or those of a batch one by one; see {@linkcode forEachPlainFrame}. */
export function unwrapFrame(frame: Frame, visit: (frame: Frame, room: string) => void): void {
  if (frame.operation === Operation.Raw) {
    forEachFrame(frame.body, (inner) => visit(inner, ""));
  } else if (frame.operation === Operation.RoomBatch) {
    const { room, frames } = decodeRoomBatch(frame.body);
    forEachFrame(frames, (inner) => visit(inner, room));
  } else {
    visit(frame, "");
  }
}

/**
 * Decodes a frame of goim's text mode.
 *
 * @throws {SyntaxError} When it is not JSON.
 */
export function decodeText(text: string): RoomFrame {
  const { ver: version = 1, op: operation, seq: sequence = 0, room = "", ...rest } = JSON.parse(
    text,
  );
  const body = bytesOf(text, operation, rest.body, rest.encoding);
  return { version, operation, sequence, body, room };
}

/** The bytes that the body of a text frame stands for; see `encodeJsonFrame`. */
function bytesOf(text: string, operation: number, body: unknown, encoding: unknown): Uint8Array {
  const json = jsonMember(text, "body");
  if (json === undefined || json === "{}") return EMPTY;
  if (typeof body === "string") {
    return encoding === "base64" ? Uint8Array.fromBase64(body) : encoder.encode(body);
  }
  if (operation !== Operation.HeartbeatReply) return encoder.encode(json);
  const online = new Uint8Array(4);
  writeInt32(online, 0, Number(body));
  return online;
}
