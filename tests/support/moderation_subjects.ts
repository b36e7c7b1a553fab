import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { ManualClock, sleep } from "../../base/clock.ts";
import { seededPrng } from "../../base/prng.ts";
import type { ModerationSubject } from "../../drivers/contract/moderation_model.ts";
import { openMemory } from "../../drivers/memory/open.ts";
import { openSqlite } from "../../drivers/sqlite/open.ts";
import { RedisModeration } from "../../drivers/redis/moderation.ts";
import type { Store, StoreDependencies } from "../../drivers/store.ts";
import { memoryDisk } from "./data_directory.ts";
import { systemClock } from "../../platform/system_clock.ts";
import {
  startClusterStore,
  type StartedStore,
  startRedisStore,
  startRestrictedStore,
  startUpstashStore,
} from "./redis_stores.ts";

/** Moderation in memory, anew for each test. */
export const memoryModeration = inThisProcess("memory", (parts) => openMemory("memory:", parts));

/** Moderation in a data directory, anew for each test. */
export const sqliteModeration = inThisProcess("sqlite", async (parts) => {
  const directory = await mkdtemp(join(memoryDisk, "halley-data-"));
  const store = await openSqlite(`sqlite:${directory}`, parts);
  return {
    ...store,
    close: async () => {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
});

/** A driver for one process, whose clock can be set ahead. */
function inThisProcess(
  name: string,
  open: (parts: StoreDependencies) => Promise<Store>,
): ModerationSubject {
  const closing: (() => Promise<void>)[] = [];
  let clock = new ManualClock();
  return {
    name,
    ownsTime: true,
    start: async () => {},
    stop: async () => {
      for (const close of closing) await close();
    },
    passTime: async (ms) => clock.advance(ms),
    open: async () => {
      clock = new ManualClock(1_000);
      const store = await open({ clock, running: clock, prng: seededPrng(1) });
      closing.push(() => store.close());
      const moderation = await store.openModeration!();
      return [moderation, moderation];
    },
  };
}

/** Moderation over a store that all tests of a suite share, opened twice. */
function overStore(name: string, start: () => Promise<StartedStore>): ModerationSubject {
  let started: StartedStore | undefined;
  return {
    name,
    ownsTime: false,
    start: async () => {
      started = await start();
    },
    stop: async () => await started?.stop(),
    passTime: (ms) => sleep(systemClock, ms),
    open: async () => {
      if (started === undefined) throw new Error(`Cannot open ${name}: it was not started`);
      const { store } = started;
      return [
        new RedisModeration(store, seededPrng(1)),
        new RedisModeration(store, seededPrng(2)),
      ];
    },
  };
}

export const redisModeration = overStore("redis", startRedisStore);
export const restrictedModeration = overStore("redis, restricted", startRestrictedStore);
export const clusterModeration = overStore("redis cluster", startClusterStore);
export const upstashModeration = overStore("upstash", () => startUpstashStore());
