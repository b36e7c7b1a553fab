/** What drivers do alike that keep rooms' histories and publish ids. */
import type { Prng } from "../base/prng.ts";
import type { HistoryMessage, HistoryPage, HistoryQuery } from "../protocol/history.ts";
import { orderKeyOf, type PushMessage } from "../protocol/push_message.ts";

/** For how long a room's epoch and last offset outlive its last message, in milliseconds. */
export const ROOM_STATE_MS = 7 * 86_400_000;

/** What is answered of a room that has no state. */
export const emptyPage: HistoryPage = { epoch: "", head: 0, first: 1, messages: [], more: false };

/** A new epoch, unlike all others. */
export function newEpoch(prng: Prng): string {
  const half = () => prng.nextUint32().toString(36).padStart(7, "0");
  return half() + half();
}

/** A publish id as it is told from those of other rooms, comets and operations. */
export function publishKey(message: PushMessage, publishId: string): string {
  return `${message.kind}:${publishId.length}:${publishId}:${orderKeyOf(message)}`;
}

/** Which way of a query's three is asked for. */
export function isMediaQuery({ fromMs, toMs }: HistoryQuery): boolean {
  return fromMs !== undefined || toMs !== undefined;
}

/** Takes the first messages that a page may have, and says whether there are more. */
export function takePage(
  candidates: Iterable<HistoryMessage>,
  { last = Infinity, limit, bytesMax }: HistoryQuery,
): Pick<HistoryPage, "messages" | "more"> {
  const messages: HistoryMessage[] = [];
  const messagesMax = Math.min(last, limit);
  let bytes = 0;
  for (const message of candidates) {
    bytes += message.body.byteLength;
    const fits = messages.length < messagesMax && (bytes <= bytesMax || messages.length === 0);
    if (!fits) return { messages, more: true };
    messages.push(message);
  }
  return { messages, more: false };
}
