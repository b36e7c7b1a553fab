/** Judges the messages that clients have sent: what was taken came, and what was refused did not. */
import type { StreamPosition } from "../../protocol/history.ts";
import type { AcceptedMessages, Published, PublishedTotals } from "../show/types.ts";
import type { MessageNumbers } from "./message_numbers.ts";

/** Failures that are described; the others are only counted. */
const DESCRIBED_MAX = 20;

/** The number of a message that is not of this run, in a room that others use as well. */
export const FOREIGN = 0;

/** What all processes say, put together: a room's epoch once. */
export function mergePublished(parts: readonly Published[]): Published {
  const accepted = Object.values(Object.groupBy(
    parts.flatMap(({ accepted }) => accepted),
    ({ room, epoch }) => `${room} ${epoch}`,
  )).map((same) => ({
    room: same![0].room,
    epoch: same![0].epoch,
    numbers: same!.flatMap(({ numbers }) => numbers),
    offsets: same!.flatMap(({ offsets }) => offsets),
    sentMs: same!.flatMap(({ sentMs }) => sentMs),
  }));
  const sum = (value: (part: Published) => number) =>
    parts.reduce((total, part) => total + value(part), 0);
  const reasons = new Map<string, number>();
  for (const [reason, count] of parts.flatMap((part) => part.reasons)) {
    reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  }
  return {
    sent: sum(({ sent }) => sent),
    accepted,
    refused: parts.flatMap(({ refused }) => refused),
    reasons: [...reasons].sort(([, one], [, other]) => other - one),
    failed: sum(({ failed }) => failed),
    unanswered: sum(({ unanswered }) => unanswered),
    failures: parts.flatMap(({ failures }) => failures).slice(0, DESCRIBED_MAX),
  };
}

/** Where each room's log had got to at least; undefined where that is not known. */
export function headsOf(
  accepted: readonly AcceptedMessages[],
  rooms: number,
): (StreamPosition | undefined)[] {
  return Array.from({ length: rooms }, (_, room) => {
    const epochs = accepted.filter((one) => one.room === room);
    // Of several epochs nobody knows which came last.
    if (epochs.length !== 1) return undefined;
    const [{ epoch, offsets }] = epochs;
    return { epoch, offset: offsets.reduce((one, other) => Math.max(one, other), 0) };
  });
}

/**
 * Messages that stand behind a later one of the same client.
 *
 * @param authorOf The client of a message; its numbers rise.
 */
export function countOutOfOrder(
  accepted: readonly AcceptedMessages[],
  authorOf: (number: number) => number,
): number {
  let count = 0;
  for (const { numbers, offsets } of accepted) {
    const sorted = numbers.map((number, at) => [number, offsets[at]] as const)
      .sort(([one], [other]) => one - other);
    let before = { author: -1, offset: 0 };
    for (const [number, offset] of sorted) {
      const author = authorOf(number);
      if (author === before.author && offset <= before.offset) count++;
      before = { author, offset };
    }
  }
  return count;
}

/** Compares what has come to the clients of a process with what was taken and refused of all. */
export function judgePublished(
  numbers: MessageNumbers,
  { accepted, refused }: Pick<Published, "accepted" | "refused">,
): PublishedTotals {
  const failures: string[] = [];
  const describe = (failure: string) => {
    if (failures.length < DESCRIBED_MAX) failures.push(failure);
  };
  let [misplaced, slipped, doubled] = [0, 0, 0];
  for (const { room, epoch, numbers: taken, offsets } of accepted) {
    for (const [at, number] of taken.entries()) {
      const found = numbers.at(room, epoch, offsets[at]);
      // Where nobody of this process got this offset, their cursors say whether they should have.
      if (found === undefined || found === number) continue;
      misplaced++;
      describe(
        `message ${number} was taken at offset ${offsets[at]} of room ${room}, where ` +
          (found === FOREIGN ? "something else came" : `message ${found} came`),
      );
    }
  }
  const isRefused = new Set(refused);
  for (const room of numbers.rooms) {
    const seen = new Set<number>();
    for (const messages of numbers.epochsOf(room).values()) {
      messages.forEach((number, offset) => {
        if (number === FOREIGN) return;
        if (isRefused.has(number)) {
          slipped++;
          describe(`message ${number} was refused, and came at offset ${offset} of room ${room}`);
        }
        if (seen.has(number)) {
          doubled++;
          describe(`message ${number} came again at offset ${offset} of room ${room}`);
        }
        seen.add(number);
      });
    }
  }
  return { misplaced, slipped, doubled, failures };
}
