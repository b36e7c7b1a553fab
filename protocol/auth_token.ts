import { CloseCodes } from "./close_codes.ts";
import { excerpt } from "./excerpt.ts";
import { isInt32 } from "./int32.ts";
import { jsonMember, parseJsonObject } from "./json_object.ts";
import { Limits } from "./limits.ts";
import { ProtocolError } from "./protocol_error.ts";
import { parseRoomKey } from "./room_key.ts";
import { decodeUtf8 } from "./utf8.ts";

/** What a client says of itself in its auth frame. */
export interface AuthToken {
  /** The user's id, an int64; 0 when the token had none. */
  readonly mid: bigint;
  /** The connection's key; empty when the server is to make one up. */
  readonly key: string;
  /** Room key, or empty for no room. */
  readonly room: string;
  /** What kind of client it is, such as `web`; may be empty. */
  readonly platform: string;
  /** Operations that it wants of key, mid and broadcast pushes, each once. */
  readonly accepts: readonly number[];
}

/**
 * Parses the body of an auth frame,
 * `{"mid":123,"key":"","room_id":"live://1000","platform":"web","accepts":[1000,1001,1002]}`.
 * Every member may be missing or null. `mid` comes through exactly over all of an int64 and may be
 * a string of decimal digits too.
 *
 * @throws {ProtocolError} With `CloseCodes.authFailed`, naming the member that is wrong.
 */
export function parseAuthToken(bytes: Uint8Array): AuthToken {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw refusal("token must be valid UTF-8");
  const members = parseJsonObject(text);
  if (members === undefined) {
    throw refusal(`token must be a JSON object, current value is ${excerpt(text)}`);
  }
  return {
    mid: midOf(text, members.mid),
    key: keyOf(text, members.key),
    room: roomOf(text, members.room_id),
    platform: stringOf(text, "platform", members.platform),
    accepts: acceptsOf(text, members.accepts),
  };
}

function midOf(text: string, value: unknown): bigint {
  if (value === undefined || value === null) return 0n;
  // A number is read from its text: as a JavaScript number it is exact only up to 2^53.
  const digits = typeof value === "string" ? value : jsonMember(text, "mid")!;
  if (/^-?(0|[1-9]\d{0,18})$/.test(digits)) {
    const mid = BigInt(digits);
    if (BigInt.asIntN(64, mid) === mid) return mid;
  }
  throw wrong(text, "mid", "an int64");
}

function keyOf(text: string, value: unknown): string {
  const key = stringOf(text, "key", value);
  if (key.length <= Limits.keyCharsMax) return key;
  throw wrong(text, "key", `at most ${Limits.keyCharsMax} characters`);
}

function roomOf(text: string, value: unknown): string {
  const room = stringOf(text, "room_id", value);
  if (room === "" || parseRoomKey(room) !== undefined) return room;
  throw wrong(text, "room_id", "a room key {type}://{id}");
}

function stringOf(text: string, name: string, value: unknown): string {
  if (value === undefined || value === null) return "";
  // Half of a surrogate pair has no UTF-8: two such keys would become one on their way.
  if (typeof value === "string") return value.toWellFormed();
  throw wrong(text, name, "a string");
}

function acceptsOf(text: string, value: unknown): readonly number[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every(isInt32)) {
    throw wrong(text, "accepts", "a list of int32");
  }
  const accepts = [...new Set(value)];
  if (accepts.length <= Limits.acceptsMax) return accepts;
  throw refusal(
    `"accepts" must hold at most ${Limits.acceptsMax}, current number is ${accepts.length}`,
  );
}

function wrong(text: string, name: string, expected: string): ProtocolError {
  const value = excerpt(jsonMember(text, name)!);
  return refusal(`"${name}" must be ${expected}, current value is ${value}`);
}

function refusal(what: string): ProtocolError {
  return new ProtocolError(CloseCodes.authFailed, `Cannot read auth token: ${what}`);
}
