import type { PushMessage } from "../protocol/push_message.ts";
import type { ConnectionRef } from "../protocol/rpc/contract.ts";

/** A push in the log. */
export interface PushEntry {
  /** Grows within a partition. */
  readonly id: string;
  readonly message: PushMessage;
}

/** The log has no room; nothing was stored. */
export class PushLogFull extends Error {
  override readonly name = "PushLogFull";
}

/** The ordered, partitioned log between logic and job. */
export interface PushLog {
  readonly partitions: number;
  /**
   * Stores a push at the end of a partition.
   *
   * @returns The entry's id; once it is there, the push will be delivered.
   * @throws {PushLogFull} When the partition's bytes not yet acknowledged are at their limit.
   */
  append(partition: number, message: PushMessage): Promise<string>;
  /**
   * Takes the next entries of one partition, oldest first, and waits while there are none. They
   * stay pending until acknowledged.
   *
   * @param entriesMax The most to take.
   * @returns At least one entry, or none when the log was closed.
   */
  read(partition: number, entriesMax: number): Promise<readonly PushEntry[]>;
  /** All pending entries of a partition, oldest first: what a new reader handles before `read`. */
  claim(partition: number): Promise<readonly PushEntry[]>;
  /** Forgets entries that every live comet concerned has taken. */
  ack(partition: number, ids: readonly string[]): Promise<void>;
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
  /** Sessions of these users on nodes that are alive. */
  byMids(mids: readonly bigint[]): Promise<readonly ConnectionRef[]>;
  /** Sessions of these keys on nodes that are alive. */
  byKeys(keys: readonly string[]): Promise<readonly ConnectionRef[]>;
}

/** A comet as clients and operators see it. */
export interface Node {
  /** The comet's id. */
  readonly server: string;
  readonly region: string;
  readonly zone: string;
  readonly env: string;
  readonly hostname: string;
  /** Addresses where clients reach it. */
  readonly addresses: readonly string[];
  readonly version: string;
  readonly weight: number;
  readonly offline: boolean;
}

/** A node with its latest report. */
export interface NodeState extends Node {
  readonly connections: number;
  /** Distinct client addresses. */
  readonly clientAddresses: number;
  /** Members per room key. */
  readonly rooms: ReadonlyMap<string, number>;
  /** When it last reported, in milliseconds since the Unix epoch. */
  readonly reportedMs: number;
}

/** The registry of comets. A registration is a lease: without reports it runs out. */
export interface Nodes {
  /** Registers a node, or changes it; a node that registers again has lost its old sessions. */
  register(node: Node): Promise<void>;
  /** Takes a node out. */
  unregister(server: string): Promise<void>;
  /** Marks a node as leaving: it keeps its connections and gets no new ones. */
  setOffline(server: string): Promise<void>;
  /** Stores a report and renews the lease. */
  report(
    server: string,
    counts: Pick<NodeState, "connections" | "clientAddresses" | "rooms">,
  ): Promise<void>;
  /** All nodes whose lease runs. */
  list(): Promise<readonly NodeState[]>;
}
