import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Author } from "./author.ts";
import { cpuOf, type Deployment, startCluster, startOneProcess, stopAll } from "./deployments.ts";
import { atRate, cell, median, percentile99, printTable, scaled } from "./measure.ts";
import { Members } from "./members.ts";
import { pushToRoom } from "./room_client.ts";

const MEMBERS = 10;
const BODY_CHARS = 100;
/** Each way in turn: of the figures of all rounds the best counts, since others use the machine. */
const ROUNDS = 5;
const LATENCY_MESSAGES = 200;
const LATENCY_RATE = 100;
/** Messages under way at once when as many as possible are wanted. */
const AUTHORS = 16;
const SATURATED_MS = 1_000;
const ROOM = "bench://publish";

/** What a room is like in which clients write to each other. */
const ROOMS = '[[rooms]]\ntype = "bench"\nhistory-size = 1000\nupstream = "publish"\n';

/** More than can be reached: what counts messages is at work, and refuses none. */
const LIMITS = ["rate", "burst", "mid-rate", "mid-burst"].flatMap((
  limit,
) => [`--publish-${limit}`, "100000"]);

/** How a message comes into the room, one after the other for each caller. */
interface Way {
  readonly name: string;
  /** Says it as one of the callers, and settles when it is answered. */
  say(caller: number): Promise<unknown>;
  close(): void;
}

/** A text that says when it was sent. */
function timedText(): string {
  return `${performance.now()} `.padEnd(BODY_CHARS, ".");
}

/** When a text was sent. */
function timeOf(body: Uint8Array): number {
  return parseFloat(new TextDecoder().decode(body));
}

/** Clients that publish with operation 70. */
async function publishing({ tcpPort, wsPort }: Deployment, isWebSocket: boolean): Promise<Way> {
  const authors: Author[] = [];
  for (let mid = 1; mid <= AUTHORS; mid++) {
    authors.push(await Author.enter(isWebSocket ? wsPort : tcpPort, isWebSocket, ROOM, mid));
  }
  return {
    name: `publish over ${isWebSocket ? "WebSocket" : "TCP"}`,
    say: (caller) => authors[caller].publish(timedText()),
    close: () => authors.forEach((author) => author.close()),
  };
}

/** A back end that pushes over HTTP, for comparison. */
function pushing({ httpPort }: Deployment): Promise<Way> {
  return Promise.resolve({
    name: "push over HTTP",
    say: () => pushToRoom(httpPort, ROOM, new TextEncoder().encode(timedText())),
    close() {},
  });
}

/** Says so many at a steady rate, however long each takes, until all members have them. */
async function sayAtRate(way: Way, members: Members, count: number): Promise<void> {
  const goal = members.received + count * MEMBERS;
  let next = 0;
  await atRate(LATENCY_RATE, count, () => way.say(next++ % AUTHORS));
  await members.until(() => members.received >= goal);
}

/** Says as many as get through: how many a second, and µs of CPU of the server for each. */
async function saturate(
  server: Deployment,
  way: Way,
  members: Members,
  spanMs: number,
): Promise<[perSecond: number, cpuUs: number]> {
  const before = { received: members.received, cpuS: cpuOf(server) };
  const startMs = performance.now();
  let said = 0;
  await Promise.all(Array.from({ length: AUTHORS }, async (_, caller) => {
    while (performance.now() - startMs < spanMs) {
      await way.say(caller);
      said++;
    }
  }));
  await members.until(() => members.received >= before.received + said * MEMBERS);
  const tookS = (performance.now() - startMs) / 1_000;
  return [said / tookS, (cpuOf(server) - before.cpuS) * 1e6 / said];
}

/** What was measured of one way in the best of the rounds so far. */
class Figures {
  #medianMs = Infinity;
  #p99Ms = Infinity;
  #perSecond = 0;
  #cpuUs = Infinity;

  add(latenciesMs: readonly number[], [perSecond, cpuUs]: [number, number]): void {
    this.#medianMs = Math.min(this.#medianMs, median(latenciesMs));
    this.#p99Ms = Math.min(this.#p99Ms, percentile99(latenciesMs));
    this.#perSecond = Math.max(this.#perSecond, perSecond);
    this.#cpuUs = Math.min(this.#cpuUs, cpuUs);
  }

  get cells(): string[] {
    return [this.#medianMs, this.#p99Ms, this.#perSecond, this.#cpuUs].map(cell);
  }
}

/** One of the ways, to members over the same transport. */
interface Subject {
  readonly isWebSocket: boolean;
  readonly open: (server: Deployment) => Promise<Way>;
}

const subjects: readonly Subject[] = [
  { isWebSocket: false, open: pushing },
  { isWebSocket: false, open: (server) => publishing(server, false) },
  { isWebSocket: true, open: (server) => publishing(server, true) },
];

/** @returns The name of the way. */
async function measure(
  server: Deployment,
  { isWebSocket, open }: Subject,
  figures: Figures,
  scale: number,
): Promise<string> {
  const members = new Members(ROOM, timeOf);
  await members.open(isWebSocket ? server.wsPort : server.tcpPort, MEMBERS, isWebSocket);
  const way = await open(server);
  const count = scaled(LATENCY_MESSAGES, scale, 20);
  const spanMs = scaled(SATURATED_MS, Math.min(1, scale), 100);
  await saturate(server, way, members, spanMs / 4);
  members.latenciesMs = [];
  await sayAtRate(way, members, count);
  const { latenciesMs } = members;
  figures.add(latenciesMs, await saturate(server, way, members, spanMs));
  way.close();
  members.close();
  return way.name;
}

async function measureAll(server: Deployment, scale: number): Promise<string[][]> {
  const figures = subjects.map(() => new Figures());
  const names = new Array<string>(subjects.length);
  for (let round = 0; round < scaled(ROUNDS, scale, 1); round++) {
    for (const [index, subject] of subjects.entries()) {
      names[index] = await measure(server, subject, figures[index], Math.min(1, scale));
    }
  }
  return names.map((name, index) => [`${server.name}, ${name}`, ...figures[index].cells]);
}

/**
 * From a client's operation 70 to its receipt by others in the room, next to a push over HTTP into
 * the same room: in one process, and over a comet, a job, a logic and a Redis. Needs `redis-server`.
 */
export async function run(scale: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "halley-bench-"));
  const rows: string[][] = [];
  try {
    const config = join(folder, "halley.toml");
    await writeFile(config, ROOMS);
    for (const start of [startOneProcess, startCluster]) {
      const server = await start("--config", config, ...LIMITS);
      try {
        rows.push(...await measureAll(server, scale));
      } finally {
        await stopAll(server);
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  printTable(
    `From a message of ${BODY_CHARS} bytes to its receipt by ${MEMBERS} others, ` +
      `${LATENCY_RATE} a second; then as many as ${AUTHORS} callers get answered`,
    ["server and way", "median ms", "p99 ms", "messages/s", "CPU of the server, µs each"],
    rows,
  );
}
