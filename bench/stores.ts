import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededPrng } from "../base/prng.ts";
import { openStore } from "../drivers/open.ts";
import type { PushLog } from "../drivers/ports.ts";
import type { Store } from "../drivers/store.ts";
import { systemClock } from "../platform/system_clock.ts";
import { freePort } from "../tests/support/free_port.ts";
import { Daemon } from "./roles.ts";

/** A store to measure, and what ends it. */
interface StartedStore {
  readonly url: string;
  stop(): Promise<void>;
}

/** The stores that can be measured, by name; Redis needs `redis-server`. */
const started: Readonly<Record<string, () => Promise<StartedStore>>> = {
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

/** Names of all stores that {@linkcode withPushLog} knows. */
export const storeNames: readonly string[] = Object.keys(started);

/** Longer than it takes to forget what was appended, in milliseconds. */
const LEASE_MS = 600_000;

/**
 * Gives a store of its own, empty.
 *
 * @param name Its name, or the URL of one that is there.
 */
export async function withStore<Result>(
  name: string,
  use: (store: Store) => Promise<Result>,
): Promise<Result> {
  const { url, stop } = await (started[name]?.() ?? { url: name, stop: async () => {} });
  const store = await openStore(url, {
    clock: systemClock,
    running: systemClock,
    prng: seededPrng(1),
  });
  try {
    return await use(store);
  } finally {
    await store.close();
    await stop();
  }
}

/** Gives the push log of such a store. */
export function withPushLog<Result>(
  name: string,
  use: (log: PushLog) => Promise<Result>,
): Promise<Result> {
  return withStore(name, async (store) => {
    const log = await store.openPushLog!({
      partitions: 8,
      partitionBytesMax: 1 << 30,
      leaseMs: LEASE_MS,
    });
    try {
      return await use(log);
    } finally {
      await log.close();
    }
  });
}

/** Does something so many times, with so many under way at once, and gives how many a second. */
export async function perSecond(
  count: number,
  callers: number,
  act: (index: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const caller = async () => {
    while (next < count) await act(next++);
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: callers }, caller));
  return count / (performance.now() - startMs) * 1_000;
}

/** Forgets what was appended: a job that keeps up leaves nothing. */
export async function drain(log: PushLog): Promise<void> {
  for (let partition = 0; partition < log.partitions; partition++) {
    const lease = (await log.acquire(partition, "bench"))!;
    while ((await log.lag())[partition].entries > 0) {
      const entries = await log.read(lease, 10_000);
      await log.ack(lease, entries.map(({ position }) => position));
    }
  }
}
