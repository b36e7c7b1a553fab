/** Judges what rooms have kept of a show: whoever opens the video later gets it all, in its place. */
import type { HistoryEntry } from "../../client/rooms.ts";
import type { MediaPart } from "../show_api.ts";
import type { AcceptedMessages } from "../show/types.ts";
import type { Finding } from "../types.ts";

/** A part of the video, and what a room has kept of it. */
export interface KeptPart extends MediaPart {
  readonly room: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** The number of one of the simulator's messages. */
function numberOf({ body }: HistoryEntry, tag: number): number | undefined {
  const { sim } = (body ?? {}) as { readonly sim?: readonly number[] };
  return sim?.[0] === tag ? sim[1] : undefined;
}

/**
 * Whether each message that was taken is kept once, in its place.
 *
 * @param parts What rooms have kept of all parts of the video.
 * @param tag Of this run's messages.
 */
export function keptFinding(
  accepted: readonly AcceptedMessages[],
  parts: readonly KeptPart[],
  tag: number,
): Finding {
  let [expected, missing, wrong] = [0, 0, 0];
  for (const { room, epoch, numbers, offsets } of accepted) {
    const ofRoom = parts.filter((part) => part.room === room && part.epoch === epoch);
    const found = new Map<number, number>();
    for (const { messages, fromMs, toMs } of ofRoom) {
      for (const message of messages) {
        const number = numberOf(message, tag);
        if (number === undefined) continue;
        const { offset, media_ms = -1 } = message;
        if (found.has(offset) || media_ms < fromMs || media_ms >= toMs) wrong++;
        found.set(offset, number);
      }
    }
    for (const [at, offset] of offsets.entries()) {
      // What was there longest may be dropped for what came later.
      if (ofRoom.length === 0 || ofRoom.some(({ first }) => offset < first)) continue;
      expected++;
      if (!found.has(offset)) missing++;
      else if (found.get(offset) !== numbers[at]) wrong++;
    }
  }
  return {
    check: "what was said is kept in its place",
    ok: missing + wrong === 0,
    text: `${missing} of ${expected} messages are not found by their place in the video, ` +
      `${wrong} are elsewhere or twice`,
  };
}
