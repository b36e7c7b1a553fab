import type { Conn, ConnHandler } from "../platform/port.ts";
import { selectPlatform } from "../platform/select.ts";
import { Child } from "./child.ts";
import { cell, median, percentile99, printTable, scaled } from "./measure.ts";
import type { ServerPorts } from "./whole_server.ts";

const CONNECTIONS = 64;
/** Pushes of one round over all connections, and over one. */
const MANY_PUSHES = 60_000;
const LONE_PUSHES = 3_000;
const BODY_BYTES = 100;
/** Rounds that are measured, after one to warm up, the servers in turn; the medians count. */
const ROUNDS = 3;
/** What an answer ends with: it is JSON. */
const LAST_BYTE = "}".charCodeAt(0);

const request = new TextEncoder().encode(
  "POST /goim/push/room?operation=1000&type=bench&room=http HTTP/1.1\r\nHost: 127.0.0.1\r\n" +
    "Content-Type: application/json\r\nUser-Agent: bench\r\nAccept: */*\r\n" +
    `Content-Length: ${BODY_BYTES}\r\n\r\n${"x".repeat(BODY_BYTES)}`,
);

/** What a server was measured to do. */
interface Figures {
  readonly name: string;
  readonly port: number;
  readonly perSecond: number[];
  readonly medianUs: number[];
  readonly p99Us: number[];
}

/** Callers that push again as soon as they have an answer, until all pushes are made. */
class Callers implements ConnHandler<{ sentMs: number }> {
  readonly latenciesMs: number[] = [];
  readonly #done = Promise.withResolvers<void>();
  #open = 0;

  constructor(private left: number) {}

  /** Makes the pushes, and settles when all are answered. */
  static async run(port: number, connections: number, pushes: number): Promise<Callers> {
    const { streams } = await selectPlatform();
    const callers = new Callers(pushes);
    const address = { hostname: "127.0.0.1", port };
    await Promise.all(
      Array.from(
        { length: connections },
        () => streams.dial({ ...address, pendingBytesMax: 4096, handler: callers }),
      ),
    );
    await callers.#done.promise;
    return callers;
  }

  open(conn: Conn<{ sentMs: number }>): void {
    this.#open++;
    conn.context = { sentMs: 0 };
    this.#push(conn);
  }

  data(conn: Conn<{ sentMs: number }>, chunk: Uint8Array): void {
    if (chunk[chunk.length - 1] !== LAST_BYTE) return;
    this.latenciesMs.push(performance.now() - conn.context.sentMs);
    this.#push(conn);
  }

  drain(): void {}

  end(conn: Conn): void {
    conn.end();
  }

  close(): void {
    if (this.left > 0) this.#done.reject(new Error("the server closed a connection"));
    else if (--this.#open === 0) this.#done.resolve();
  }

  #push(conn: Conn<{ sentMs: number }>): void {
    if (this.left <= 0) return conn.evict();
    this.left--;
    conn.context.sentMs = performance.now();
    conn.write(request);
  }
}

async function round(figures: Figures, scale: number): Promise<void> {
  const pushes = scaled(MANY_PUSHES, scale, CONNECTIONS);
  const startMs = performance.now();
  await Callers.run(figures.port, CONNECTIONS, pushes);
  figures.perSecond.push(pushes * 1e3 / (performance.now() - startMs));
  const { latenciesMs } = await Callers.run(figures.port, 1, scaled(LONE_PUSHES, scale, 10));
  figures.medianUs.push(median(latenciesMs) * 1e3);
  figures.p99Us.push(percentile99(latenciesMs) * 1e3);
}

/**
 * Pushes over HTTP/1.1 with connections that are kept, to a server with every role in one process,
 * next to the runtime's own HTTP server with nothing behind it.
 */
export async function run(scale: number): Promise<void> {
  await using bare = new Child("./bare_http_server.ts");
  await using whole = new Child("./whole_server.ts");
  const none = () => ({ perSecond: [], medianUs: [], p99Us: [] });
  const { runtime, own } = await bare.call<Record<"runtime" | "own", number>>("listen");
  const { http } = await whole.call<ServerPorts>("start");
  const servers: Figures[] = [
    { name: "the runtime's, bare", port: runtime, ...none() },
    { name: "Halley's, bare", port: own, ...none() },
    { name: "Halley's, with all behind it", port: http, ...none() },
  ];
  for (const { port } of servers) await round({ name: "", port, ...none() }, scale);
  for (let count = 0; count < ROUNDS; count++) {
    for (const figures of servers) await round(figures, scale);
  }
  printTable(
    `Pushes of ${BODY_BYTES} bytes over HTTP: ${CONNECTIONS} connections, then one`,
    ["server", "pushes/s", "one: median µs", "p99"],
    servers.map(({ name, perSecond, medianUs, p99Us }) => [
      name,
      ...[perSecond, medianUs, p99Us].map((figures) => cell(median(figures))),
    ]),
  );
}
