/** A child process that is measured: a comet with its logic, and the bare sockets beside it. */
import { systemClock } from "../platform/system_clock.ts";
import { systemPrng } from "../base/prng.ts";
import type { Comet } from "../comet/comet.ts";
import { wireServer } from "../cli/wiring.ts";
import { cometDefaults } from "../comet/options.ts";
import { MemoryModeration } from "../drivers/memory/moderation.ts";
import { MemoryNodes } from "../drivers/memory/nodes.ts";
import { MemoryPushLog } from "../drivers/memory/push_log.ts";
import { MemorySessions } from "../drivers/memory/sessions.ts";
import { logicDefaults } from "../logic/logic.ts";
import { RpcCounters } from "../rpc/counters.ts";
import type { BareListener } from "../platform/bare_sockets.ts";
import { selectBareSockets, selectPlatform } from "../platform/select.ts";
import { encodeFrame } from "../protocol/frame.ts";
import { roomDefaults } from "../protocol/room_options.ts";
import { serveCommands } from "./child.ts";

/** Ports of a subject. */
export interface Ports {
  readonly bare: number;
  readonly tcp: number;
  readonly websocket: number;
}

/** How a subject behaves. */
interface ListenArgument {
  /** What bare sockets do with what comes. */
  readonly onData: "echo" | "ignore";
  /** After how long a quiet WebSocket client is pinged, in milliseconds; 0 or nothing for never. */
  readonly pingMs?: number;
}

/** What is pushed, and to whom. */
interface FanoutArgument {
  readonly target: "bare" | "room";
  readonly room: string;
  readonly bodyBytes: number;
}

const FAR_MS = 3_600_000;

/** Rooms that keep history are `kept://…`. */
const rooms = [{ ...roomDefaults, type: "kept", historySize: 1_000 }];

let comet: Comet;
let bare: BareListener;

async function listen({ onData, pingMs = 0 }: ListenArgument): Promise<Ports> {
  const { streams } = await selectPlatform();
  bare = await (await selectBareSockets()).listen(onData);
  const clock = systemClock;
  const prng = systemPrng();
  const counters = new RpcCounters();
  const parts = { clock, running: clock, prng, streams, secret: "", counters };
  const nodes = new MemoryNodes(clock);
  const ports = {
    nodes,
    sessions: new MemorySessions(nodes),
    moderation: new MemoryModeration(clock),
    pushLog: new MemoryPushLog(clock),
  };
  const limits = { connectionsMax: 19_000, handshakesMax: 0, acceptRate: 0 };
  const options = { ...cometDefaults, ...limits, heartbeatMs: FAR_MS, pingMs, rooms };
  const server = wireServer(parts, {
    comet: { server: "bench", options },
    logic: { ports, options: { ...logicDefaults, rooms } },
  });
  comet = server.comet;
  await nodes.register({
    server: "bench",
    name: "bench",
    rpc: "",
    region: "bench",
    zone: "bench",
    env: "bench",
    hostname: "localhost",
    addresses: ["127.0.0.1"],
    version: "0",
    weight: 10,
    offline: false,
  });
  const address = { hostname: "127.0.0.1", port: 0 };
  const tcp = await comet.listen({ address, transport: "tcp" });
  const websocket = await comet.listen({ address, transport: "websocket" });
  return { bare: bare.port, tcp: tcp.port, websocket: websocket.port };
}

let position = 0;
/** The last offset of each room that keeps history. */
const heads = new Map<string, number>();

async function fanout({ target, room, bodyBytes }: FanoutArgument): Promise<void> {
  const isKept = room.startsWith("kept://");
  const head = isKept ? (heads.get(room) ?? 0) + 1 : 0;
  if (isKept) heads.set(room, head);
  const frames = encodeFrame(1000, head, new Uint8Array(bodyBytes));
  if (target === "bare") return bare.writeAll(frames);
  // What a job sends for a push to a room.
  await comet.deliver([{
    kind: "room",
    partition: 0,
    token: 1,
    room,
    epoch: isKept ? "bench" : "",
    head,
    frames,
    positions: [++position],
  }]);
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

serveCommands({
  listen,
  fanout,
  bareAtRate,
  collect: () => (globalThis as { gc?: () => void }).gc?.(),
  pings: () => comet.counters.pingsSent,
});
