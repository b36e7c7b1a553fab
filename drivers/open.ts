/**
 * The door of this folder: a store opens by the scheme of its URL. Another driver is a folder and a
 * line of {@linkcode schemes}.
 *
 * @module
 */
import type { Moderation, Nodes, PushLog, Sessions } from "./ports.ts";
import {
  type OpenStore,
  type PushLogOptions,
  type Store,
  type StoreDependencies,
  type StoreProblem,
} from "./store.ts";

/** What opens which URLs; only a driver that is used is loaded. */
const schemes: readonly (readonly [RegExp, () => Promise<OpenStore>])[] = [
  [/^memory:/, async () => (await import("./memory/open.ts")).openMemory],
  [/^sqlite:/, async () => (await import("./sqlite/open.ts")).openSqlite],
  [
    /^rediss?(?:-cluster|-sentinel)?:/,
    async () => (await import("./redis/tcp_store.ts")).openRedis,
  ],
  [/^https?:/, async () => (await import("./upstash/rest_store.ts")).openUpstash],
];

/** Opens a store by its URL; see {@linkcode OpenStore} for the errors. */
export async function openStore(url: string, parts: StoreDependencies): Promise<Store> {
  const driver = schemes.find(([scheme]) => scheme.test(url))?.[1];
  if (driver === undefined) {
    throw new Error(
      "Cannot open store: its URL must begin with memory:, sqlite:, redis:, rediss:, redis-cluster:, " +
        "redis-sentinel: or https:",
    );
  }
  return await (await driver())(url, parts);
}

/** Where each port is opened; a URL that several have is one store, opened once. */
export interface DriverUrls {
  readonly pushLog: string;
  readonly nodes: string;
  readonly sessions: string;
  readonly moderation: string;
}

/** How to open the drivers. */
export interface DriverOptions extends StoreDependencies, PushLogOptions {
  /** How long a node counts as alive without a report, in milliseconds. */
  readonly nodeLeaseMs?: number;
}

/** The ports of logic and job, and where they are kept. */
export interface Drivers {
  readonly pushLog: PushLog;
  readonly nodes: Nodes;
  readonly sessions: Sessions;
  readonly moderation: Moderation;
  /** The stores of these. */
  readonly stores: readonly Store[];
  /** Tries what is needed of the stores, and says what is in the way, if anything. */
  problem(): Promise<StoreProblem | undefined>;
  /** Closes the push log, and then the stores. */
  close(): Promise<void>;
}

/**
 * Opens all drivers, at one URL or each at its own; see {@linkcode OpenStore} for the errors.
 *
 * @throws {Error} When others use another number of partitions, or a store has no such port.
 */
export async function openDrivers(
  urls: string | DriverUrls,
  options: DriverOptions,
): Promise<Drivers> {
  const at = typeof urls === "string"
    ? { pushLog: urls, nodes: urls, sessions: urls, moderation: urls }
    : urls;
  const stores = new Map<string, Store>();
  const closeStores = async () => {
    for (const store of stores.values()) await store.close();
  };
  try {
    for (const url of Object.values(at)) {
      if (!stores.has(url)) stores.set(url, await openStore(url, options));
    }
    const pushLog = await stores.get(at.pushLog)!.openPushLog?.(options);
    const nodes = await stores.get(at.nodes)!.openNodes?.(options.nodeLeaseMs);
    const sessions = nodes && await stores.get(at.sessions)!.openSessions?.(nodes);
    const moderation = await stores.get(at.moderation)!.openModeration?.();
    if (
      pushLog === undefined || nodes === undefined || sessions === undefined ||
      moderation === undefined
    ) {
      throw new Error("Cannot open drivers: a store does not serve the port that is wanted of it");
    }
    return {
      pushLog,
      nodes,
      sessions,
      moderation,
      stores: [...stores.values()],
      problem: async () => {
        const problems = await Promise.all([...stores.values()].map((store) => store.problem()));
        return problems.find((problem) => problem !== undefined);
      },
      close: async () => {
        await pushLog.close();
        await closeStores();
      },
    };
  } catch (error) {
    await closeStores();
    throw error;
  }
}
