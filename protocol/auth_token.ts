import { CloseCodes, ProtocolError } from "./close_codes.ts";
import { excerpt } from "./excerpt.ts";
import type { StreamPosition } from "./history.ts";
import { readStreamPosition, streamPositionForm } from "./history_json.ts";
import { isHistoryCount } from "./history_query.ts";
import { isInt32 } from "./int32.ts";
import { JsonMembers, parseJsonObject } from "./json_object.ts";
import { Limits } from "./limits.ts";
import { parseRoomKey, roomKeyForm } from "./room_key.ts";
import { decodeUtf8 } from "./utf8.ts";

/** What a client wants, whoever it is. */
export interface AuthWishes {
  /** Room key, or empty for no room; undefined when it says nothing of that. */
  readonly room?: string;
  /** Operations that it wants of key, mid and broadcast pushes, each once. */
  readonly accepts: readonly number[];
  /** Behind which message of its room it goes on; undefined when it says nothing of that. */
  readonly since?: StreamPosition;
  /** How many of the latest messages of its room it wants; undefined when it says nothing of that. */
  readonly last?: number;
  /** What it understands beside goim's protocol; undefined when it says nothing of that. */
  readonly features?: readonly string[];
}

/** What a client says of itself in its auth frame. */
export interface AuthToken extends AuthWishes {
  /** Empty too when it says nothing of that. */
  readonly room: string;
  /** The user's id, an int64; 0 when the token had none. */
  readonly mid: bigint;
  /** The connection's key; empty when the server is to make one up. */
  readonly key: string;
  /** What kind of client it is, such as `web`; may be empty. */
  readonly platform: string;
}

/** The members of a token by their name in lowercase, each as its JSON text. */
type Members = ReadonlyMap<string, string>;

/**
 * Parses the body of an auth frame,
 * `{"mid":123,"key":"","room_id":"live://1000","platform":"web","accepts":[1000,1001,1002]}`.
 * Names count without regard to case, and of several the last, as Go's JSON decoder has it; a
 * member may be missing, and null is as good as missing. `mid` comes through exactly over all of an
 * int64 and may be a string of decimal digits too. Beyond goim's, there may be `features` and one of
 * `since` and `last`.
 *
 * @throws {ProtocolError} With `CloseCodes.authFailed`, naming the member that is wrong.
 */
export function parseAuthToken(bytes: Uint8Array): AuthToken {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw refusal("token must be valid UTF-8");
  const members = readMembers(text);
  return {
    mid: midOf(members),
    key: keyOf(members),
    platform: stringOf(members, "platform"),
    ...wishesOf(members),
    room: roomOf(members),
  };
}

/**
 * Parses the body of an auth frame that says by a token of somebody else who the client is, the
 * member `token`; otherwise as {@linkcode parseAuthToken}, but for `mid`, `key` and `platform`,
 * which do not count.
 *
 * @throws {ProtocolError} With `CloseCodes.authFailed`, naming the member that is wrong.
 */
export function parseAuthWishes(text: string): AuthWishes & { readonly token?: string } {
  const members = readMembers(text);
  const wishes = wishesOf(members);
  return members.has("token") ? { ...wishes, token: stringOf(members, "token") } : wishes;
}

function readMembers(text: string): Members {
  if (parseJsonObject(text) === undefined) {
    throw refusal(`token must be a JSON object, current value is ${excerpt(text)}`);
  }
  const members = new Map<string, string>();
  const all = new JsonMembers(text);
  while (all.next()) {
    const value = all.value();
    if (value !== "null") members.set(all.name().toLowerCase(), value);
  }
  return members;
}

function wishesOf(members: Members): AuthWishes {
  return {
    ...(members.has("room_id") && { room: roomOf(members) }),
    accepts: acceptsOf(members),
    ...recoveryOf(members),
    ...featuresOf(members),
  };
}

function midOf(members: Members): bigint {
  const value = members.get("mid");
  if (value === undefined) return 0n;
  const mid = parseMid(value);
  if (mid === undefined) throw wrong(members, "mid", "an int64");
  return mid;
}

/**
 * Reads a mid from its JSON text, a number or a string of decimal digits.
 *
 * @returns Nothing when it is no int64.
 */
export function parseMid(json: string): bigint | undefined {
  // A number is read from its text: as a JavaScript number it is exact only up to 2^53.
  const digits = json.startsWith('"') ? JSON.parse(json) : json;
  if (!/^-?(0|[1-9]\d{0,18})$/.test(digits)) return undefined;
  const mid = BigInt(digits);
  return BigInt.asIntN(64, mid) === mid ? mid : undefined;
}

function keyOf(members: Members): string {
  const key = stringOf(members, "key");
  if (key.length <= Limits.keyCharsMax) return key;
  throw wrong(members, "key", `at most ${Limits.keyCharsMax} characters`);
}

function roomOf(members: Members): string {
  const room = stringOf(members, "room_id");
  if (room === "" || parseRoomKey(room) !== undefined) return room;
  throw wrong(members, "room_id", roomKeyForm);
}

function stringOf(members: Members, name: string): string {
  const value = members.get(name);
  if (value === undefined) return "";
  // Half of a surrogate pair has no UTF-8: two such keys would become one on their way.
  if (value.startsWith('"')) return (JSON.parse(value) as string).toWellFormed();
  throw wrong(members, name, "a string");
}

function acceptsOf(members: Members): readonly number[] {
  const value = members.get("accepts");
  if (value === undefined) return [];
  const list: unknown = JSON.parse(value);
  if (!Array.isArray(list) || !list.every(isInt32)) {
    throw wrong(members, "accepts", "a list of int32");
  }
  const accepts = [...new Set(list)];
  if (accepts.length <= Limits.acceptsMax) return accepts;
  throw refusal(
    `"accepts" must hold at most ${Limits.acceptsMax}, current number is ${accepts.length}`,
  );
}

function recoveryOf(members: Members): Pick<AuthToken, "since" | "last"> {
  const sinceText = members.get("since");
  const lastText = members.get("last");
  if (sinceText !== undefined && lastText !== undefined) {
    throw refusal('"since" and "last" must not both be given');
  }
  if (sinceText !== undefined) {
    const since = readStreamPosition(JSON.parse(sinceText));
    if (since === undefined) throw wrong(members, "since", streamPositionForm);
    return { since };
  }
  if (lastText === undefined) return {};
  const last: unknown = JSON.parse(lastText);
  if (isHistoryCount(last)) return { last };
  throw wrong(members, "last", `an integer, 1 to ${Limits.historyMessagesMax}`);
}

function featuresOf(members: Members): Pick<AuthToken, "features"> {
  const value = members.get("features");
  if (value === undefined) return {};
  const features: unknown = JSON.parse(value);
  const isList = Array.isArray(features) && features.length <= Limits.featuresMax &&
    features.every((feature) => typeof feature === "string");
  if (!isList) throw wrong(members, "features", `a list of at most ${Limits.featuresMax} texts`);
  return { features: [...new Set(features.map((feature) => feature.toWellFormed()))] };
}

function wrong(members: Members, name: string, expected: string): ProtocolError {
  const value = excerpt(members.get(name)!);
  return refusal(`"${name}" must be ${expected}, current value is ${value}`);
}

function refusal(what: string): ProtocolError {
  return new ProtocolError(CloseCodes.authFailed, `Cannot read auth token: ${what}`);
}
