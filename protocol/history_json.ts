/** History as JSON has it, in operations of clients and in the HTTP API. */
import type { HistoryMessage, HistoryPage, StreamPosition } from "./history.ts";
import { isCount } from "./history_query.ts";
import { bodyMember } from "./json_body.ts";

/** What a position in a room's log is as JSON, for whoever gave none. */
export const streamPositionForm = '{"epoch":text,"offset":an integer from 0}';

/**
 * Reads a position in a room's log.
 *
 * @param json What JSON was parsed to; names of members count without regard to case.
 * @returns Nothing when it is none.
 */
export function readStreamPosition(json: unknown): StreamPosition | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  let epoch: unknown;
  let offset: unknown;
  for (const [name, value] of Object.entries(json)) {
    if (name.toLowerCase() === "epoch") epoch = value;
    else if (name.toLowerCase() === "offset") offset = value;
  }
  if (typeof epoch !== "string" || !isCount(offset)) return undefined;
  return { epoch: epoch.toWellFormed(), offset };
}

/**
 * The members of an answer that gives part of a room's history, without braces around them. `first`
 * and `last` are the oldest and the latest offset that the room has; with nothing kept, `first` is
 * one above `last`.
 *
 * @param messages The page's messages as JSON.
 */
export function historyJson(
  room: string,
  { epoch, first, head, messages: all, more }: HistoryPage,
  messages: readonly string[] = all.map(messageJson),
): string {
  return `"room":${JSON.stringify(room)},"epoch":${JSON.stringify(epoch)},"first":${first},` +
    `"last":${head},"messages":[${messages.join(",")}],"more":${more}`;
}

/** A message of a room's history as JSON. */
export function messageJson(
  { offset, operation, timeMs, mediaMs, mid, body }: HistoryMessage,
): string {
  return `{"offset":${offset},"op":${operation},"time_ms":${timeMs},` +
    (mediaMs === undefined ? "" : `"media_ms":${mediaMs},`) +
    (mid === 0n ? "" : `"mid":"${mid}",`) +
    `${bodyMember("body", body)}}`;
}
