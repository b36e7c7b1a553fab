import { writeFileSync } from "node:fs";
import { barChart } from "./bar_chart.ts";
import { Child } from "./child.ts";
import { atRate, type BenchOptions, cell, printTable, scaled } from "./measure.ts";
import { pushToRoom } from "./room_client.ts";
import type { Ports } from "./subject.ts";
import type { ServerPorts } from "./whole_server.ts";

const CLIENTS = 5_000;
const RATES = [1, 10, 100, 1_000];
const SECONDS = 5;
const BODY_BYTES = 100;

/** Bytes of a message to one client: a frame, and what Socket.IO makes of text in WebSocket. */
const FRAME_BYTES = 16 + BODY_BYTES;
const SOCKETIO_BYTES = 2 + '42["m",""]'.length + BODY_BYTES;

/** How long nothing has to come until all has come, in milliseconds. */
const QUIET_MS = 500;

/** How long a server that was pushed to may take until something comes, in milliseconds. */
const SILENT_MS_MAX = 20_000;

/** A server that is compared, and its clients. */
interface Subject {
  readonly name: string;
  readonly child: Child;
  readonly sink: Child;
  /** Messages that have come to clients so far. */
  received(): Promise<number>;
  /** Pushes at a rate for a while. */
  push(rate: number, seconds: number): Promise<unknown>;
}

/** A server with its clients, whose messages are told by their bytes. */
async function subjectOf(
  name: string,
  child: Child,
  messageBytes: number,
  opening: Readonly<Record<string, unknown>>,
): Promise<Omit<Subject, "push">> {
  const sink = new Child("./sink.ts");
  await sink.call("open", { room: "", ...opening });
  const received = async () => await sink.call<number>("received") / messageBytes;
  return { name, child, sink, received };
}

async function bare(clients: number): Promise<Subject> {
  const child = new Child("./subject.ts");
  const { bare: port } = await child.call<Ports>("listen", { onData: "ignore" });
  return {
    ...await subjectOf("bare socket loop", child, FRAME_BYTES, { kind: "bare", port, clients }),
    push: (rate, seconds) => child.call("bareAtRate", { rate, seconds }),
  };
}

/** A whole server in one process, pushed to over HTTP. */
async function halley(clients: number, kind: "tcp" | "websocket"): Promise<Subject> {
  const child = new Child("./whole_server.ts");
  const { tcp, ws, http } = await child.call<ServerPorts>("start");
  const room = "bench://room";
  const [name, port] = kind === "tcp" ? ["Halley, TCP", tcp] : ["Halley, WebSocket", ws];
  const opening = { kind, port, clients, room, countsPushes: true };
  const subject = await subjectOf(name, child, FRAME_BYTES, opening);
  const body = new Uint8Array(BODY_BYTES);
  return {
    ...subject,
    received: kind === "tcp" ? subject.received : () => subject.sink.call<number>("pushesReceived"),
    push: (rate, seconds) => atRate(rate, rate * seconds, () => pushToRoom(http, room, body)),
  };
}

async function socketIo(clients: number): Promise<Subject> {
  const child = new Child("./socketio_server.ts");
  const { port } = await child.call<{ port: number }>("listen");
  const opening = { kind: "socketio", port, clients };
  return {
    ...await subjectOf("Socket.IO, WebSocket", child, SOCKETIO_BYTES, opening),
    push: (rate, seconds) => child.call("emitAtRate", { rate, seconds, bytes: BODY_BYTES }),
  };
}

/**
 * Waits until nothing more comes, and says how many messages have.
 *
 * @param earlier So many had come before; at least one comes.
 * @throws {Error} When none does.
 */
async function quiet(subject: Subject, earlier = -1): Promise<number> {
  const startMs = performance.now();
  for (let before = -1;;) {
    const received = await subject.received();
    if (received === before && received > earlier) return received;
    if (received === earlier && performance.now() - startMs > SILENT_MS_MAX) {
      throw new Error(`Cannot measure ${subject.name}: nothing came of its pushes`);
    }
    before = received;
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  }
}

/**
 * CPU per message that reached a client, in microseconds, and how many a second did.
 *
 * @param earlier Messages that had come before.
 */
async function measure(subject: Subject, rate: number, seconds: number, earlier: number) {
  const before = await subject.child.usage();
  const startMs = performance.now();
  await subject.push(rate, seconds);
  const received = await quiet(subject, earlier);
  const tookS = (performance.now() - startMs - QUIET_MS) / 1_000;
  const after = await subject.child.usage();
  const messages = received - earlier;
  return {
    received,
    us: (after.cpuUs - before.cpuUs) / messages,
    perS: messages / tookS,
  };
}

/**
 * The same fan-out by a bare socket loop, by Halley and by Socket.IO, at growing rates: CPU of the
 * server per message that came, and how many messages a second came at the highest rate.
 */
export async function run(scale: number, { chartFile }: BenchOptions): Promise<void> {
  const clients = scaled(CLIENTS, Math.min(1, scale), 20);
  const seconds = Math.max(0.25, SECONDS * Math.min(1, scale));
  const costs: [name: string, us: number[]][] = [];
  const throughputs: string[][] = [];
  const subjects = [
    () => bare(clients),
    () => halley(clients, "tcp"),
    () => halley(clients, "websocket"),
    () => socketIo(clients),
  ];
  for (const start of subjects) {
    const subject = await start();
    const { name } = subject;
    try {
      const measured = [];
      let received = await quiet(subject);
      for (const rate of RATES) {
        const one = await measure(subject, rate, seconds, received);
        received = one.received;
        measured.push(one);
      }
      costs.push([name, measured.map(({ us }) => us)]);
      throughputs.push([name, cell(measured.at(-1)!.perS)]);
    } finally {
      await subject.sink.stop();
      await subject.child.stop();
    }
  }
  const groups = RATES.map((rate) => `${rate} pushes/s`);
  const room = `a room of ${clients}, ${BODY_BYTES} bytes`;
  const title = `CPU of the server per message to a client, in µs, ${room}`;
  printTable(title, ["server", ...groups], costs.map(([name, us]) => [name, ...us.map(cell)]));
  printTable(
    `Messages to clients per second that ${RATES.at(-1)} pushes/s make, ${room}`,
    ["server", "messages/s"],
    throughputs,
  );
  if (chartFile === undefined) return;
  writeFileSync(chartFile, barChart({ title, groups, series: costs }));
}
