import { Child } from "./child.ts";
import { cell, printTable, scaled } from "./measure.ts";
import type { Ports } from "./subject.ts";

const FROM = 5_000;
const TO = 18_000;
/** How long the runtimes get to give freed memory back, in milliseconds. */
const SETTLE_MS = 15_000;

async function settled(subject: Child, settleMs: number): Promise<number> {
  await subject.call("collect");
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  await subject.call("collect");
  return (await subject.usage()).rssBytes;
}

/** Whose memory is looked at; rooms of type `kept` keep history. */
const subjects = [
  ["bare", "bare", ""],
  ["tcp", "tcp", "bench://memory"],
  ["tcp, history", "tcp", "kept://memory"],
  ["websocket", "websocket", "bench://memory"],
  ["websocket, history", "websocket", "kept://memory"],
] as const;

/**
 * Resident memory of the server per idle connection, between 5,000 and 18,000 of them: bare
 * sockets, and authenticated clients over TCP and WebSocket in a room without history and with,
 * each in a process of its own.
 */
export async function run(scale: number): Promise<void> {
  const from = scaled(FROM, scale, 10);
  const to = scaled(TO, scale, 20);
  const settleMs = SETTLE_MS * Math.min(1, scale);
  const rows: string[][] = [];
  for (const [name, kind, room] of subjects) {
    await using subject = new Child("./subject.ts");
    await using sink = new Child("./sink.ts");
    const ports = await subject.call<Ports>("listen", { onData: "ignore" });
    await sink.call("open", { kind, port: ports[kind], clients: from, room });
    const before = await settled(subject, settleMs);
    await sink.call("open", { kind, port: ports[kind], clients: to - from, room });
    const after = await settled(subject, settleMs);
    rows.push([name, cell((after - before) / (to - from)), cell(after / 2 ** 20)]);
  }
  printTable(
    `Memory of the server process, ${from} to ${to} idle connections`,
    ["connections", "bytes each", "MiB in all"],
    rows,
  );
}
