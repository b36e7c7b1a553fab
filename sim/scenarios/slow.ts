import { pushBulk } from "../http_push.ts";
import type { Stage } from "../stage.ts";
import type { Scenario } from "./scenario.ts";

/** How many stop reading at most: each fills the system's buffers. */
const SLOW_MAX = 50;

/** More than a system holds for a connection, so that the server's own queues fill up, in bytes. */
const BULK_BYTES = 12 * 1024 * 1024;
const BULK_PUSH_BYTES = 60_000;

/** By how much the others' latency may grow; loopback is noisy. */
const GROWTH_MAX = 3;

/** What is never too slow, in milliseconds. */
const QUICK_MS = 20;

/** How long they read again before it is seen what became of them, in milliseconds. */
const READ_MS = 2_000;

/** The median of the p99 of the samples from one on, in milliseconds. */
function usualP99Ms({ samples }: Stage, from: number): number {
  const seen = samples.slice(from).map(({ p99Ms }) => p99Ms).filter((ms) => ms > 0);
  return seen.toSorted((a, b) => a - b)[seen.length >> 1] ?? 0;
}

/** Fills the queues of clients that do not read, in half of the time that there is. */
async function fillQueues(stage: Stage, clients: readonly number[], spanMs: number): Promise<void> {
  const target = { api: stage.target.api, apiKey: stage.options.apiKey };
  const pushes = BULK_BYTES / BULK_PUSH_BYTES;
  for (let sent = 0; sent < pushes && clients.length > 0; sent++) {
    await pushBulk(target, clients, BULK_PUSH_BYTES);
    await stage.wait(spanMs / 2 / pushes);
  }
}

/** A share stops reading: the others must not notice. */
export const slow: Scenario = {
  async run(stage) {
    const { rate, durationMs, seed, share, clients } = stage.options;
    stage.phase("all read");
    const start = stage.samples.length;
    stage.pusher.start(rate);
    await stage.wait(durationMs / 2);
    const beforeMs = usualP99Ms(stage, start);
    const slow = await stage.fleet.stopReading({
      share: Math.min(share, SLOW_MAX / clients),
      seed,
    });
    stage.phase(`${slow.length} do not read`);
    const stopped = stage.samples.length;
    await Promise.all([stage.wait(durationMs / 2), fillQueues(stage, slow, durationMs / 2)]);
    const meanwhileMs = usualP99Ms(stage, stopped);
    stage.phase("all read again");
    await stage.fleet.readAgain();
    await stage.wait(READ_MS);
    stage.find({
      check: "slow readers hold up nobody",
      ok: meanwhileMs <= Math.max(QUICK_MS, GROWTH_MAX * beforeMs),
      text: `p99 was ${beforeMs.toFixed(1)} ms before and ${meanwhileMs.toFixed(1)} ms meanwhile`,
    });
    Object.assign(stage.notes, {
      p99_before_ms: beforeMs,
      p99_meanwhile_ms: meanwhileMs,
      slow_clients: slow.length,
      slow_closed: stage.last?.slowClosed ?? 0,
    });
  },
};
