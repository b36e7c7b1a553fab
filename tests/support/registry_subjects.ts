import type { RegistrySubject } from "../../drivers/contract/registry_subject.ts";
import { MemoryNodes } from "../../drivers/memory/nodes.ts";
import { MemorySessions } from "../../drivers/memory/sessions.ts";
import { RedisNodes } from "../../drivers/redis/nodes.ts";
import { RedisSessions } from "../../drivers/redis/sessions.ts";
import {
  startClusterStore,
  type StartedStore,
  startRedisStore,
  startRestrictedStore,
  startUpstashStore,
} from "./redis_stores.ts";

/** Sessions and nodes in memory, anew for each test. */
export const memoryRegistry: RegistrySubject = {
  name: "memory",
  sessionsExpire: false,
  start: async () => {},
  stop: async () => {},
  open: async ({ clock, leaseMs }) => {
    const nodes = new MemoryNodes(clock, leaseMs);
    return { nodes, sessions: new MemorySessions(nodes) };
  },
};

/** Sessions and nodes over a store that all tests of a suite share. */
function overStore(name: string, start: () => Promise<StartedStore>): RegistrySubject {
  let started: StartedStore | undefined;
  return {
    name,
    sessionsExpire: true,
    start: async () => {
      started = await start();
    },
    stop: async () => await started?.stop(),
    open: async ({ clock, leaseMs, sessionMs }) => {
      if (started === undefined) throw new Error(`Cannot open ${name}: it was not started`);
      const nodes = new RedisNodes(started.store, clock, leaseMs);
      return { nodes, sessions: new RedisSessions(started.store, nodes, sessionMs) };
    },
  };
}

export const redisRegistry = overStore("redis", startRedisStore);
export const restrictedRegistry = overStore("redis, restricted", startRestrictedStore);
export const clusterRegistry = overStore("redis cluster", startClusterStore);
export const upstashRegistry = overStore("upstash", () => startUpstashStore());
export const plainUpstashRegistry = overStore(
  "upstash without encoding",
  () => startUpstashStore({ encodes: false }),
);
