import { excerpt } from "../../protocol/excerpt.ts";
import { readStreamPosition, streamPositionForm } from "../../protocol/history_json.ts";
import { parseJsonObject } from "../../protocol/json_object.ts";
import { isHistoryCount } from "../../protocol/history_query.ts";
import { Limits } from "../../protocol/limits.ts";
import { RequestCode } from "../../protocol/request_codes.ts";
import { parseRoomKey, roomKeyForm } from "../../protocol/room_key.ts";
import { decodeUtf8 } from "../../protocol/utf8.ts";
import type { JoinFrom } from "../memberships.ts";

/** A request is not carried out; the client is told why. */
export class RequestRefused extends Error {
  override readonly name = "RequestRefused";

  /**
   * @param code One of {@linkcode RequestCode}.
   * @param message For whoever wrote the client.
   * @param retryMs When it may be tried again, in milliseconds; 0 says nothing of that.
   */
  constructor(readonly code: number, message: string, readonly retryMs = 0) {
    super(message);
  }
}

/** The members of a request's JSON body. */
export type RequestMembers = Readonly<Record<string, unknown>>;

/**
 * Reads the body of a request. Of several members of a name the last counts, and null is as good as
 * missing.
 *
 * @throws {RequestRefused} When it is no JSON object.
 */
export function requestMembers(body: Uint8Array): RequestMembers {
  const text = decodeUtf8(body);
  const members = text === undefined ? undefined : parseJsonObject(text);
  if (members === undefined) {
    throw wrong("the body must be a JSON object in UTF-8", excerpt(text ?? "no text"));
  }
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null));
}

/**
 * The room that a request is about.
 *
 * @throws {RequestRefused} When it names none.
 */
export function roomOf({ room }: RequestMembers): string {
  // Half of a surrogate pair has no UTF-8: two such rooms would become one on their way.
  const key = typeof room === "string" ? room.toWellFormed() : "";
  if (parseRoomKey(key) !== undefined) return key;
  throw wrongMember("room", roomKeyForm, room);
}

/**
 * Which messages of before the request wants.
 *
 * @throws {RequestRefused} When it cannot be told.
 */
export function joinFromOf({ since, last }: RequestMembers): JoinFrom {
  if (since !== undefined && last !== undefined) {
    throw new RequestRefused(RequestCode.badRequest, '"since" and "last" must not both be given');
  }
  if (since !== undefined) {
    const position = readStreamPosition(since);
    if (position === undefined) throw wrongMember("since", streamPositionForm, since);
    return { since: position };
  }
  if (last === undefined) return {};
  if (isHistoryCount(last)) return { last };
  throw wrongMember("last", `an integer, 1 to ${Limits.historyMessagesMax}`, last);
}

/** Refuses a member for what it is. */
export function wrongMember(name: string, rule: string, value: unknown): RequestRefused {
  return wrong(`"${name}" must be ${rule}`, jsonOf(value));
}

function wrong(rule: string, value: string): RequestRefused {
  return new RequestRefused(RequestCode.badRequest, `${rule}, current value is ${value}`);
}

/** What a member was; frames bound how deep it can be. */
function jsonOf(value: unknown): string {
  return value === undefined ? "missing" : excerpt(JSON.stringify(value));
}
