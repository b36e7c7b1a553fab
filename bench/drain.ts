import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ReconnectingClient } from "../client/client.ts";
import { systemEnvironment } from "../client/environment.ts";
import { freePort } from "../tests/support/free_port.ts";
import { startCluster, stopAll } from "./deployments.ts";
import { cell, printTable, scaled } from "./measure.ts";
import { Daemon } from "./roles.ts";
import { pushToRoom } from "./room_client.ts";

const CLIENTS = 5_000;
const WINDOW_S = 10;
const PUSHES_PER_S = 1;
const ROOM = "bench://drain";
const ROOMS = '[[rooms]]\ntype = "bench"\nhistory-size = 1000\n';

/** Clients that connect at a time. */
const CONNECTING_MAX = 100;

/** Arrivals are counted by spans of this, in milliseconds. */
const SPAN_MS = 500;

/** How long all may take to be somewhere, in milliseconds. */
const PATIENCE_MS = 120_000;

/** A client of the library in a room that keeps history, and what it was told there. */
class Moving {
  /** When it was last let into the room. */
  joinedMs = 0;
  joins = 0;
  /** Whether it was ever without a connection since it first had one. */
  wasWithout = false;
  /** The latest message. */
  offset = 0;
  missed = 0;
  doubled = 0;
  readonly #client;

  constructor(urls: readonly string[]) {
    const client = this.#client = new ReconnectingClient(systemEnvironment({}), urls, {});
    const room = client.join(ROOM);
    client.on("state", ({ state }) => {
      if (this.joins > 0 && state !== "connected") this.wasWithout = true;
    });
    room.on("state", ({ state }) => {
      if (state !== "joined") return;
      this.joinedMs = performance.now();
      if (this.joins++ === 0) this.offset = room.position!.offset;
    });
    room.on("message", ({ offset = 0 }) => {
      if (offset <= this.offset) this.doubled++;
      else this.missed += offset - this.offset - 1;
      this.offset = Math.max(offset, this.offset);
    });
    room.on("gap", () => this.missed++);
  }

  close(): void {
    this.#client.close();
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`Cannot measure: ${what} takes too long`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Connects all of them, some at a time. */
async function connect(count: number, urls: readonly string[]): Promise<Moving[]> {
  const clients: Moving[] = [];
  const isIn = ({ joins }: Moving) => joins > 0;
  while (clients.length < count) {
    clients.push(new Moving(urls));
    await until("to connect", () => clients.slice(-CONNECTING_MAX).some(isIn));
  }
  await until("to connect", () => clients.every(isIn));
  return clients;
}

/**
 * A comet is told to stop while 5,000 clients of the library are in a room there, into which is
 * pushed: when each arrives at the other comet, counted by half seconds from the signal on, and
 * whether one misses a message. Needs `redis-server`.
 */
export async function run(scale: number): Promise<void> {
  const count = scaled(CLIENTS, Math.min(1, scale), 20);
  const windowS = scaled(WINDOW_S, Math.min(1, scale), 1);
  const directory = await mkdtemp(join(tmpdir(), "halley-bench-"));
  const config = join(directory, "halley.toml");
  await writeFile(config, ROOMS);
  const flags = ["--config", config, "--drain-window", `${windowS}s`, "--log-level", "info"];
  const cluster = await startCluster(...flags);
  const [first, , logic] = cluster.roles;
  const wsPort = await freePort();
  const urls = [cluster.wsPort, wsPort].map((port) => `ws://127.0.0.1:${port}/sub`);
  let clients: Moving[] = [];
  let second: Daemon | undefined;
  let isPushing = true;
  try {
    clients = await connect(count, urls);
    const own = ["--tcp", "127.0.0.1:0", "--ws", `127.0.0.1:${wsPort}`, "--rpc", "127.0.0.1:0"];
    const ids = ["--id", "second", "--logic", logic.addresses.rpc];
    second = await Daemon.start("listening", "comet", ...ids, ...own, ...flags);
    let pushed = 0;
    const pushing = (async () => {
      for (; isPushing; pushed++) {
        await pushToRoom(cluster.httpPort, ROOM, new Uint8Array(100));
        await new Promise((resolve) => setTimeout(resolve, 1_000 / PUSHES_PER_S));
      }
    })();
    const startMs = performance.now();
    const stopped = first.stop();
    await until("to move", () => clients.every(({ joins }) => joins > 1));
    await stopped;
    const tookMs = performance.now() - startMs;
    isPushing = false;
    await pushing;
    await until("the last message", () => clients.every(({ offset }) => offset >= pushed));
    print(clients, startMs, tookMs, windowS);
  } finally {
    isPushing = false;
    for (const client of clients) client.close();
    await stopAll({ ...cluster, roles: cluster.roles.filter((role) => role !== first) });
    // It may have ended, or not been told to.
    await first.stop();
    await second?.stop();
    await rm(directory, { recursive: true });
  }
}

function print(
  clients: readonly Moving[],
  startMs: number,
  tookMs: number,
  windowS: number,
): void {
  const arrivals: number[] = [];
  for (const { joinedMs } of clients) {
    const span = Math.floor((joinedMs - startMs) / SPAN_MS);
    arrivals[span] = (arrivals[span] ?? 0) + 1;
  }
  printTable(
    `Clients of a comet that stops arrive at another; drain-window ${windowS} s`,
    ["from, s after the signal", "arrivals"],
    Array.from(arrivals, (count = 0, span) => [(span * SPAN_MS / 1_000).toFixed(1), cell(count)]),
  );
  const sum = (of: (client: Moving) => number) => clients.reduce((all, one) => all + of(one), 0);
  printTable(
    "What became of them",
    ["clients", "stop, s", "missed", "doubled", "moved twice", "without a connection"],
    [[
      cell(clients.length),
      cell(tookMs / 1_000),
      cell(sum(({ missed }) => missed)),
      cell(sum(({ doubled }) => doubled)),
      cell(sum(({ joins }) => joins - 2)),
      cell(sum(({ wasWithout }) => Number(wasWithout))),
    ]],
  );
}
