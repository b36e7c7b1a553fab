import { excerpt } from "./excerpt.ts";
import { type HistoryQuery, OFFSET_MAX } from "./history.ts";
import { Limits } from "./limits.ts";

/** Whether so many messages of a room's history may be asked for. */
export function isHistoryCount(value: unknown): value is number {
  return isCount(value) && value >= 1 && value <= Limits.historyMessagesMax;
}

/**
 * What a caller may ask of a room's history: by `after`, by `last`, or by `fromMs` and `toMs`;
 * without any, from the beginning.
 *
 * ```ts
 * import type { HistoryRange } from "./mod.ts";
 *
 * const latest: HistoryRange = { last: 50 };
 * const nextPage: HistoryRange = { after: 41, limit: 1_000 };
 * const thirdMinute: HistoryRange = { fromMs: 120_000, toMs: 180_000 };
 * console.log(latest, nextPage, thirdMinute);
 * ```
 */
export interface HistoryRange {
  /**
   * Those behind this offset. With `fromMs` and `toMs`, those of media time `fromMs` begin behind
   * it: the next page begins with media time and offset of the last message before.
   */
  readonly after?: number;
  /** So many of the latest, 1 to 1000, oldest first. */
  readonly last?: number;
  /** Those whose media time is this or later, in milliseconds, by media time. */
  readonly fromMs?: number;
  /** Those whose media time is before this, in milliseconds. */
  readonly toMs?: number;
  /** Most messages to give, 1 to 1000; 100 without. */
  readonly limit?: number;
}

/** What is wrong with a question, in words. */
export interface HistoryRangeFault {
  readonly wrong: string;
}

/**
 * Makes what a caller asks for a query.
 *
 * @param room Room key.
 * @param range Not checked yet.
 * @param bytesMax Most bytes of bodies to give, though at least one message.
 */
export function historyQuery(
  room: string,
  range: { readonly [Name in keyof HistoryRange]: unknown },
  bytesMax: number,
): HistoryQuery | HistoryRangeFault {
  const { after, last, fromMs, toMs, limit } = range;
  const isByMedia = fromMs !== undefined || toMs !== undefined;
  if (last !== undefined && (isByMedia || after !== undefined)) {
    return { wrong: "last must be given alone, or with limit" };
  }
  if (after !== undefined && !(isCount(after) && after <= OFFSET_MAX)) {
    return wrong("after", 0, OFFSET_MAX, after);
  }
  if (last !== undefined && !isHistoryCount(last)) {
    return wrong("last", 1, Limits.historyMessagesMax, last);
  }
  if (limit !== undefined && !isHistoryCount(limit)) {
    return wrong("limit", 1, Limits.historyMessagesMax, limit);
  }
  if (!isByMedia) {
    if (last !== undefined) return { room, last, limit: limit ?? last, bytesMax };
    return { room, after: after ?? 0, limit: limit ?? Limits.historyMessages, bytesMax };
  }
  if (!isCount(fromMs) || !isCount(toMs) || fromMs > toMs) {
    return { wrong: "from_ms and to_ms must be integers from 0, and from_ms not above to_ms" };
  }
  const by = after === undefined ? { fromMs, toMs } : { fromMs, toMs, after };
  return { room, ...by, limit: limit ?? Limits.historyMessages, bytesMax };
}

/** Whether a value is a whole number from 0. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && value as number >= 0;
}

function wrong(name: string, min: number, max: number, value: unknown): HistoryRangeFault {
  const text = excerpt(JSON.stringify(value));
  return { wrong: `${name} must be an integer, ${min} to ${max}, current value is ${text}` };
}
