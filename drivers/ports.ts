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
import type { CometNode } from "../protocol/cluster/comet_node.ts";
import type { ConnectionRef } from "../protocol/cluster/connection.ts";

export { ModerationFull, PushLogFull, StoreRefused, StoreUnavailable } from "./errors.ts";
export { type CometNode, NodeReplaced, NodeUnknown } from "../protocol/cluster/comet_node.ts";
export * from "./moderation.ts";
export * from "./push_log.ts";

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
