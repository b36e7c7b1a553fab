import type { CloseCode } from "../close_codes.ts";

/** A comet as clients, jobs and operators see it. */
export interface CometNode {
  /** This run of the comet: its name and boot epoch. After a restart it is another one. */
  readonly server: string;
  /** Name of the comet, unique in the cluster; the same after a restart. */
  readonly name: string;
  readonly region: string;
  readonly zone: string;
  readonly env: string;
  readonly hostname: string;
  /** Addresses where clients reach it. */
  readonly addresses: readonly string[];
  /** Where jobs reach its RPC, as `host:port`; empty where they share its link to logic. */
  readonly rpc: string;
  readonly version: string;
  readonly weight: number;
  readonly offline: boolean;
}

/** What a comet is told when it registers. */
export interface Registered {
  /**
   * How long it waits before it lets clients in, in milliseconds: then every job knows of it, and
   * no push after a client's auth can miss it.
   */
  readonly openAfterMs: number;
  /**
   * How long the registration lasts without a report, in milliseconds; `Infinity` where it ends with
   * the comet's process alone.
   */
  readonly leaseMs: number;
}

/** The registry does not know this run of a comet: it is to register again. */
export class NodeUnknown extends Error {
  override readonly name = "NodeUnknown";
}

/** Another run of a comet has registered under the same name since: this one is to stop. */
export class NodeReplaced extends Error {
  override readonly name = "NodeReplaced";
}

/** A client that wants in, as its comet tells logic. */
export interface ConnectRequest {
  /** This run of the comet; see {@linkcode CometNode}. */
  readonly server: string;
  /** The connection's own id, unique within one run of the comet. */
  readonly connectionId: number;
  /** Body of the auth frame; borrowed until the call returns its promise. */
  readonly token: Uint8Array;
  /** The client's IP address. */
  readonly remoteAddress: string;
}

/** Who the client is. */
export interface ConnectReply {
  readonly mid: bigint;
  /** Never empty: a UUID when the token had none. */
  readonly key: string;
  /** Room key, or empty for no room. */
  readonly room: string;
  /** Operations that the connection wants of key, mid and broadcast pushes. */
  readonly accepts: readonly number[];
}

/** Logic refuses a client; the close code says why. */
export class ConnectRefused extends Error {
  override readonly name = "ConnectRefused";
  constructor(readonly close: CloseCode, message: string) {
    super(message);
  }
}

/** One live connection as logic knows it. */
export interface ConnectionRef {
  readonly server: string;
  readonly connectionId: number;
  readonly mid: bigint;
  readonly key: string;
}

/** A frame that a client sent up for the application. */
export interface ReceivedFrame {
  readonly server: string;
  readonly mid: bigint;
  readonly key: string;
  /** Room key, or empty. */
  readonly room: string;
  readonly operation: number;
  readonly sequence: number;
  /** Application bytes; borrowed until the call returns its promise. */
  readonly body: Uint8Array;
}

/** What a comet says of itself, again and again. */
export interface CometReport {
  readonly server: string;
  /** Which report of this run it is, from 1. */
  readonly sequence: number;
  /** The report, taken before, on top of which it says what changed; 0 when it says everything. */
  readonly base: number;
  readonly connections: number;
  /** Distinct client addresses. */
  readonly addresses: number;
  /**
   * Members per room key on this comet: of all its rooms, or of those that changed since the base,
   * with 0 where nobody is left.
   */
  readonly rooms: ReadonlyMap<string, number>;
}

