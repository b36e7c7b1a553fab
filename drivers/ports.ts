import type { PushMessage } from "../protocol/push_message.ts";
import type { CometNode, ConnectionRef } from "../protocol/cluster/contract.ts";

export { type CometNode, NodeReplaced, NodeUnknown } from "../protocol/cluster/contract.ts";

/** A push in the log. */
export interface PushEntry {
  /** A safe integer that grows within a partition, also when the log has lost its data. */
  readonly position: number;
  readonly message: PushMessage;
}

/**
 * The store cannot be reached, or did not answer in time: what was asked may have been done or not,
 * and asking again later may go well.
 */
export class StoreUnavailable extends Error {
  override readonly name: string = "StoreUnavailable";
}

/** The store is there but full, or may not write: nothing was done, and later may go well. */
export class StoreRefused extends StoreUnavailable {
  override readonly name = "StoreRefused";
}

/** The log has no room; nothing was stored. */
export class PushLogFull extends Error {
  override readonly name = "PushLogFull";
}

/** The right to read a partition, for a while. */
export interface Lease {
  readonly partition: number;
  /** This run of the job that holds it. */
  readonly owner: string;
  /** The fencing token: a safe integer that grows at each change of owner. */
  readonly token: number;
}

/** The lease ran out and may be another owner's now, or the log was closed. */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";
}

/** How many pushes of a partition are not yet acknowledged. */
export interface PartitionLag {
  readonly entries: number;
  /** Bytes that count against the partition's limit. */
  readonly bytes: number;
}

/** The ordered, partitioned log between logic and job. */
export interface PushLog {
  readonly partitions: number;
  /** How long a lease, or an owner, lives after it was last renewed, in milliseconds. */
  readonly leaseMs: number;
  /**
   * Stores a push at the end of a partition.
   *
   * @returns The entry's position; once it is there, the push will be delivered.
   * @throws {PushLogFull} When the partition's bytes not yet acknowledged are at their limit.
   */
  append(partition: number, message: PushMessage): Promise<number>;
  /**
   * Joins the owners among whom the partitions are shared, or stays among them: to be called at a
   * third of {@linkcode leaseMs}.
   *
   * @returns All live owners, sorted, the caller included.
   */
  join(owner: string): Promise<readonly string[]>;
  /** Leaves the owners and gives up every lease at once. */
  leave(owner: string): Promise<void>;
  /**
   * Takes the lease of a partition that nobody holds, or renews one's own, whose token stays.
   *
   * @returns Nothing while the lease is another owner's.
   */
  acquire(partition: number, owner: string): Promise<Lease | undefined>;
  /** Gives a lease up; one that is lost already is ignored. */
  release(lease: Lease): Promise<void>;
  /**
   * Takes the next entries of a partition, oldest first, and waits a while when there are none.
   * They stay pending until acknowledged.
   *
   * @param entriesMax The most to take.
   * @returns The entries, or none when none came.
   * @throws {LeaseLost} When the lease is not the caller's any more; then nothing was taken.
   */
  read(lease: Lease, entriesMax: number): Promise<readonly PushEntry[]>;
  /**
   * All pending entries of a partition, oldest first, those of owners before included: what is
   * handled before `read`, after each new lease and each failed read.
   *
   * @throws {LeaseLost} When the lease is not the caller's any more.
   */
  claim(lease: Lease): Promise<readonly PushEntry[]>;
  /**
   * Forgets entries that every live comet concerned has taken.
   *
   * @throws {LeaseLost} When the lease is not the caller's any more; then they stay.
   */
  ack(lease: Lease, positions: readonly number[]): Promise<void>;
  /** What is not yet acknowledged, per partition. */
  lag(): Promise<readonly PartitionLag[]>;
  /** Ends every waiting `read`. */
  close(): Promise<void>;
}

/** How many connections one user and one key may have, and what happens to one more. */
export interface SessionLimits {
  readonly perMidMax: number;
  readonly perKeyMax: number;
  /** Refuse the new connection, or let it in and close the oldest. */
  readonly whenFull: "refuse" | "close-oldest";
}

/** What became of a new session. */
export type SessionAdded =
  | { readonly added: true; readonly evicted: readonly ConnectionRef[] }
  | { readonly added: false };

/** Who is connected where. */
export interface Sessions {
  /** Stores a session, atomically with the limits; evicted ones are already forgotten. */
  add(session: ConnectionRef, limits: SessionLimits): Promise<SessionAdded>;
  /**
   * Forgets a session if it is this very connection's.
   *
   * @returns Whether there was one.
   */
  remove(session: ConnectionRef): Promise<boolean>;
  /**
   * Keeps sessions from expiring, and stores again those that got lost; limits do not matter.
   * Sessions of a run that is not registered stay as they are.
   */
  renew(sessions: readonly ConnectionRef[]): Promise<void>;
  /** Sessions of these users on nodes that are alive. */
  byMids(mids: readonly bigint[]): Promise<readonly ConnectionRef[]>;
  /** Sessions of these keys on nodes that are alive. */
  byKeys(keys: readonly string[]): Promise<readonly ConnectionRef[]>;
}

/** A node with its latest report. */
export interface NodeState extends CometNode {
  readonly connections: number;
  /** Distinct client addresses. */
  readonly clientAddresses: number;
  /** Members per room key. */
  readonly rooms: ReadonlyMap<string, number>;
  /** When it last reported, in milliseconds since the Unix epoch. */
  readonly reportedMs: number;
}

/** Which runs of nodes are alive. */
export interface Runs {
  /** Whether a run is registered and its lease runs. */
  isAlive(server: string): boolean;
  /** Whether another run has the name of this one, which is then gone for good. */
  isReplaced(server: string): boolean;
}

/** The registry of comets. A registration is a lease: without reports it runs out. */
export interface Nodes {
  /**
   * How long a node counts as alive without a report, in milliseconds; `Infinity` where nodes are
   * taken out by whoever sees their process end.
   */
  readonly leaseMs: number;
  /**
   * Registers a node, or changes it; its sessions stay. An earlier run of the same name is gone
   * with that, and so are its sessions.
   */
  register(node: CometNode): Promise<void>;
  /** Takes a node out; one that is not there is ignored. */
  unregister(server: string): Promise<void>;
  /** Marks a node as leaving: it keeps its connections and gets no new ones. */
  setOffline(server: string): Promise<void>;
  /**
   * Stores a report and renews the lease.
   *
   * @throws {NodeUnknown} When the node is not registered.
   * @throws {NodeReplaced} When a later run of the same name is.
   */
  report(
    server: string,
    counts: Pick<NodeState, "connections" | "clientAddresses" | "rooms">,
  ): Promise<void>;
  /**
   * Which runs are alive; what sessions are judged by.
   *
   * @param ageMsMax How old the answer may be, in milliseconds; a second when absent.
   */
  runs(ageMsMax?: number): Promise<Runs>;
  /** All nodes whose lease runs. */
  live(): Promise<readonly CometNode[]>;
  /** All nodes whose lease runs, with their latest reports. */
  list(): Promise<readonly NodeState[]>;
}
