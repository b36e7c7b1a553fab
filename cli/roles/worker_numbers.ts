import type { Clock } from "../../base/clock.ts";
import type { Comet } from "../../comet/comet.ts";
import { CometCounters } from "../../comet/counters.ts";
import { EMPTY } from "../../protocol/frame.ts";
import type { RpcLink } from "../../rpc/link.ts";
import { type LogCounters, logCounters } from "../log_counters.ts";

/** The method by which a parent asks a worker for its numbers. */
export const NUMBERS_METHOD = 40;

/** How long a worker may take, and how old an answer may be, in milliseconds. */
const NUMBERS_MS = 500;

/** What a comet and the log of its process count, and what it holds. */
export type WorkerNumbers =
  & { readonly [Name in keyof CometCounters]: number }
  & Readonly<LogCounters>
  & { readonly connections: number; readonly rooms: number };

/** The numbers of a comet in this process. */
export function numbersOf(
  { counters, connections, rooms }: Pick<Comet, "counters" | "connections" | "rooms">,
): WorkerNumbers {
  return { ...counters, ...logCounters, connections, rooms };
}

/** Numbers as a worker answers them. */
export function encodeNumbers(numbers: WorkerNumbers): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(numbers));
}

/** How a worker is asked. */
type Asked = Pick<RpcLink, "call">;

/**
 * Asks workers, and adds up what they answer, with what the log of this process counts; one that
 * does not answer in time counts nothing.
 */
async function addedUp(links: Iterable<Asked>): Promise<WorkerNumbers> {
  const answers = await Promise.allSettled(
    [...links].map((link) => link.call(NUMBERS_METHOD, EMPTY, NUMBERS_MS)),
  );
  const none = { counters: new CometCounters(), connections: 0, rooms: 0 };
  const sum: Record<string, number> = { ...numbersOf(none) };
  for (const answer of answers) {
    if (answer.status === "rejected") continue;
    const numbers: WorkerNumbers = JSON.parse(new TextDecoder().decode(answer.value));
    for (const [name, value] of Object.entries(numbers)) sum[name] += value;
  }
  return sum as unknown as WorkerNumbers;
}

/**
 * Asks workers for their numbers; all who ask within a moment share one answer.
 *
 * @param links To the workers that there are.
 */
export function sharedNumbers(
  clock: Clock,
  links: () => Iterable<Asked>,
): () => Promise<WorkerNumbers> {
  let asked: Promise<WorkerNumbers> | undefined;
  let askedMs = 0;
  return () => {
    const nowMs = clock.monotonicMs();
    if (asked === undefined || nowMs - askedMs >= NUMBERS_MS) {
      askedMs = nowMs;
      asked = addedUp(links());
    }
    return asked;
  };
}