/** What a comet asks of logic. */
export interface LogicApi {
  /**
   * Lets a client in and remembers its session.
   *
   * @throws {ConnectRefused} When the token or a limit forbids it.
   */
  connect(request: ConnectRequest): Promise<ConnectReply>;
  /** Forgets the session of exactly this connection; one that replaced it stays. */
  disconnect(connection: ConnectionRef): Promise<void>;
  /** Hands a client's frame to the application. */
  receive(frame: ReceivedFrame): Promise<void>;
  /**
   * Takes a report.
   *
   * @returns Members on other comets, per room of this one: of all rooms that have some after a
   * report of everything, or else of those where they changed since the answer to the base. Nothing
   * was taken, and nothing is answered, when the base is not known: then everything is to be said.
   * @throws {NodeUnknown} When the comet is to register again.
   * @throws {NodeReplaced} When another run of it has taken its place.
   */
  report(report: CometReport): Promise<ReadonlyMap<string, number> | undefined>;
  /** Makes a comet known, in place of an earlier run of it, whose sessions are lost. */
  register(node: CometNode): Promise<Registered>;
  /** Takes a comet that stops out; unknown ones are ignored. */
  unregister(server: string): Promise<void>;
  /** Keeps the sessions of connections that are still there; those that got lost come back. */
  renew(sessions: readonly ConnectionRef[]): Promise<void>;
}

/** Where a delivery comes from in the push log. */
interface FromLog {
  readonly partition: number;
  /** The fencing token of the job's lease: a comet that has seen a larger one refuses it. */
  readonly token: number;
}

/** Frames for one room, back to back, each with its own header. */
export interface RoomDelivery extends FromLog {
  readonly kind: "room";
  readonly room: string;
  readonly frames: Uint8Array;
  /** Place of each frame in its partition, ascending: what a comet has seen, it skips. */
  readonly positions: readonly number[];
}

/** One frame for some keys. */
export interface KeysDelivery extends FromLog {
  readonly kind: "keys";
  readonly position: number;
  readonly keys: readonly string[];
  readonly operation: number;
  readonly frames: Uint8Array;
}

/** One frame for everyone. */
export interface BroadcastDelivery extends FromLog {
  readonly kind: "broadcast";
  readonly position: number;
  readonly operation: number;
  readonly frames: Uint8Array;
  /** Connections per second on this comet; 0 = at once. */
  readonly speed: number;
}

/** One step of a batch. */
export type Delivery = RoomDelivery | KeysDelivery | BroadcastDelivery;

/** What logic and job ask of a comet. */
export interface CometApi {
  /**
   * Writes a batch to its sockets, in order. Of each partition it skips what an earlier batch
   * brought, so that a batch may be sent again.
   *
   * @returns Settles when every write was handed to the kernel, queued or dropped; with the
   * partitions whose token was too old, of which nothing was written.
   * @throws {RpcError} Temporarily, with nothing written, while the cluster may have given the comet
   * up.
   */
  deliver(batch: readonly Delivery[]): Promise<readonly number[]>;
  /** Closes a connection; one that is gone is ignored. */
  close(connectionId: number, close: CloseCode): Promise<void>;
}

/** What {@linkcode CometApi.deliver} answers when no token was too old. */
export const NONE_FENCED: readonly number[] = [];

/**
 * How old what a job knows of the registry may be when it sends a push out, in milliseconds. A
 * comet waits as long from its registration to its first client.
 */
export const DIRECTORY_MS = 1_000;

/**
 * How long a job may rely on what it knows of a comet's rooms after it asked, in milliseconds. A
 * comet that cannot reach a job waits as long before it lets a client into a room that the job may
 * not know of.
 */
export const WATCH_MS = 1_000;

/** What a job asks of a comet to be sent the pushes of its rooms alone. */
export interface RoomInterestApi {
  /**
   * Watches the rooms of the comet from now on, by calls of {@linkcode WatcherApi}.
   *
   * @returns The rooms that it holds, of which clients are or may soon be members.
   */
  watch(): Promise<readonly string[]>;
  /** Goes on watching: to be called well within {@linkcode WATCH_MS}. */
  renewWatch(): Promise<void>;
}

/** What a comet tells a job that watches its rooms, over the same link. */
export interface WatcherApi {
  /** The comet holds these as well; settles when pushes for them will come. */
  add(rooms: readonly string[]): Promise<void>;
  /** The comet no longer holds these. */
  remove(rooms: readonly string[]): Promise<void>;
}

/** How long a comet of a cluster counts as alive without a report, in milliseconds. */
export const NODE_LEASE_MS = 10_000;
