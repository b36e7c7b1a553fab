import type { Store, StoreDependencies } from "../store.ts";
import { RedisNodes } from "./nodes.ts";
import { RedisPushLog } from "./push_log.ts";
import { RedisSessions } from "./sessions.ts";
import type { RedisStore } from "./store.ts";
import { checkStore, problemOf, warnOfEviction } from "./store_check.ts";

/** Tries what is needed of Redis, and serves every port over one way to it. */
export async function openOverRedis(
  store: RedisStore,
  { clock, prng }: StoreDependencies,
): Promise<Store> {
  try {
    const problem = await checkStore(store);
    if (problem?.kind === "forbidden") throw new Error(`Cannot use Redis: ${problem.reason}`);
    await warnOfEviction(store);
  } catch (error) {
    await store.close();
    throw error;
  }
  return {
    counters: store.counters,
    openPushLog: (options) => RedisPushLog.open(store, options, prng),
    openNodes: async (leaseMs) => new RedisNodes(store, clock, leaseMs),
    openSessions: async (nodes) => new RedisSessions(store, nodes),
    problem: () => problemOf(store),
    close: () => store.close(),
  };
}
