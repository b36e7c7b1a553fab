import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededPrng } from "../../base/prng.ts";
import type { PushLog } from "../../drivers/ports.ts";
import { openSqlite } from "../../drivers/sqlite/open.ts";
import type { Store } from "../../drivers/store.ts";
import { systemClock } from "../../platform/system_clock.ts";

/** Where files need not wait for a disk, if there is such a place. */
export const memoryDisk = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** Gives a test a directory of its own. */
export async function withDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "halley-data-"));
  try {
    await use(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** A store in a data directory, and its push log. */
export interface DataStore {
  readonly store: Store;
  readonly log: PushLog;
  close(): Promise<void>;
}

/**
 * Opens the store in a data directory.
 *
 * @param aheadMs How much later it is than the system's clock says.
 */
export async function openData(directory: string, aheadMs = 0): Promise<DataStore> {
  const clock = { ...systemClock, wallMs: () => systemClock.wallMs() + aheadMs };
  const parts = { clock, running: clock, prng: seededPrng(aheadMs + 1) };
  const store = await openSqlite(`sqlite:${directory}`, parts);
  const log = await store.openPushLog!({ partitions: 2, partitionBytesMax: 1 << 30 });
  return {
    store,
    log,
    close: async () => {
      await log.close();
      await store.close();
    },
  };
}
