import { excerpt } from "../protocol/excerpt.ts";
import { EMPTY } from "../protocol/frame.ts";
import { isInt32 } from "../protocol/int32.ts";
import { Limits } from "../protocol/limits.ts";
import { parseRoomKey, roomKeyForm } from "../protocol/room_key.ts";
import type { Hooks, Identity, Refusal, Reply } from "./hooks.ts";

/** An identity in which nothing is missing; the key may still be empty. */
export type CheckedIdentity = Required<Identity>;

/** Codes of replies to upstream messages that were not taken. */
export const ReplyCode = { refused: -403, failed: -500 } as const;

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
  const { mid, key = "", room = "", accepts = [] } = answer;
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
  return { mid, key, room, accepts: operations };
}

/** Checks what `authorizeJoin` answered: only `true` lets in, and only `false` is a refusal. */
export function checkJoin(answer: boolean): boolean {
  if (typeof answer === "boolean") return answer;
  throw wrong("the answer", "true or false", answer);
}

/** Checks what `message` answered; the body of the reply. */
export function replyBody(answer: Awaited<ReturnType<NonNullable<Hooks["message"]>>>): Uint8Array {
  if (answer === undefined) return EMPTY;
  checkObject(answer);
  if ("refuse" in answer) {
    return notTaken(ReplyCode.refused, checkRefusal(answer as Refusal).refuse);
  }
  const { reply } = answer as Reply;
  const body = typeof reply === "string" ? encoder.encode(reply) : reply;
  if (!(body instanceof Uint8Array)) throw wrong("reply", "bytes or text", reply);
  if (body.byteLength <= Limits.pushBodyBytesMax) return body;
  throw wrong("reply", `at most ${Limits.pushBodyBytesMax} bytes`, body.byteLength);
}

/** The body of the reply to a message that was not taken. */
export function notTaken(code: number, message: string): Uint8Array {
  return encoder.encode(JSON.stringify({ code, message }));
}

function checkRefusal({ refuse }: Refusal): Refusal {
  if (typeof refuse !== "string") throw wrong("refuse", "text", refuse);
  return { refuse: refuse.toWellFormed().slice(0, REASON_CHARS_MAX) };
}

function checkObject(answer: unknown): void {
  if (typeof answer !== "object" || answer === null) throw wrong("the answer", "an object", answer);
}

function wrong(name: string, expected: string, value: unknown): TypeError {
  return new TypeError(`${name} must be ${expected}, current value is ${excerpt(String(value))}`);
}
