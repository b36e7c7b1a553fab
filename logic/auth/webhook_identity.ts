import { parseMid } from "../../protocol/auth_token.ts";
import { excerpt } from "../../protocol/excerpt.ts";
import { jsonMember, parseJsonObject } from "../../protocol/json_object.ts";
import { decodeUtf8 } from "../../protocol/utf8.ts";
import { checkRefusal } from "../hook_answers.ts";
import type { Identity, Refusal } from "../hooks.ts";
import { identityOf } from "./identity_members.ts";

/**
 * Reads what an application answered about a token. Null is as good as missing, and members that are
 * not known are ignored.
 *
 * @param nowMs From when on `expires_in_ms` counts, in milliseconds since 1970.
 * @throws {TypeError} When it is no answer.
 */
export function readIdentity(bytes: Uint8Array, nowMs: number): Identity | Refusal {
  const text = decodeUtf8(bytes);
  const all = text === undefined ? undefined : parseJsonObject(text);
  if (text === undefined || all === undefined) throw new TypeError("it answered no JSON object");
  const given = Object.entries(all).filter(([, value]) => value !== null);
  const { mid, refuse, expires_in_ms: expiresInMs, ...members } = Object.fromEntries(given);
  if (refuse !== undefined) {
    if (mid !== undefined) throw new TypeError("it answered both refuse and mid");
    return checkRefusal({ refuse: refuse as string });
  }
  const exact = mid === undefined ? undefined : parseMid(jsonMember(text, "mid")!);
  if (exact === undefined) throw wrong("mid", "an int64", mid);
  if (expiresInMs === undefined) return identityOf(exact, members, undefined);
  if (typeof expiresInMs !== "number" || !Number.isSafeInteger(expiresInMs) || expiresInMs < 1) {
    throw wrong("expires_in_ms", "a number of milliseconds, an integer above 0", expiresInMs);
  }
  return identityOf(exact, members, nowMs + expiresInMs);
}

function wrong(name: string, expected: string, value: unknown): TypeError {
  const given = excerpt(JSON.stringify(value) ?? "none");
  return new TypeError(`${name} must be ${expected}, current value is ${given}`);
}
