import { Buffer } from "node:buffer";
import { createClient, createCluster, ErrorReply, RESP_TYPES } from "@redis/client";
import type { Clock } from "../../base/clock.ts";
import { codeOf, type Unavailability, unavailabilityIn } from "./errors.ts";
import { withTimeout } from "../../base/with_timeout.ts";
import type { RedisHost, RedisUrl } from "./redis_url.ts";
import { askSentinels, SentinelWatch } from "./sentinels.ts";
import type { Argument } from "./store.ts";

/** Settings of the connections. */
const ConnectionLimits = {
  /** How long a connection may take to come about, in milliseconds. */
  connectMsMax: 3_000,
  /**
   * How long a connection of a Redis Cluster, or to a Sentinel, may be silent while an answer is
   * due, in milliseconds; the client library judges it, by the machine's clock.
   */
  silentMsMax: 5_000,
  /** How often an idle connection is tried, in milliseconds. */
  pingMs: 2_000,
} as const;

/**
 * Commands to one Redis, whatever stands behind its URL. A connection that is lost is not made
 * again: it is replaced by a new one of these.
 */
export interface RedisCommands {
  /** Whether commands may go well. */
  readonly isOpen: boolean;
  /** The one server that is behind them; nothing for a cluster. */
  readonly host: RedisHost | undefined;
  /** Runs a script that the server has. */
  evalSha(hash: string, keys: readonly string[], args: readonly Argument[]): Promise<unknown>;
  /** Runs a script, and leaves it with the server. */
  eval(source: string, keys: readonly string[], args: readonly Argument[]): Promise<unknown>;
  /** Waits for an entry of a stream; takes the connection until then. */
  waitForEntry(stream: string, afterId: string, waitMs: number): Promise<unknown>;
  /**
   * Is told that a command was not answered: a single connection closes, and fails all that wait
   * for it, while other nodes of a Redis Cluster go on answering.
   */
  unanswered(): void;
  /** Waits for what is under way, then closes. */
  close(): Promise<void>;
  /** Closes at once. */
  destroy(): void;
}

/**
 * Connects.
 *
 * @param clock The time in which this process ran.
 * @param lost Hears of each connection that is lost afterwards.
 * @returns Settles when commands can be sent.
 * @throws {Error} What `@redis/client` throws.
 */
export async function connectRedis(
  url: RedisUrl,
  clock: Clock,
  lost: (error: Error) => void,
): Promise<RedisCommands> {
  const options: Shared = {
    username: url.username,
    password: url.password,
    socket: url.kind === "cluster" ? watchedSocketOf(url) : socketOf(url),
    // What cannot be sent at once fails, so that nothing piles up while Redis is away.
    disableOfflineQueue: true,
    pingInterval: ConnectionLimits.pingMs,
    commandOptions: { timeout: undefined, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  };
  if (url.kind === "cluster") return await openCluster(url, options, lost);
  const host = url.kind === "sentinel"
    ? await askSentinels(url, { socket: watchedSocketOf(url) })
    : url.hosts[0];
  return await openSingle(host, { ...options, database: url.database }, clock, lost);
}

/**
 * Hears whom the Sentinels of a URL name as master, from now on.
 *
 * @returns Nothing where there are none.
 */
export function watchSentinels(
  url: RedisUrl,
  named: (host: RedisHost) => void,
): SentinelWatch | undefined {
  if (url.kind !== "sentinel") return undefined;
  const { pingMs: pingInterval } = ConnectionLimits;
  return new SentinelWatch(url, { socket: watchedSocketOf(url), pingInterval }, named);
}

type Shared = Parameters<typeof createClient>[0] & object;

function socketOf(url: RedisUrl): NonNullable<Shared["socket"]> {
  return {
    connectTimeout: ConnectionLimits.connectMsMax,
    // One that finds its way back by itself does not notice a server that takes and never
    // answers, and with Sentinels sends again what may have been done.
    reconnectStrategy: false,
    noDelay: true,
    ...(url.tls ? { tls: true as const } : {}),
  };
}

/** A socket that is lost when an answer does not come, for where calls do not see to that. */
function watchedSocketOf(url: RedisUrl): NonNullable<Shared["socket"]> {
  return { ...socketOf(url), socketTimeout: ConnectionLimits.silentMsMax };
}

/** Calls over it have a deadline of their own, so it has none: that would not know of a stall. */
async function openSingle(
  { host, port }: RedisHost,
  options: Shared,
  clock: Clock,
  lost: (error: Error) => void,
): Promise<RedisCommands> {
  const client = createClient({ ...options, socket: { ...options.socket, host, port } });
  let connected = false;
  client.on("error", (error) => connected && lost(error));
  try {
    await withTimeout(clock, ConnectionLimits.connectMsMax, client.connect());
  } catch (error) {
    client.destroy();
    throw error;
  }
  connected = true;
  return {
    host: { host, port },
    get isOpen() {
      return client.isOpen;
    },
    evalSha: (hash, keys, args) => client.evalSha(hash, parameters(keys, args)),
    eval: (source, keys, args) => client.eval(source, parameters(keys, args)),
    waitForEntry: (...wait) => client.sendCommand(xread(...wait)),
    unanswered: () => client.destroy(),
    close: () => client.close(),
    destroy: () => client.destroy(),
  } satisfies RedisCommands as RedisCommands;
}

/** Nodes are connected to when they are first needed. */
async function openCluster(
  url: RedisUrl,
  { commandOptions, ...defaults }: Shared,
  lost: (error: Error) => void,
): Promise<RedisCommands> {
  const cluster = createCluster({
    rootNodes: url.hosts.map(({ host, port }) => ({
      ...defaults,
      socket: { ...defaults.socket, host, port },
    })),
    defaults,
    commandOptions,
    minimizeConnections: true,
  });
  let connected = false;
  let refusal: Error | undefined;
  cluster.on("error", (error) => connected ? lost(error) : refusal = error);
  cluster.on("node-error", (error) => connected && lost(error));
  try {
    await cluster.connect();
  } catch (error) {
    cluster.destroy();
    // It says only that no node would do, and not why.
    throw refusal ?? error;
  }
  connected = true;
  return {
    host: undefined,
    get isOpen() {
      return cluster.isOpen;
    },
    evalSha: (hash, keys, args) => cluster.evalSha(hash, parameters(keys, args)),
    eval: (source, keys, args) => cluster.eval(source, parameters(keys, args)),
    waitForEntry: (...wait) => cluster.sendCommand(wait[0], false, xread(...wait)),
    unanswered() {},
    close: () => cluster.close(),
    destroy: () => cluster.destroy(),
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

/** Answers to a hello; some come wrapped. */
const refused = /^(?:WRONGPASS|NOAUTH|NOPERM)\b/;

/** What failed may go well later, but for an answer that says what is wrong with the call. */
export function unavailabilityOf(error: unknown): Unavailability | undefined {
  if (error instanceof Error && error.name === "NotCapable") return undefined;
  if (error instanceof ErrorReply) return unavailabilityIn(error.message);
  return error instanceof Error && refused.test(error.message) ? undefined : "away";
}

/** Whether another connection may do better. */
export function needsConnection(error: unknown): boolean {
  if (!(error instanceof ErrorReply)) return true;
  // It has become a replica.
  return codeOf(error.message) === "READONLY";
}
