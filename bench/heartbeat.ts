import { sleep } from "../base/clock.ts";
import { systemClock } from "../platform/system_clock.ts";
import { Child } from "./child.ts";
import { cell, printTable, scaled } from "./measure.ts";
import type { Ports } from "./subject.ts";

const CONNECTIONS = 10_000;
const PER_SECOND = 10_000;
const SECONDS = 10;
/** Far shorter than in earnest, so that there are as many pings as heartbeats. */
const PING_MS = 1_000;
/** Bytes of a heartbeat's answer, by kind of client; a bare one echoes the 16 it got. */
const answerBytes = { bare: 16, tcp: 20, websocket: 22 } as const;

/**
 * CPU of the server while 10,000 connections send 10,000 heartbeats a second in all, next to bare
 * sockets that echo as many frames; and while it pings as many quiet connections itself.
 */
export async function run(scale: number): Promise<void> {
  const clients = scaled(CONNECTIONS, scale, 20);
  const perSecond = scaled(PER_SECOND, scale, 100);
  const seconds = Math.max(1, Math.round(SECONDS * Math.min(1, scale)));
  const rows: string[][] = [];
  for (const kind of ["bare", "tcp", "websocket"] as const) {
    await using subject = new Child("./subject.ts");
    await using sink = new Child("./sink.ts");
    const ports = await subject.call<Ports>("listen", { onData: "echo" });
    await sink.call("open", { kind, port: ports[kind], clients, room: "bench://beat" });
    const beat = { perSecond, websocket: kind === "websocket" };
    await sink.call("beat", { ...beat, seconds: 1 });
    const received = await sink.call<number>("received");
    const before = await subject.usage();
    const sent = await sink.call<number>("beat", { ...beat, seconds });
    await sink.call("untilReceived", { bytes: received + sent * answerBytes[kind] });
    const after = await subject.usage();
    const coreShare = (after.cpuUs - before.cpuUs) / (seconds * 1e6);
    rows.push([kind, cell(100 * coreShare), cell((after.cpuUs - before.cpuUs) / sent)]);
  }
  printTable(
    `${perSecond} heartbeats a second from ${clients} connections`,
    ["connections", "% of a core", "µs each"],
    rows,
  );
  await measurePings(clients, seconds);
}

/** CPU of the server while it pings quiet WebSocket clients and reads their pongs. */
async function measurePings(clients: number, seconds: number): Promise<void> {
  await using subject = new Child("./subject.ts");
  await using sink = new Child("./sink.ts");
  const ports = await subject.call<Ports>("listen", { onData: "echo", pingMs: PING_MS });
  const port = ports.websocket;
  await sink.call("open", { kind: "websocket", port, clients, room: "bench://ping" });
  await sleep(systemClock, PING_MS);
  const before = await subject.usage();
  const sentBefore = await subject.call<number>("pings");
  await sleep(systemClock, 1_000 * seconds);
  const after = await subject.usage();
  const sent = await subject.call<number>("pings") - sentBefore;
  const usedUs = after.cpuUs - before.cpuUs;
  printTable(
    `Pings of ${clients} quiet WebSocket clients every ${PING_MS} ms`,
    ["connections", "pings/s", "% of a core", "µs each"],
    [["websocket", cell(sent / seconds), cell(usedUs / seconds / 1e4), cell(usedUs / sent)]],
  );
}
