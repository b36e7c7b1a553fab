import { systemClock } from "../../platform/system_clock.ts";
import { seededPrng } from "../../base/prng.ts";
import type { RedisStore } from "../../drivers/redis/store.ts";
import { openRedisStore } from "../../drivers/redis/tcp_store.ts";
import { UpstashStore } from "../../drivers/upstash/rest_store.ts";
import { RedisServer, startRedisCluster } from "./redis_server.ts";
import { addRestrictedUser, RESTRICTED_USER } from "./restricted_user.ts";
import { type GatewayOptions, openUpstashGateway } from "./upstash_gateway.ts";

/** A store with a real Redis of its own behind it. */
export interface StartedStore {
  readonly store: RedisStore;
  /** Where it is, and what opens it there. */
  readonly url: string;
  readonly token: string;
  /** Closes the store and ends the Redis. */
  stop(): Promise<void>;
}

const parts = { clock: systemClock, prng: seededPrng(1) };

/** Starts a Redis. */
export async function startRedisStore(): Promise<StartedStore> {
  const server = await RedisServer.start();
  return await overTcp(server.url, () => server.stop());
}

/** Starts a Redis, for a user who may do what docs/operations.md says and nothing else. */
export async function startRestrictedStore(): Promise<StartedStore> {
  const server = await RedisServer.start();
  return await overTcp(await addRestrictedUser(server), () => server.stop());
}

/** Starts a Redis Cluster of three masters, for a user as {@linkcode startRestrictedStore} has. */
export async function startClusterStore(): Promise<StartedStore> {
  const cluster = await startRedisCluster();
  for (const server of cluster.servers) await addRestrictedUser(server, "+cluster|slots");
  const url = cluster.url.replace("//", `//${RESTRICTED_USER}@`);
  return await overTcp(url, () => cluster.stop());
}

/** Starts a Redis, and a gateway of the REST protocol before it. */
export async function startUpstashStore(options: GatewayOptions = {}): Promise<StartedStore> {
  const server = await RedisServer.start();
  const gateway = await openUpstashGateway(server.url, options);
  const { url, token } = gateway;
  const store = new UpstashStore(url, token, parts);
  return {
    store,
    url,
    token,
    stop: async () => {
      await store.close();
      await gateway.close();
      await server.stop();
    },
  };
}

async function overTcp(url: string, stopServers: () => Promise<void>): Promise<StartedStore> {
  const store = await openRedisStore(url, parts);
  return {
    store,
    url,
    token: "",
    stop: async () => {
      await store.close();
      await stopServers();
    },
  };
}
