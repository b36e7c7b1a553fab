import { systemClock } from "../platform/system_clock.ts";
import type { Conn, ConnHandler, TlsTrust } from "../platform/port.ts";
import { selectPlatform } from "../platform/select.ts";
import { Child } from "./child.ts";
import { cell, median, printTable, scaled } from "./measure.ts";
import type { TlsPorts } from "./tls_server.ts";

const CONNECTIONS = 4_000;
/** Opened before anything is measured. */
const WARM = 500;
const AT_ONCE = 16;
const ROUNDS = 300;
/** Bytes of an answer, which comes in two writes. */
const ANSWER_BYTES = 40;
/** How long the runtimes get to settle, in milliseconds. */
const SETTLE_MS = 3_000;

/** Clients that wait for whole answers. */
class Clients implements ConnHandler<{ bytes: number }> {
  readonly conns: Conn<{ bytes: number }>[] = [];
  #answered: (() => void) | undefined;

  constructor(private readonly port: number, private readonly tls: TlsTrust | undefined) {}

  open(conn: Conn<{ bytes: number }>): void {
    conn.context = { bytes: 0 };
    this.conns.push(conn);
  }

  data(conn: Conn<{ bytes: number }>, chunk: Uint8Array): void {
    conn.context.bytes += chunk.length;
    if (conn.context.bytes % ANSWER_BYTES === 0) this.#answered?.();
  }

  drain(): void {}
  end(): void {}
  close(): void {}

  async add(count: number): Promise<void> {
    const { streams } = await selectPlatform();
    const { port, tls } = this;
    const options = { hostname: "127.0.0.1", port, tls, pendingBytesMax: 4_096, handler: this };
    let left = count;
    const dial = async () => {
      while (left-- > 0) await streams.dial(options);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, dial));
  }

  /** Asks one after the other; the milliseconds until each answer was whole. */
  async ask(rounds: number): Promise<number[]> {
    const tookMs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const startMs = systemClock.monotonicMs();
      const answered = new Promise<void>((resolve) => this.#answered = resolve);
      this.conns[0].write(new Uint8Array(1));
      await answered;
      tookMs.push(systemClock.monotonicMs() - startMs);
    }
    return tookMs;
  }
}

/**
 * What TLS costs a server: memory and CPU time of a connection with its handshake, and how long an
 * answer takes that comes in two small writes, beside plain TCP on the same port's terms.
 */
export async function run(scale: number): Promise<void> {
  const count = scaled(CONNECTIONS, scale, 10);
  const warm = scaled(WARM, scale, 2);
  const settle = () =>
    new Promise((resolve) => setTimeout(resolve, SETTLE_MS * Math.min(1, scale)));
  const rows: string[][] = [];
  for (const kind of ["plain", "tls"] as const) {
    await using server = new Child("./tls_server.ts");
    const ports = await server.call<TlsPorts>("listen");
    const clients = new Clients(ports[kind], kind === "tls" ? { ca: ports.ca } : undefined);
    await clients.add(warm);
    await server.call("collect");
    await settle();
    const before = await server.usage();
    await clients.add(count);
    const { cpuUs } = await server.usage();
    await server.call("collect");
    await settle();
    const { rssBytes } = await server.usage();
    const eachUs = (cpuUs - before.cpuUs) / count;
    const bytes = (rssBytes - before.rssBytes) / count;
    const answerMs = median(await clients.ask(scaled(ROUNDS, scale, 10)));
    for (const conn of clients.conns) conn.evict();
    rows.push([kind, cell(bytes), cell(eachUs), cell(1e6 / eachUs), cell(answerMs)]);
  }
  printTable(
    `${count} connections of the server process, with and without TLS`,
    ["connections", "bytes each", "CPU us each", "per second of CPU", "answer, ms"],
    rows,
  );
}
