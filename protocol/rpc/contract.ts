import type { CloseCode } from "../close_codes.ts";

/** A client that wants in, as its comet tells logic. */
export interface ConnectRequest {
  /** Id of the comet. */
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
  readonly connections: number;
  /** Distinct client addresses. */
  readonly addresses: number;
  /** Members per room key on this comet. */
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
  /** Takes a report and answers with members per reported room over all comets. */
  report(report: CometReport): Promise<ReadonlyMap<string, number>>;
}

/** Frames for one room, back to back, each with its own header. */
export interface RoomDelivery {
  readonly kind: "room";
  readonly room: string;
  readonly frames: Uint8Array;
  /** How many frames there are. */
  readonly count: number;
}

/** One frame for some keys. */
export interface KeysDelivery {
  readonly kind: "keys";
  readonly keys: readonly string[];
  readonly operation: number;
  readonly frames: Uint8Array;
}

/** One frame for everyone. */
export interface BroadcastDelivery {
  readonly kind: "broadcast";
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
   * Writes a batch to its sockets, in order.
   *
   * @returns Settles when every write was handed to the kernel, queued or dropped.
   */
  deliver(batch: readonly Delivery[]): Promise<void>;
  /** Closes a connection; one that is gone is ignored. */
  close(connectionId: number, close: CloseCode): Promise<void>;
}
