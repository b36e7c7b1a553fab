import type { ClientExtras, Permissions } from "../protocol/cluster/connection.ts";
import { excerpt } from "../protocol/excerpt.ts";
import { readStreamPosition, streamPositionForm } from "../protocol/history_json.ts";
import { isHistoryCount } from "../protocol/history_query.ts";
import { isInt32 } from "../protocol/int32.ts";
import { Limits } from "../protocol/limits.ts";
import { parseRoomKey, roomKeyForm } from "../protocol/room_key.ts";
import { isRoomPatterns, roomPatternsForm } from "../protocol/room_patterns.ts";
import type { Hooks, Identity, Refusal, Replacement, Reply } from "./hooks.ts";

/** An identity in which nothing of goim's is missing; the key may still be empty. */
export interface CheckedIdentity
  extends Required<Pick<Identity, "mid" | "key" | "room" | "accepts">> {
  /** Nothing when the answer has none of `since`, `last` and `features`. */
  readonly extras: ClientExtras | undefined;
  /** Nothing when it may go anywhere. */
  readonly allowed: Omit<Permissions, "expiresInMs">;
  /** Until when, in milliseconds since 1970; undefined: for good. */
  readonly expiresAtMs: number | undefined;
}

/** What is to become of a message: with no member it passes. */
export interface Verdict {
  /** Why it is refused. */
  readonly refuse?: string;
  /** What is pushed in its place. */
  readonly replace?: Uint8Array;
  /** What is answered, since it is not pushed. */
  readonly reply?: Uint8Array;
}

/** What of a refusal's reason is passed on, in characters. */
const REASON_CHARS_MAX = 1_000;

const encoder = new TextEncoder();

/**
 * Checks what `authenticate` answered.
 *
 * @throws {TypeError} When it is no answer; the message says what is wrong.
 */
export function checkIdentity(answer: Identity | Refusal): CheckedIdentity | Refusal {
  checkObject(answer);
  if ("refuse" in answer) return checkRefusal(answer);
  const { mid, key = "", room = "", accepts = [], expiresAtMs } = answer;
  if (typeof mid !== "bigint" || BigInt.asIntN(64, mid) !== mid) {
    throw wrong("mid", "a bigint within an int64", mid);
  }
  if (typeof key !== "string" || key.length > Limits.keyCharsMax || !key.isWellFormed()) {
    throw wrong("key", `well-formed text of at most ${Limits.keyCharsMax} characters`, key);
  }
  const isRoom = typeof room === "string" && room.isWellFormed() &&
    (room === "" || parseRoomKey(room) !== undefined);
  if (!isRoom) throw wrong("room", roomKeyForm, room);
  const isList = Array.isArray(accepts) && accepts.length <= Limits.acceptsMax;
  // Gaps become members: every() would pass over them.
  const operations = isList ? [...new Set<number>(accepts)] : [];
  if (!isList || !operations.every(isInt32)) {
    throw wrong("accepts", `a list of at most ${Limits.acceptsMax} int32`, accepts);
  }
  if (expiresAtMs !== undefined && !Number.isSafeInteger(expiresAtMs)) {
    throw wrong("expiresAtMs", "milliseconds since 1970, an integer", expiresAtMs);
  }
  const [extras, allowed] = [checkExtras(answer), checkPatterns(answer)];
  return { mid, key, room, accepts: operations, extras, allowed, expiresAtMs };
}

function checkPatterns({ rooms, publish }: Identity): CheckedIdentity["allowed"] {
  for (const [name, patterns] of Object.entries({ rooms, publish })) {
    if (patterns === undefined || isRoomPatterns(patterns)) continue;
    throw wrong(name, roomPatternsForm, JSON.stringify(patterns));
  }
  return {
    ...(rooms && { rooms: rooms.slice() }),
    ...(publish && { publish: publish.slice() }),
  };
}

function checkExtras({ room = "", since, last, features }: Identity): ClientExtras | undefined {
  if (since === undefined && last === undefined && features === undefined) return undefined;
  if (since !== undefined && last !== undefined) {
    throw new TypeError("since and last must not both be given");
  }
  const position = readStreamPosition(since);
  if (since !== undefined && position === undefined) {
    throw wrong("since", streamPositionForm, JSON.stringify(since));
  }
  if (last !== undefined && !isHistoryCount(last)) {
    throw wrong("last", `an integer, 1 to ${Limits.historyMessagesMax}`, last);
  }
  const isList = features === undefined ||
    (Array.isArray(features) && features.length <= Limits.featuresMax);
  const texts = isList ? [...new Set<string>(features)] : [];
  if (!isList || !texts.every(isText)) {
    throw wrong("features", `a list of at most ${Limits.featuresMax} texts`, features);
  }
  if (room === "" || (since === undefined && last === undefined)) return { features: texts };
  return position === undefined ? { features: texts, last } : { features: texts, since: position };
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value.isWellFormed();
}

/** Checks what `authorizeJoin` answered: only `true` lets in, and only `false` is a refusal. */
export function checkJoin(answer: boolean): boolean {
  if (typeof answer === "boolean") return answer;
  throw wrong("the answer", "true or false", answer);
}

/**
 * Checks what `message` answered.
 *
 * @param isPushed Whether the message is pushed to its room, so that there is what to replace.
 */
export function checkVerdict(
  answer: Awaited<ReturnType<NonNullable<Hooks["message"]>>>,
  isPushed: boolean,
): Verdict {
  if (answer === undefined) return {};
  checkObject(answer);
  const { refuse, replace, reply } = answer as Partial<Refusal & Replacement & Reply>;
  const given = [refuse, replace, reply].filter((member) => member !== undefined);
  if (given.length !== 1) throw wrong("one of refuse, replace, reply", "given", given.length);
  if (refuse !== undefined) return checkRefusal({ refuse });
  if (replace === undefined) return { reply: checkBody("reply", reply) };
  if (!isPushed) throw new TypeError("replace must not be given: the message is not pushed");
  return { replace: checkBody("replace", replace) };
}

/** @throws {TypeError} When it cannot be the body of a push. */
export function checkBody(name: string, value: unknown): Uint8Array {
  const body = typeof value === "string" ? encoder.encode(value) : value;
  if (!(body instanceof Uint8Array)) throw wrong(name, "bytes or text", value);
  if (body.byteLength <= Limits.pushBodyBytesMax) return body;
  throw wrong(name, `at most ${Limits.pushBodyBytesMax} bytes`, body.byteLength);
}

export function checkRefusal({ refuse }: Refusal): Refusal {
  if (typeof refuse !== "string") throw wrong("refuse", "text", refuse);
  return { refuse: refuse.toWellFormed().slice(0, REASON_CHARS_MAX) };
}

function checkObject(answer: unknown): void {
  if (typeof answer !== "object" || answer === null) throw wrong("the answer", "an object", answer);
}

function wrong(name: string, expected: string, value: unknown): TypeError {
  return new TypeError(`${name} must be ${expected}, current value is ${excerpt(String(value))}`);
}
