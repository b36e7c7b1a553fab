import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, sleep } from "../../base/clock.ts";
import { systemClock } from "../../platform/system_clock.ts";
import { seededPrng } from "../../base/prng.ts";
import type { PushLogSubject } from "../../drivers/contract/push_log_model.ts";
import { MemoryPushLog } from "../../drivers/memory/push_log.ts";
import { RedisPushLog } from "../../drivers/redis/push_log.ts";
import type { RedisStore } from "../../drivers/redis/store.ts";
import { openRedisStore } from "../../drivers/redis/tcp_store.ts";
import type { PushLog } from "../../drivers/ports.ts";
import { openSqlite } from "../../drivers/sqlite/open.ts";
import type { PushLogOptions } from "../../drivers/store.ts";
import { UpstashStore } from "../../drivers/upstash/rest_store.ts";
import { memoryDisk } from "./data_directory.ts";
import { redisCli, RedisServer, startRedisCluster } from "./redis_server.ts";
import { addRestrictedUser } from "./restricted_user.ts";
import { type GatewayOptions, openUpstashGateway } from "./upstash_gateway.ts";

const parts = { clock: systemClock, prng: seededPrng(1) };

/** A push log in memory, anew for each test. */
export const memoryPushLog = inThisProcess("memory", 100_000, async (options, clock) => ({
  log: new MemoryPushLog(clock, options),
  close: async () => {},
}));

/** A push log in a data directory, anew for each test. */
export const sqlitePushLog = inThisProcess("sqlite", 10_000, async (options, clock) => {
  const directory = await mkdtemp(join(memoryDisk, "halley-data-"));
  const store = await openSqlite(`sqlite:${directory}`, { ...parts, clock, running: clock });
  return {
    log: await store.openPushLog!(options),
    close: async () => {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
});

/** A driver whose clock can be set ahead. */
function inThisProcess(
  name: string,
  manyMessages: number,
  open: (options: PushLogOptions, clock: Clock) => Promise<{
    readonly log: PushLog;
    close(): Promise<void>;
  }>,
): PushLogSubject {
  let aheadMs = 0;
  const clock: Clock = {
    ...systemClock,
    monotonicMs: () => systemClock.monotonicMs() + aheadMs,
    wallMs: () => systemClock.wallMs() + aheadMs,
  };
  const closing: (() => Promise<void>)[] = [];
  return {
    name,
    manyMessages,
    ownsTime: true,
    start: async () => {},
    stop: async () => {
      for (const close of closing) await close();
    },
    passTime: async (ms) => {
      aheadMs += ms;
    },
    open: async (options) => {
      aheadMs = 0;
      const { log, close } = await open(options, clock);
      closing.push(close);
      return [log, log];
    },
  };
}

/** What runs for the tests of one driver. */
interface Running {
  /** Ports of the servers that hold data. */
  readonly ports: readonly number[];
  open(): Promise<RedisStore>;
  stop(): Promise<void>;
}

async function flush(ports: readonly number[]): Promise<void> {
  for (const port of ports) await redisCli(port, "FLUSHALL");
}

function overRedis(name: string, start: () => Promise<Running>): PushLogSubject {
  let running: Running | undefined;
  let stores: readonly RedisStore[] = [];
  const closeStores = () => Promise.all(stores.map((store) => store.close()));
  return {
    name,
    manyMessages: 2_000,
    ownsTime: false,
    passTime: (ms) => sleep(systemClock, ms),
    start: async () => {
      running = await start();
    },
    stop: async () => {
      await closeStores();
      await running?.stop();
    },
    lose: async () => {
      await flush(running!.ports);
    },
    open: async (options) => {
      if (running === undefined) throw new Error(`Cannot open ${name}: it was not started`);
      await closeStores();
      await flush(running.ports);
      const [first, second] = stores = [await running.open(), await running.open()];
      return [await RedisPushLog.open(first, options), await RedisPushLog.open(second, options)];
    },
  };
}

export const redisPushLog = overRedis("redis", async () => {
  const server = await RedisServer.start();
  return {
    ports: [server.port],
    open: () => openRedisStore(server.url, parts),
    stop: () => server.stop(),
  };
});

export const restrictedPushLog = overRedis("redis, restricted", async () => {
  const server = await RedisServer.start();
  const url = await addRestrictedUser(server);
  return {
    ports: [server.port],
    open: () => openRedisStore(url, parts),
    stop: () => server.stop(),
  };
});

export const redisClusterPushLog = overRedis("redis cluster", async () => {
  const group = await startRedisCluster();
  return {
    ports: group.servers.map(({ port }) => port),
    open: () => openRedisStore(group.url, parts),
    stop: () => group.stop(),
  };
});

export const upstashPushLog = overGateway("upstash", {});
export const plainUpstashPushLog = overGateway("upstash without encoding", { encodes: false });

function overGateway(name: string, options: GatewayOptions): PushLogSubject {
  return overRedis(name, () => startGateway(options));
}

async function startGateway(options: GatewayOptions): Promise<Running> {
  const server = await RedisServer.start();
  const gateway = await openUpstashGateway(server.url, options);
  return {
    ports: [server.port],
    open: async () => new UpstashStore(gateway.url, gateway.token, parts),
    stop: async () => {
      await gateway.close();
      await server.stop();
    },
  };
}
