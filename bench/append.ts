import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededPrng } from "../base/prng.ts";
import { openStore } from "../drivers/open.ts";
import type { AppendOptions, PushLog } from "../drivers/ports.ts";
import { systemClock } from "../platform/system_clock.ts";
import { partitionOfRoom } from "../protocol/push_message.ts";
import { freePort } from "../tests/support/free_port.ts";
import { cell, median, printTable, scaled } from "./measure.ts";
import { Daemon } from "./roles.ts";

const PUSHES = 100_000;
const BODY_BYTES = 100;
const ROOMS = 100;

/** Pushes that are under way at once. */
const CALLERS = 256;

/** Messages whose media time is within a minute, of those of the large room. */
const MINUTE_MS = 60_000;

/** Media time from one message of the large room to the next, in milliseconds. */
const MEDIA_STEP_MS = 40;

/** Longer than it takes to forget what was appended, in milliseconds. */
const LEASE_MS = 600_000;

/** Most messages of a page, as logic asks for. */
const PAGE = 1_000;

const retention = { sizeMax: 1_000_000, ttlMs: 3_600_000 };
const large = "live://large";

/** A store to measure, and what ends it. */
interface Subject {
  readonly url: string;
  stop(): Promise<void>;
}

/** The stores that can be measured, by name; Redis needs `redis-server`. */
const subjects: Readonly<Record<string, () => Promise<Subject>>> = {
  memory: async () => ({ url: "memory:", stop: async () => {} }),
  sqlite: async () => {
    const directory = await mkdtemp(join(tmpdir(), "halley-bench-"));
    return {
      url: `sqlite:${directory}`,
      stop: () => rm(directory, { recursive: true }),
    };
  },
  redis: async () => {
    const port = await freePort();
    const server = await Daemon.startRedis(port);
    return { url: `redis://127.0.0.1:${port}`, stop: () => server.stop() };
  },
};

/** Runs some callers that append one push after the other, and gives pushes per second. */
async function appendAll(
  log: PushLog,
  count: number,
  roomOf: (index: number) => string,
  options: AppendOptions,
): Promise<number> {
  const body = new Uint8Array(BODY_BYTES).fill(7);
  let next = 0;
  const caller = async () => {
    while (next < count) {
      const index = next++;
      const room = roomOf(index);
      const mediaMs = index * MEDIA_STEP_MS;
      const push = { kind: "room", room, operation: 1_000, body, mediaMs } as const;
      await log.append(partitionOfRoom(room, log.partitions), push, options);
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return count / (performance.now() - startMs) * 1_000;
}

/** Forgets what was appended: a job that keeps up leaves nothing. */
async function drain(log: PushLog): Promise<void> {
  for (let partition = 0; partition < log.partitions; partition++) {
    const lease = (await log.acquire(partition, "bench"))!;
    while ((await log.lag())[partition].entries > 0) {
      const entries = await log.read(lease, 10_000);
      await log.ack(lease, entries.map(({ position }) => position));
    }
  }
}

/** Milliseconds to read a minute of media time out of the middle of the large room. */
async function minute(log: PushLog, count: number): Promise<number> {
  const partition = partitionOfRoom(large, log.partitions);
  const fromMs = Math.max(0, Math.floor(count / 2) * MEDIA_STEP_MS);
  const once = async () => {
    const startMs = performance.now();
    let from = fromMs, after = 0, more = true;
    while (more) {
      const query = { room: large, fromMs: from, toMs: fromMs + MINUTE_MS, after };
      const page = await log.readHistory(
        partition,
        { ...query, limit: PAGE, bytesMax: 1 << 20 },
        retention,
      );
      const last = page.messages.at(-1);
      from = last?.mediaMs ?? from;
      after = last?.offset ?? after;
      more = page.more;
    }
    return performance.now() - startMs;
  };
  const times: number[] = [];
  for (let round = 0; round < 5; round++) times.push(await once());
  return median(times);
}

/** Measures a store in rounds of each kind in turn, of which the best counts. */
async function measure(name: string, count: number): Promise<string[]> {
  const { url, stop } = await subjects[name]();
  const store = await openStore(url, {
    clock: systemClock,
    running: systemClock,
    prng: seededPrng(1),
  });
  const log = await store.openPushLog!({
    partitions: 8,
    partitionBytesMax: 1 << 30,
    leaseMs: LEASE_MS,
  });
  try {
    const roomOf = (index: number) => `live://${index % ROOMS}`;
    const best = [0, 0];
    for (let round = 0; round < 3; round++) {
      for (const [at, options] of [{}, { retention }].entries()) {
        best[at] = Math.max(best[at], await appendAll(log, count, roomOf, options));
        await drain(log);
      }
    }
    await appendAll(log, count, () => large, { retention });
    await drain(log);
    const [without, kept] = best;
    const readMs = await minute(log, count);
    return [name, cell(without), cell(kept), cell(kept / without), cell(readMs)];
  } finally {
    await log.close();
    await store.close();
    await stop();
  }
}

/**
 * Appends to the push log of each store without and with history, and a read of a minute of media
 * time out of a room that keeps as many messages as were pushed. Needs `redis-server`.
 */
export async function run(scale: number): Promise<void> {
  const count = scaled(PUSHES, scale, CALLERS);
  const rows: string[][] = [];
  for (const name of Object.keys(subjects)) rows.push(await measure(name, count));
  printTable(
    `${count.toLocaleString("en")} pushes of ${BODY_BYTES} bytes to ${ROOMS} rooms, ` +
      `${CALLERS} at once`,
    ["store", "pushes/s", "with history", "ratio", "minute, ms"],
    rows,
  );
}
