import { createHash } from "node:crypto";
import type { CloseCode } from "../close_codes.ts";
import { type StreamPosition, streamPositionMessage } from "../history.ts";
import {
  boolean,
  bytes,
  int32,
  int64,
  integer,
  list,
  type Members,
  Message,
  text,
  texts,
} from "../message.ts";

/** A client that wants in, as its comet tells logic. */
export interface ConnectRequest {
  /** This run of the comet; see `CometNode`. */
  readonly server: string;
  /** The connection's own id, unique within one run of the comet. */
  readonly connectionId: number;
  /** Body of the auth frame; borrowed until the call returns its promise. */
  readonly token: Uint8Array;
  /** The client's IP address. */
  readonly remoteAddress: string;
  /** Headers of its WebSocket upgrade that are to be given, by their names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

export const connectRequestMessage = new Message<ConnectRequest>({
  server: [1, text],
  connectionId: [2, integer],
  token: [3, bytes],
  remoteAddress: [4, text, ""],
  headers: [5, texts, undefined],
});

/** What a connection may do, and for how long. */
export interface Permissions {
  /** Patterns of the rooms that it may join or read, see `../room_patterns.ts`; undefined: any. */
  readonly rooms?: readonly string[];
  /** Patterns of the rooms that it may publish to; undefined: what `rooms` says. */
  readonly publish?: readonly string[];
  /** How long from this answer on, in milliseconds: clocks differ; undefined: for good. */
  readonly expiresInMs?: number;
}

const permissions: Members<Permissions> = {
  rooms: [7, list(text), undefined],
  publish: [8, list(text), undefined],
  expiresInMs: [9, integer, undefined],
};

export const permissionsMessage = new Message<Permissions>(permissions);

/** Who the client is. */
export interface ConnectReply extends Permissions {
  readonly mid: bigint;
  /** Never empty: a UUID when the token had none. */
  readonly key: string;
  /** Room key, or empty for no room. */
  readonly room: string;
  /** Operations that the connection wants of key, mid and broadcast pushes. */
  readonly accepts: readonly number[];
  /** Whether logic is to be asked before a client joins another room. */
  readonly asksJoins: boolean;
  /** What the client understands beside goim's protocol, and asks for. */
  readonly extras?: ClientExtras;
}

/** What a client's auth asks for beyond goim's protocol; without, it sees nothing of it. */
export interface ClientExtras {
  /** `rooms` for joins by operation 64, `notices` for operation 72; unknown ones are ignored. */
  readonly features: readonly string[];
  /** From where on it wants the messages of its room. */
  readonly since?: StreamPosition;
  /** How many of the latest messages of its room it wants. */
  readonly last?: number;
}

const clientExtrasMessage = new Message<ClientExtras>({
  features: [1, list(text), []],
  since: [2, streamPositionMessage, undefined],
  last: [3, int32, undefined],
});

export const connectReplyMessage = new Message<ConnectReply>({
  mid: [1, int64],
  key: [2, text],
  room: [3, text, ""],
  accepts: [4, list(int32), []],
  asksJoins: [5, boolean, false],
  extras: [6, clientExtrasMessage, undefined],
  ...permissions,
});

/** Logic refuses a client; the close code says why. */
export class ConnectRefused extends Error {
  override readonly name = "ConnectRefused";
  constructor(readonly close: CloseCode, message: string) {
    super(message);
  }
}

/** With its reason, so that the peer need not know the code. */
export const closeCodeMessage = new Message<CloseCode>({
  code: [1, int32],
  reason: [2, text, ""],
  reconnect: [3, boolean, false],
});

/**
 * One live connection as logic knows it.
 *
 * ```ts
 * import type { ConnectionRef } from "./mod.ts";
 *
 * const connections = new Map<string, ConnectionRef>();
 * connections.set("k", { server: "comet-1~x", connectionId: 1, mid: 7n, key: "k" });
 * ```
 */
export interface ConnectionRef {
  /** The run of the comet that has it. */
  readonly server: string;
  /** Its own number, unique within that run. */
  readonly connectionId: number;
  /** The user, an int64; 0 is nobody. */
  readonly mid: bigint;
  /** The key by which pushes reach it. */
  readonly key: string;
}

export const connectionRefMessage = new Message<ConnectionRef>({
  server: [1, text],
  connectionId: [2, integer],
  mid: [3, int64],
  key: [4, text],
});

/** A client that authenticates afresh, as who it is. */
export interface RenewAuthRequest extends ConnectionRef {
  /** Body of the auth frame; borrowed until the call returns its promise. */
  readonly token: Uint8Array;
  /** The client's IP address. */
  readonly remoteAddress: string;
  /** As for `ConnectRequest`. */
  readonly headers?: Readonly<Record<string, string>>;
}

export const renewAuthRequestMessage = new Message<RenewAuthRequest>({
  server: [1, text],
  connectionId: [2, integer],
  mid: [3, int64],
  key: [4, text],
  token: [5, bytes],
  remoteAddress: [6, text, ""],
  headers: [7, texts, undefined],
});

/**
 * Whom a block keeps out: a user, or whoever has a key.
 *
 * ```ts
 * import type { Blocked } from "./mod.ts";
 *
 * const phone: Blocked = { key: "phone" };
 * console.log(phone);
 * ```
 */
export type Blocked = { readonly mid: bigint } | { readonly key: string };

/** A client that wants to join another room. */
export interface JoinRequest extends ConnectionRef {
  /** Room key. */
  readonly room: string;
}

export const joinRequestMessage = new Message<JoinRequest>({
  server: [1, text],
  connectionId: [2, integer],
  mid: [3, int64],
  key: [4, text],
  room: [5, text],
});

/** A frame that a client sent up for the application. */
export interface ReceivedFrame extends ConnectionRef {
  /** Room key, or empty. */
  readonly room: string;
  readonly operation: number;
  readonly sequence: number;
  /** Application bytes; borrowed until the call returns its promise. */
  readonly body: Uint8Array;
}

export const receivedFrameMessage = new Message<ReceivedFrame>({
  server: [1, text],
  mid: [2, int64],
  key: [3, text],
  room: [4, text, ""],
  operation: [5, int32],
  sequence: [6, int32, 0],
  body: [7, bytes],
  connectionId: [8, integer, 0],
});

/**
 * The key of a connection whose client has none of its own: the same whichever logic is asked, and
 * however often. A version 8 UUID (RFC 9562, section 5.8).
 */
export function ownKeyOf(server: string, connectionId: number): string {
  const bytes = createHash("sha256").update(`${server}/${connectionId}`).digest().subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x80;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
