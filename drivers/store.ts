import type { Clock } from "../base/clock.ts";
import type { Prng } from "../base/prng.ts";
import type { Moderation, Nodes, PushLog, Sessions } from "./ports.ts";

/** What a way to a store counts, as `storeHelp` of `cli/counter_help.ts` says. All only grow. */
export class StoreCounters {
  interruptions = 0;
  refusals = 0;
  losses = 0;
  pushesUnreadable = 0;
  historyDropped = 0;
  publishIdsDropped = 0;
  sendersDropped = 0;
}

/** Why a store cannot do what it is needed for. */
export interface StoreProblem {
  /** It is not there, its memory is used up, it takes no writes, or it refuses the user. */
  readonly kind: "away" | "full" | "unwritable" | "forbidden";
  /** In words that anybody may read: without hosts, users and keys. */
  readonly reason: string;
}

/** What a store is opened with. */
export interface StoreDependencies {
  /** The bearer token of a REST URL. */
  readonly token?: string;
  readonly clock: Clock;
  /** The time in which this process ran: what waits for an answer is judged by it. */
  readonly running: Clock;
  readonly prng: Prng;
}

/** What a way to a store is made with; its clock is the time in which this process ran. */
export type WayDependencies = Pick<StoreDependencies, "clock" | "prng">;

/** How a push log is opened. */
export interface PushLogOptions {
  /** How many partitions there are; the same for all who open the log. */
  readonly partitions: number;
  /** Bytes of entries not yet acknowledged that one partition may hold. */
  readonly partitionBytesMax: number;
  /** How long a lease lives after it was last renewed, in milliseconds. */
  readonly leaseMs?: number;
  /** The last offset of an epoch; less than `OFFSET_MAX` where a test wants to see the next one. */
  readonly offsetMax?: number;
}

/**
 * One way to where data is kept, and the ports that stand on it. Whoever opened a store closes it,
 * after its ports; a port never closes its store. A store that cannot serve a port has no method
 * for it.
 */
export interface Store {
  readonly counters: StoreCounters;
  /** @throws {Error} When others use it with another number of partitions. */
  openPushLog?(options: PushLogOptions): Promise<PushLog>;
  /** @param leaseMs How long a node counts as alive without a report, in milliseconds. */
  openNodes?(leaseMs?: number): Promise<Nodes>;
  /** @param nodes Says which runs are alive. */
  openSessions?(nodes: Nodes): Promise<Sessions>;
  openModeration?(): Promise<Moderation>;
  /** Tries what is needed of the store, and says what is in the way, if anything. */
  problem(): Promise<StoreProblem | undefined>;
  /** Ends every wait and every connection. */
  close(): Promise<void>;
}

/**
 * Opens a store by its URL.
 *
 * @throws {StoreUnavailable} When it cannot be reached now; asking again later may go well.
 * @throws {Error} When the URL, the user or the token is wrong, or the user may not do what is
 * needed.
 */
export type OpenStore = (url: string, parts: StoreDependencies) => Promise<Store>;
