/** A child process that is measured: a comet with its logic, and the bare sockets beside it. */
import process from "node:process";
import { systemClock } from "../platform/system_clock.ts";
import { systemPrng } from "../base/prng.ts";
import { Comet } from "../comet/comet.ts";
import { cometDefaults } from "../comet/options.ts";
import type { BareListener } from "../platform/bare_sockets.ts";
import { selectBareSockets, selectPlatform } from "../platform/select.ts";
import { encodeFrame } from "../protocol/frame.ts";
import type { RoomDelivery } from "../protocol/cluster/delivery.ts";
import { memoryLogic } from "./memory_logic.ts";
import { serveCommands } from "./child.ts";

/** Ports of a subject. */
export interface Ports {
  readonly bare: number;
  readonly tcp: number;
  readonly websocket: number;
}

/** How a subject behaves. */
export interface ListenArgument {
  /** What bare sockets do with what comes. */
  readonly onData: "echo" | "ignore";
  /** After how long a quiet WebSocket client is pinged, in milliseconds; 0 or nothing for never. */
  readonly pingMs?: number;
}

/** What is pushed, and to whom. */
export interface FanoutArgument {
  readonly target: "bare" | "room";
  readonly room: string;
  readonly bodyBytes: number;
}

/** What a subject has used so far. */
export interface Usage {
  /** CPU time in microseconds. */
  readonly cpuUs: number;
  /** Resident memory in bytes. */
  readonly rssBytes: number;
}

const FAR_MS = 3_600_000;

let comet: Comet;
let bare: BareListener;

async function listen({ onData, pingMs = 0 }: ListenArgument): Promise<Ports> {
  const { streams } = await selectPlatform();
  bare = await (await selectBareSockets()).listen(onData);
  const { logic, comets } = await memoryLogic("bench");
  const options = { ...cometDefaults, connectionsMax: 19_000, heartbeatMs: FAR_MS, pingMs };
  const prng = systemPrng();
  const clock = systemClock;
  comet = new Comet({ server: "bench", streams, logic, clock, running: clock, prng, options });
  comets.add("bench", comet);
  const address = { hostname: "127.0.0.1", port: 0 };
  const tcp = await comet.listen({ address, transport: "tcp" });
  const websocket = await comet.listen({ address, transport: "websocket" });
  return { bare: bare.port, tcp: tcp.port, websocket: websocket.port };
}

let position = 0;

/** What a job sends for a push to a room. */
function deliveryOf(room: string, frames: Uint8Array): RoomDelivery {
  return { kind: "room", partition: 0, token: 1, room, frames, positions: [++position] };
}

async function fanout({ target, room, bodyBytes }: FanoutArgument): Promise<void> {
  const frame = encodeFrame(1000, 0, new Uint8Array(bodyBytes));
  if (target === "bare") bare.writeAll(frame);
  else await comet.deliver([deliveryOf(room, frame)]);
}

/** Writes one frame to every bare socket, so many times a second. */
async function bareAtRate({ rate, seconds }: { rate: number; seconds: number }): Promise<void> {
  const frame = encodeFrame(1000, 0, new Uint8Array(100));
  const startMs = performance.now();
  for (let push = 0; push < rate * seconds; push++) {
    const waitMs = startMs + push * 1_000 / rate - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    bare.writeAll(frame);
    if (performance.now() - startMs > 1_000 * seconds) return;
    await new Promise<void>((resolve) => systemClock.nextTurn(resolve));
  }
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpuUs: user + system, rssBytes: process.memoryUsage().rss };
}

serveCommands({
  listen,
  fanout,
  bareAtRate,
  usage,
  collect: () => (globalThis as { gc?: () => void }).gc?.(),
  pings: () => comet.counters.pingsSent,
  connections: () => comet.connections + bare.size,
});
