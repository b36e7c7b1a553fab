import { systemClock } from "../system_clock.ts";
import {
  type Conn,
  type ConnHandler,
  type Listener,
  type Platform,
  WriteOutcome,
} from "../port.ts";

/** How long a test waits for what must come, in milliseconds. */
const deadlineMs = 15_000;

/** Bytes that may wait for a connection, unless a test wants otherwise. */
export const pendingBytesMax = 64 * 1024;

/** Lets the event loop go round once. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void systemClock.nextTurn(resolve));
}

/** What happened to one connection. */
class Story {
  readonly chunks: Uint8Array[] = [];
  receivedBytes = 0;
  opens = 0;
  drains = 0;
  ends = 0;
  closes = 0;

  /** All that was received, in one piece. */
  received(): Uint8Array {
    const whole = new Uint8Array(this.receivedBytes);
    let offset = 0;
    for (const chunk of this.chunks) {
      whole.set(chunk, offset);
      offset += chunk.length;
    }
    return whole;
  }
}

/** A connection of a test; its context is its story. */
export type ProbeConn = Conn<Story>;

/** Writes down what connections tell, and lets a test wait for it. */
export class Probe implements ConnHandler<Story> {
  /** Every connection there was, oldest first. */
  readonly conns: ProbeConn[] = [];
  /** What a test wants to do on the spot. */
  readonly react: Partial<ConnHandler<Story>>;
  #wake: (() => void) | undefined;
  /** Whether nothing that comes is for the test yet. */
  #warming = false;

  constructor(react: Partial<ConnHandler<Story>> = {}) {
    this.react = react;
  }

  open(conn: ProbeConn): void {
    conn.context = new Story();
    conn.context.opens++;
    this.conns.push(conn);
    this.look();
    this.react.open?.(conn);
  }

  data(conn: ProbeConn, chunk: Uint8Array): void {
    conn.context.chunks.push(chunk.slice());
    conn.context.receivedBytes += chunk.length;
    this.look();
    if (!this.#warming) this.react.data?.(conn, chunk);
    // As the callee may, to nobody's harm.
    chunk.fill(0);
  }

  drain(conn: ProbeConn): void {
    conn.context.drains++;
    this.look();
    if (!this.#warming) this.react.drain?.(conn);
  }

  end(conn: ProbeConn): void {
    conn.context.ends++;
    this.look();
    this.react.end?.(conn);
  }

  close(conn: ProbeConn): void {
    conn.context.closes++;
    this.look();
    this.react.close?.(conn);
  }

  /** Sends a byte and receives one, and forgets what happened. */
  async warmUp(conn: ProbeConn): Promise<void> {
    this.#warming = true;
    const drains = conn.write(new Uint8Array(1)) === WriteOutcome.queued ? 1 : 0;
    const isWarm = () => conn.context.receivedBytes === 1 && conn.context.drains === drains;
    await this.until("a byte has gone and one has come", isWarm);
    this.#warming = false;
    conn.context = new Story();
    conn.context.opens++;
  }

  /** Has a waiting test look again. */
  look(): void {
    this.#wake?.();
  }

  /**
   * Waits until something is so; looks after every event of this probe.
   *
   * @throws {Error} With `what` when it does not become so in time.
   */
  async until(what: string, isSo: () => boolean): Promise<void> {
    let late = false;
    const timer = systemClock.setTimeout(() => {
      late = true;
      this.look();
    }, deadlineMs);
    while (!isSo() && !late) await new Promise<void>((resolve) => this.#wake = resolve);
    systemClock.cancel(timer);
    if (late) throw new Error(`Waited ${deadlineMs} ms in vain until ${what}`);
  }
}

/** What is tested. */
export interface Subject extends Platform {
  /** Accepted connections are told of before they take a write: TLS has its handshake first. */
  readonly opensEarly?: boolean;
}

/** Both ends of a connection and who watches them. */
interface Pair {
  readonly listener: Listener;
  readonly server: Probe;
  readonly client: Probe;
  /** The accepted end. */
  readonly accepted: ProbeConn;
  /** The dialled end. */
  readonly dialled: ProbeConn;
}

/** How a test wants its pair. */
interface PairOptions {
  /** Where to listen; loopback when absent. */
  readonly hostname?: string;
  readonly pendingBytesMax?: number;
  readonly server?: Partial<ConnHandler<Story>>;
  readonly client?: Partial<ConnHandler<Story>>;
}

/** Opens a port, dials it, lets the connection become ready, runs a test on the connection and cleans up. */
export async function withPair(
  platform: Subject,
  options: PairOptions,
  run: (pair: Pair) => void | Promise<void>,
): Promise<void> {
  const server = new Probe(options.server);
  const client = new Probe(options.client);
  const limits = { pendingBytesMax: options.pendingBytesMax ?? pendingBytesMax };
  const { hostname = "127.0.0.1" } = options;
  const listener = await platform.streams.listen({ hostname, port: 0, handler: server, ...limits });
  try {
    const { port } = listener.address;
    const dialled = await platform.streams.dial({ hostname, port, handler: client, ...limits });
    await server.until("the listener accepts", () => server.conns.length > 0);
    const [accepted] = server.conns;
    if (platform.opensEarly && options.server?.open === undefined) {
      await Promise.all([server.warmUp(accepted), client.warmUp(dialled)]);
    }
    await run({ listener, server, client, accepted, dialled });
  } finally {
    await closeAll(server, client);
    await listener.close();
  }
}

/** Evicts every connection and waits until the runtime has let go of them. */
export async function closeAll(...probes: readonly Probe[]): Promise<void> {
  for (const { conns } of probes) for (const conn of conns) conn.evict();
  await turn();
}

/** Bytes whose content tells their place. */
export function pattern(length: number, seed = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 31 + (at >>> 8) + seed * 17) & 0xff;
  return bytes;
}
