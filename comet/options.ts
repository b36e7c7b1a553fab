import { assert } from "../base/assert.ts";
import type { Address } from "../platform/port.ts";
import type { RoomOptions } from "../protocol/room_options.ts";
import type { Origins } from "../protocol/origins.ts";

/** Where a comet accepts clients, and what they speak there. */
export interface ListenerOptions {
  readonly address: Address;
  /** `tcp` for goim frames back to back, `websocket` for WebSocket at the path `/sub`. */
  readonly transport: "tcp" | "websocket";
  /** Whether clients speak TLS. */
  readonly tls?: boolean;
  /** Whether proxies pass the clients on, and say who they are by the PROXY protocol. */
  readonly proxy?: boolean;
}

/** What an operator decides about a comet. */
export interface CometOptions {
  /** How long a client has from connecting to a successful auth, in milliseconds. */
  readonly handshakeMs: number;
  /** How often clients are told to send a heartbeat, in milliseconds. */
  readonly heartbeatIntervalMs: number;
  /** How long a client may go without a heartbeat before it is closed, in milliseconds. */
  readonly heartbeatMs: number;
  /** How long a client's queue may hold something back before it is closed, in milliseconds. */
  readonly slowReaderMs: number;
  /** How long a closing client has to take its last bytes, in milliseconds. */
  readonly closeMs: number;
  /** Most operations of one connection per second; 0 for any number. */
  readonly operationsMax: number;
  /** Most messages of one connection to rooms per second; 0 for any number. */
  readonly publishRate: number;
  /** How many of these may come at once after silence. */
  readonly publishBurst: number;
  /**
   * Most joins, changes of room and requests for history of one connection per second; 0 for any
   * number. They may come ahead by {@linkcode BURST_MS}.
   */
  readonly joinsMax: number;
  /** Most further rooms of one connection. */
  readonly roomsMax: number;
  /** After how long without a write a WebSocket client is pinged, in milliseconds; 0 for never. */
  readonly pingMs: number;
  /** Over how long clients are spread that a comet which goes sends elsewhere, in milliseconds. */
  readonly drainMs: number;
  /** How often it sees whether pushes get here, in milliseconds; 0 for never. */
  readonly probeMs: number;
  /** How often the comet reports its counts to logic, in milliseconds. */
  readonly reportMs: number;
  /** Most connections at once. */
  readonly connectionsMax: number;
  /** Most connections at once that have not authenticated; 0 for any number. */
  readonly handshakesMax: number;
  /** Most new connections per second; 0 for any number. */
  readonly acceptRate: number;
  /** How many of these may come at once after a pause. */
  readonly acceptBurst: number;
  /** Most connections of one IPv4 address or IPv6 /64; 0 for any number. */
  readonly addressConnectionsMax: number;
  /** After how many failed auths in a minute one of these is turned away; 0 for never. */
  readonly addressAuthFailuresMax: number;
  /** Most connections at once that are told why they are turned away. */
  readonly refusalsMax: number;
  /** Which web pages may connect. */
  readonly origins: Origins;
  /** Networks of proxies that are believed what they say of a client's address. */
  readonly trustedProxies: readonly string[];
  /** Headers of a WebSocket upgrade that an auth is asked with, in lowercase; at most 16. */
  readonly authHeaders: readonly string[];
  /** What holds for rooms of some types. */
  readonly rooms: readonly RoomOptions[];
  /** Most bytes of the buffer pool. */
  readonly poolBytesMax: number;
  /** Most bytes of the latest frames of one room with history, kept for who is behind. */
  readonly ringMax: number;
  /** Most bytes of them of all rooms. */
  readonly ringsMax: number;
  /** Writes of a fan-out before the event loop gets a turn. */
  readonly fanoutSlice: number;
}

/** Tick of the timing wheel, in milliseconds: what a deadline may be late by. */
export const TICK_MS = 100;

/**
 * How far a client may run ahead of its rate of operations or joins, in milliseconds: after silence
 * it may send at once what the rate allows in so long. Covers what a client sends when it connects,
 * and what a network that stood still brings all at once.
 */
export const BURST_MS = 10_000;

/** Writes of a fan-out before the event loop gets a turn: about 4 ms of one core. */
export const FANOUT_SLICE = 512;

/** Bytes of paced broadcasts that may wait. */
export const PACED_BYTES_MAX = 8 * 1024 * 1024;

/** How long paced broadcasts may take to their end when the comet stops, in milliseconds. */
export const PACED_FINISH_MS = 2_000;

/** How long clients have beyond the window of a drain to be gone, in milliseconds. */
export const DRAIN_GRACE_MS = 5_000;

/** Most clients that one tick of a drain tells ahead of their time. */
export const DRAIN_TOLD_PER_TICK = 1_000;

/** How often a server sees whether pushes get to its clients, in milliseconds. */
export const PROBE_MS = 2_000;

/** Options that hold where none are given. */
export const cometDefaults: CometOptions = {
  handshakeMs: 8_000,
  heartbeatIntervalMs: 240_000,
  heartbeatMs: 480_000,
  slowReaderMs: 10_000,
  closeMs: 5_000,
  operationsMax: 100,
  publishRate: 5,
  publishBurst: 10,
  joinsMax: 20,
  roomsMax: 32,
  pingMs: 25_000,
  drainMs: 10_000,
  probeMs: 0,
  reportMs: 1_000,
  connectionsMax: 10_000,
  handshakesMax: 5_000,
  acceptRate: 2_000,
  acceptBurst: 5_000,
  addressConnectionsMax: 0,
  addressAuthFailuresMax: 0,
  refusalsMax: 1_024,
  origins: ["*"],
  trustedProxies: [],
  authHeaders: [],
  rooms: [],
  poolBytesMax: 64 * 1024 * 1024,
  ringMax: 1024 * 1024,
  ringsMax: 64 * 1024 * 1024,
  fanoutSlice: FANOUT_SLICE,
};

assert(cometDefaults.handshakeMs > TICK_MS, "a deadline is longer than a tick");
