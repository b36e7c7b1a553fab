import type { Conn } from "../platform/port.ts";
import type { CloseCode } from "../protocol/close_codes.ts";
import type { ConnectReply } from "../protocol/cluster/connection.ts";
import type { Refusal } from "./door/refusal.ts";
import type { WireFormat } from "./format/wire_format.ts";
import type { ChannelPermissions } from "./permissions.ts";
import type { Membership } from "./room.ts";
import { NO_TIMER, type TimerId } from "./timer/timing_wheel.ts";
import type { PipelineBuffer } from "./transport/pipeline_buffer.ts";

/** How far a connection has come. */
export const ChannelState = {
  /** Until auth has succeeded: gets no pushes, and every operation but auth is ignored. */
  handshaking: 0,
  open: 1,
  /** Has been told to go; what it still sends is ignored. */
  closing: 2,
  closed: 3,
} as const;
export type ChannelState = typeof ChannelState[keyof typeof ChannelState];

/** What a client understands beyond goim's protocol: bits of {@linkcode Channel.features}. */
export const Feature = {
  /** Its auth asked for something beyond goim's protocol: it knows operations from 64 on. */
  extended: 1,
  /** It joins further rooms, whose pushes reach it in room batches. */
  rooms: 2,
  /** It understands notices. */
  notices: 4,
} as const;

/** Bits of {@linkcode Feature} for what a client's auth asks for beyond goim's protocol. */
export function featuresOf({ extras }: ConnectReply): number {
  if (extras === undefined) return 0;
  const has = (name: "rooms" | "notices") => extras.features.includes(name) ? Feature[name] : 0;
  return Feature.extended | has("rooms") | has("notices");
}

/** What carries a connection's frames, whatever their format: the same object for all of a kind. */
export interface Transport {
  /** The format of connections that have not shown another. */
  readonly format: WireFormat;
  /** What keeps a quiet connection open, where the transport has such a thing. */
  readonly ping: Uint8Array | undefined;
  /** Makes the state that a new connection's bytes are decoded with. */
  decoder(): { close(): void };
  /** Encodes why a connection is turned away, for one that has sent nothing yet, or not its auth. */
  refusal(refusal: Refusal): Uint8Array;
  /** Encodes the last words to a client, or undefined where there are none. */
  farewell(channel: Channel, close: CloseCode): Uint8Array | undefined;
  /** Goes on with what arrived while the channel was busy. */
  resume(channel: Channel): void;
}

/** Slots are the low part of a connection id, so that the id finds its channel without a map. */
export const SLOTS_MAX = 2 ** 20;

/** Shared by all lists that are empty, so that a fresh channel allocates none. */
const NONE: readonly never[] = [];

/** One client's connection. There are very many: every field counts. */
export class Channel {
  state: ChannelState = ChannelState.handshaking;
  format: WireFormat;
  /** A request is under way; what arrives behind it waits, so that answers keep their order. */
  busy = false;
  mid = 0n;
  key = "";
  /** Operations wanted of key, mid and broadcast pushes. */
  accepts: readonly number[] = NONE;
  /** Bits of {@linkcode Feature}; 0 for clients of goim. */
  features = 0;
  /** Where its identity lets it be and until when; null: anywhere, for good. */
  permissions: ChannelPermissions | null = null;
  /** What an auth of its client is asked with beside the token, where there is such a thing. */
  headers: Readonly<Record<string, string>> | null = null;
  /** The room that goim's "change room" is about. */
  primary: Membership<Channel> | null = null;
  /** In further rooms; never two in the same, nor in the primary one. */
  others: readonly Membership<Channel>[] = NONE;
  /** Handshake, then heartbeat, then close deadline. */
  timer: TimerId = NO_TIMER;
  /** Runs while the outbound queue holds something back. */
  slowTimer: TimerId = NO_TIMER;
  /** What arrived while busy, or beyond the share of a turn. */
  pipelined: PipelineBuffer | null = null;
  /** Kept by the read scheduler: work that was done for what the client sent. */
  work = 0;
  /** Kept by the read scheduler: it resumes this channel in a later turn. */
  isQueued = false;
  /** Kept by the operation limit: up to when the rate is used, on the monotonic clock. */
  usedUntilMs = 0;
  /** Up to when the rate of messages to rooms is used, on the monotonic clock. */
  publishedUntilMs = 0;
  /** As `publishedUntilMs`, of joins and history. */
  joinedUntilMs = 0;
  /** Kept for pings: the tick of the last write. */
  writtenTick = 0;
  /** Whether `remoteAddress` is the client's, and not that of a proxy that has yet to name it. */
  isAddressed = false;

  /**
   * @param id The connection's own id, unique within one run of the comet.
   * @param conn The byte stream below.
   * @param transport What turns its bytes to frames.
   * @param decoder The transport's own state for this connection.
   * @param remoteAddress The peer's IP address, until the client's is known.
   */
  constructor(
    readonly id: number,
    readonly conn: Conn<Channel | undefined>,
    readonly transport: Transport,
    public decoder: { close(): void },
    public remoteAddress: string,
  ) {
    this.format = transport.format;
  }

  /** Whether it is authenticated, and not closing. */
  get isOpen(): boolean {
    return this.state === ChannelState.open;
  }

  /** Its place in the table of channels for as long as it lives. */
  get slot(): number {
    return this.id % SLOTS_MAX;
  }

  /** Key of the primary room; empty in none. */
  get roomKey(): string {
    return this.primary === null ? "" : this.primary.room.key;
  }

  /** Whether it has a membership in a room. */
  isIn(roomKey: string): boolean {
    return roomKey === this.roomKey || this.others.some(({ room }) => room.key === roomKey);
  }
}
