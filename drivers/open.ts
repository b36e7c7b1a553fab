import type { Clock } from "../base/clock.ts";
import type { Prng } from "../base/prng.ts";
import type { StoreCounters } from "./counters.ts";
import type { Nodes, PushLog, Sessions } from "./ports.ts";
import { warnOfEviction } from "./redis/eviction.ts";
import { RedisNodes } from "./redis/nodes.ts";
import { RedisPushLog } from "./redis/push_log.ts";
import { RedisSessions } from "./redis/sessions.ts";
import type { RedisStore } from "./redis/store.ts";
import { checkStore, problemOf, type StoreProblem } from "./redis/store_check.ts";

/** How to open the drivers. */
export interface DriverOptions {
  /** The bearer token of a REST URL. */
  readonly token?: string;
  readonly clock: Clock;
  /** The time in which this process ran: what waits for Redis is judged by it. */
  readonly running: Clock;
  readonly prng: Prng;
  /** How many partitions the push log has; the same for all who open it. */
  readonly partitions: number;
  /** Bytes of entries not yet acknowledged that one partition may hold. */
  readonly partitionBytesMax: number;
}

/** What logic and job stand on, over one way to Redis. */
export interface Drivers {
  readonly pushLog: PushLog;
  readonly sessions: Sessions;
  readonly nodes: Nodes;
  /** What the way to Redis counts. */
  readonly counters: StoreCounters;
  /** Tries what is needed of Redis, and says what is in the way, if anything. */
  problem(): Promise<StoreProblem | undefined>;
  /** Ends every wait and every connection. */
  close(): Promise<void>;
}

/**
 * Opens the drivers by a URL: `https://…` and `http://…` with a token is the REST protocol of
 * Upstash, everything else what `parseRedisUrl` takes. What speaks to Redis is loaded only now, and
 * only the one that is used.
 *
 * @throws {StoreUnavailable} When Redis cannot be reached now; asking again later may go well.
 * @throws {Error} When the URL, the user or the token is wrong, the user may not do what is needed,
 * or others use another number of partitions.
 */
export async function openDrivers(url: string, options: DriverOptions): Promise<Drivers> {
  const { clock, partitions, partitionBytesMax } = options;
  const store = await openStore(url, options);
  try {
    const problem = await checkStore(store);
    if (problem?.kind === "forbidden") throw new Error(`Cannot use Redis: ${problem.reason}`);
    const pushLog = await RedisPushLog.open(store, { partitions, partitionBytesMax });
    const nodes = new RedisNodes(store, clock);
    await warnOfEviction(store);
    return {
      pushLog,
      nodes,
      sessions: new RedisSessions(store, nodes),
      counters: store.counters,
      problem: () => problemOf(store),
      close: async () => {
        await pushLog.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openStore(
  url: string,
  { token = "", running: clock, prng }: DriverOptions,
): Promise<RedisStore> {
  if (!/^https?:\/\//.test(url)) {
    return await (await import("./redis/tcp_store.ts")).openRedisStore(url, { clock, prng });
  }
  if (token === "") throw new Error("Cannot open Redis over REST: it needs a token");
  return (await import("./upstash/rest_store.ts")).openUpstashStore(url, token, { clock, prng });
}
