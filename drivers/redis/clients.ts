import { Buffer } from "node:buffer";
import { createClient, createCluster, createSentinel, ErrorReply, RESP_TYPES } from "@redis/client";
import { backoffMs, type BackoffOptions } from "../../base/backoff.ts";
import type { Prng } from "../../base/prng.ts";
import type { RedisUrl } from "./redis_url.ts";
import type { Argument } from "./store.ts";

/** Settings of the connections. */
export const ConnectionLimits = {
  /** How long a connection may take to come about, in milliseconds. */
  connectMsMax: 3_000,
  /** How long a connection may be silent while an answer is due, in milliseconds. */
  silentMsMax: 5_000,
  /** How often an idle connection is tried, in milliseconds. */
  pingMs: 2_000,
} as const;

const reconnect: BackoffOptions = { baseMs: 50, maxMs: 1_000, factor: 2, jitter: 0.3 };

/** Commands to one Redis, whatever stands behind its URL. */
export interface RedisCommands {
  /** Runs a script that the server has. */
  evalSha(hash: string, keys: readonly string[], args: readonly Argument[]): Promise<unknown>;
  /** Runs a script, and leaves it with the server. */
  eval(source: string, keys: readonly string[], args: readonly Argument[]): Promise<unknown>;
  /** Waits for an entry of a stream; takes the connection until then. */
  waitForEntry(stream: string, afterId: string, waitMs: number): Promise<unknown>;
  /** Waits for what is under way, then closes. */
  close(): Promise<void>;
  /** Closes at once. */
  destroy(): void;
}

/** What becomes of a connection. */
export interface ConnectionEvents {
  /** It was lost; it is being made again. */
  lost(error: Error): void;
  /** It is there. */
  ready(): void;
}

/**
 * Connects.
 *
 * @param prng Jitter of the waits between tries.
 * @returns Settles when commands can be sent; from then on a lost connection is made again.
 * @throws {Error} What `@redis/client` throws when the first try fails.
 */
export async function connectRedis(
  url: RedisUrl,
  prng: Prng,
  events: ConnectionEvents,
): Promise<RedisCommands> {
  let wasReady = false;
  const socket = {
    connectTimeout: ConnectionLimits.connectMsMax,
    socketTimeout: ConnectionLimits.silentMsMax,
    reconnectStrategy: (retries: number, cause: Error) =>
      wasReady ? backoffMs(Math.min(retries, 10), reconnect, prng) : cause,
    noDelay: true,
    ...(url.tls ? { tls: true as const, servername: url.hosts[0].host } : {}),
  };
  const options: Shared = {
    username: url.username,
    password: url.password,
    socket,
    // What cannot be sent at once fails, so that nothing piles up while Redis is away.
    disableOfflineQueue: true,
    pingInterval: ConnectionLimits.pingMs,
    commandOptions: { timeout: undefined, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  };
  const commands = await open(url, options, events);
  wasReady = true;
  return commands;
}

type Shared = Parameters<typeof createClient>[0] & object;

function open(url: RedisUrl, options: Shared, events: ConnectionEvents): Promise<RedisCommands> {
  if (url.kind === "cluster") return openCluster(url, options, events);
  if (url.kind === "sentinel") return openSentinel(url, options, events);
  return openSingle(url, options, events);
}

async function openSingle(url: RedisUrl, options: Shared, events: ConnectionEvents) {
  const [{ host, port }] = url.hosts;
  const client = createClient({
    ...options,
    socket: { ...options.socket, host, port },
    database: url.database,
  });
  client.on("error", events.lost).on("ready", events.ready);
  await client.connect();
  return {
    evalSha: (hash, keys, args) => client.evalSha(hash, parameters(keys, args)),
    eval: (source, keys, args) => client.eval(source, parameters(keys, args)),
    waitForEntry: (...wait) => client.sendCommand(xread(...wait)),
    close: () => client.close(),
    destroy: () => client.destroy(),
  } satisfies RedisCommands as RedisCommands;
}

async function openCluster(url: RedisUrl, options: Shared, events: ConnectionEvents) {
  const { commandOptions, ...defaults } = options;
  const cluster = createCluster({
    rootNodes: url.hosts.map(({ host, port }) => ({
      ...defaults,
      socket: { ...options.socket, host, port, reconnectStrategy: false },
    })),
    defaults,
    commandOptions,
    minimizeConnections: true,
  });
  cluster.on("error", events.lost).on("node-error", events.lost).on("node-ready", events.ready);
  await cluster.connect();
  return {
    evalSha: (hash, keys, args) => cluster.evalSha(hash, parameters(keys, args)),
    eval: (source, keys, args) => cluster.eval(source, parameters(keys, args)),
    waitForEntry: (...wait) => cluster.sendCommand(wait[0], false, xread(...wait)),
    close: () => cluster.close(),
    destroy: () => cluster.destroy(),
  } satisfies RedisCommands as RedisCommands;
}

async function openSentinel(url: RedisUrl, options: Shared, events: ConnectionEvents) {
  const { commandOptions, ...nodeClientOptions } = options;
  const sentinel = createSentinel({
    name: url.master,
    sentinelRootNodes: url.hosts.map(({ host, port }) => ({ host, port })),
    nodeClientOptions,
    sentinelClientOptions: { socket: options.socket },
    commandOptions,
    passthroughClientErrorEvents: true,
    scanInterval: 1_000,
  });
  sentinel.on("error", events.lost).on("ready", events.ready);
  sentinel.on("topology-change", () => {});
  await sentinel.connect();
  return {
    evalSha: (hash, keys, args) => sentinel.evalSha(hash, parameters(keys, args)),
    eval: (source, keys, args) => sentinel.eval(source, parameters(keys, args)),
    waitForEntry: (...wait) => sentinel.sendCommand(false, xread(...wait)),
    close: () => sentinel.close(),
    destroy: () => sentinel.destroy(),
  } satisfies RedisCommands as RedisCommands;
}

function parameters(keys: readonly string[], args: readonly Argument[]) {
  return { keys: [...keys], arguments: args.map(toRedis) };
}

/** `@redis/client` takes bytes only as a `Buffer`. */
function toRedis(argument: Argument): string | Buffer {
  if (typeof argument === "string") return argument;
  return Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength);
}

function xread(stream: string, afterId: string, waitMs: number): string[] {
  return ["XREAD", "COUNT", "1", "BLOCK", String(waitMs), "STREAMS", stream, afterId];
}

/** Answers by which Redis says that it cannot serve now, but may soon. */
const passing =
  /^(?:LOADING|BUSY|MASTERDOWN|READONLY|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|OOM|MISCONF)\b/;

/** Answers to a hello; some come wrapped. */
const refused = /^(?:WRONGPASS|NOAUTH|NOPERM)\b/;

/** Whether what failed may go well later: all but an answer that says what is wrong. */
export function isPassing(error: unknown): boolean {
  if (error instanceof Error && error.name === "NotCapable") return false;
  if (error instanceof ErrorReply) return passing.test(error.message);
  return !(error instanceof Error && refused.test(error.message));
}
