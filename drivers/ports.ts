/**
 * What logic and job ask of a store, port by port. Each port has its promises by name: the contract
 * suites test every driver under these names, and nothing else may be relied on. What follows from
 * how Redis does it is no promise: that positions are times, that entries are a stream and its
 * reader a consumer group, that an append sent twice within a minute is stored once, that sessions
 * expire half an hour after they were last renewed, or that a node is judged dead by whoever watched
 * it for a lease.
 *
 * Every call may fail with {@linkcode StoreUnavailable}: then it may have been done or not.
 *
 * @module
 */
import type { PushMessage } from "../protocol/push_message.ts";
import type { CometNode } from "../protocol/cluster/comet_node.ts";
import type { ConnectionRef } from "../protocol/cluster/connection.ts";

export { PushLogFull, StoreRefused, StoreUnavailable } from "./errors.ts";
export { type CometNode, NodeReplaced, NodeUnknown } from "../protocol/cluster/comet_node.ts";

/** A push in the log. */
export interface PushEntry {
  /** A safe integer that grows within a partition, also when the log has lost its data. */
  readonly position: number;
  readonly message: PushMessage;
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

/** What every push log promises. */
export type PushLogPromise =
  /** A push is read as it was appended: every kind, every byte, every character. */
  | "whole"
  /** Entries of a partition are read by growing positions; what is appended later comes later. */
  | "ordered"
  /** An entry whose append was answered is pending for whoever has the lease until it is acked. */
  | "kept"
  /** One owner at a time reads a partition; one that has lost its lease takes and acks nothing. */
  | "fenced"
  /** All who joined and did not leave know of each other within a lease. */
  | "owners"
  /** A partition holds so many bytes and refuses more, and no push is larger than the limit. */
  | "bounded"
  /** A read waits for an entry; closing the log ends it. */
  | "waiting";

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
  /** Ends every waiting `read`, and all leases; the store stays open. */
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

/** What every store of sessions promises. */
export type SessionsPromise =
  /** A session is found by its key and its mid, the oldest first; the mid 0 is nobody. */
  | "found"
  /** A session is that of one connection: added twice it is one, and only its own end ends it. */
  | "exact"
  /** Sessions count, and are found, while the run of their node is alive. */
  | "alive"
  /** Renewing brings back what got lost, and changes nothing else. */
  | "renewed"
  /** No key and no mid has more sessions than may be, however many come at once. */
  | "limited";

/**
 * Who is connected where. A session that nobody renews may be forgotten; a store that does so keeps
 * it for longer than comets take to renew.
 */
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

/** What a node reports. */
export interface NodeCounts {
  readonly connections: number;
  /** Distinct client addresses. */
  readonly clientAddresses: number;
  /** Members per room key. */
  readonly rooms: ReadonlyMap<string, number>;
}

/** A node with its latest report. */
export interface NodeState extends CometNode, NodeCounts {
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

/** What every registry of nodes promises. */
export type NodesPromise =
  /** A node and its rooms are read as they were written: every field, every character. */
  | "whole"
  /** A node has the counts of its latest report. */
  | "counted"
  /** A node is there as long as it reports once in a lease, and no longer. */
  | "leased"
  /** A name has one run: the latest that registered; the others are told so. */
  | "one"
  /** A node that leaves gets no new clients, and one that has left is gone at once. */
  | "leaving";

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
  report(server: string, counts: NodeCounts): Promise<void>;
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
