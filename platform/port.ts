/**
 * The port to the runtimes: all that differs between Bun, Deno and a simulated machine. The rest of
 * the program knows this file alone; `select.ts` finds the platform of the runtime.
 *
 * `bun/`, `deno/` and the simulated machine of `tests/memory_platform/` have the same files: `mod.ts`
 * puts the platform together, `streams.ts` listens and dials, `conn.ts` is one connection,
 * `process.ts` the process. What connections do alike is in `queued_conn.ts`. Every platform passes
 * the tests of `contract_suite.ts`.
 *
 * @module
 */

/** What became of a `Conn.write`. */
export const WriteOutcome = {
  /** The kernel has it, or the runtime has it in flight with nothing behind it. */
  sent: 0,
  /** It waits behind a full socket; `drain` will come. */
  queued: 1,
  /** The queue was full: these bytes, whole, are lost. */
  dropped: 2,
  /** The connection is over. */
  closed: 3,
} as const;
export type WriteOutcome = typeof WriteOutcome[keyof typeof WriteOutcome];

/** One TCP connection: a byte stream with a bounded outbound queue. */
export interface Conn<Context = unknown> {
  /** The owner's own state; undefined until the owner sets it in `open`. */
  context: Context;
  /** The peer's IP address, IPv4 always as such; `unix` over a unix socket. */
  readonly remoteAddress: string;
  /** Bytes accepted by `write` that the kernel has not taken yet. */
  readonly pendingBytes: number;
  /**
   * Sends bytes, whole or not at all: a write is never cut in the middle, whatever is dropped
   * around it. Anything fits an empty queue; otherwise the queue takes up to its limit.
   *
   * @param bytes Shared: must never change afterwards.
   */
  write(bytes: Uint8Array): WriteOutcome;
  /**
   * Drops the queued writes that have not begun; one that has begun is finished.
   *
   * @returns How many writes were dropped.
   */
  discardPending(): number;
  /** Stops reading, so that the kernel holds the peer back; at most one more `data` may come. */
  pause(): void;
  /** Reads again. */
  resume(): void;
  /** Sends what is queued, then says end of stream; `close` comes when the peer has ended too. */
  end(): void;
  /** Drops everything and closes at once: `close` has been called when this returns. */
  evict(): void;
}

/**
 * What a connection tells its owner. One object serves every connection of a listener, so that a
 * connection costs no closure. Nothing comes after `close`. A callback that throws costs its
 * connection, and one line of the log.
 */
export interface ConnHandler<Context = unknown> {
  /** The connection is there; `conn.context` is undefined. */
  open(conn: Conn<Context>): void;
  /**
   * Bytes have come.
   *
   * @param chunk Lent until the call returns; the callee may overwrite it, and copies what it keeps.
   */
  data(conn: Conn<Context>, chunk: Uint8Array): void;
  /**
   * The outbound queue, which had held back or dropped something, is empty; once for each time. On
   * Deno its last bytes may still be under way.
   */
  drain(conn: Conn<Context>): void;
  /**
   * The peer has said end of stream; writing still works. Some runtimes say it of a reset, too:
   * then a write, or `end`, leads to `close`. Does not come after an `end` of one's own.
   */
  end(conn: Conn<Context>): void;
  /** The connection is over; exactly once. */
  close(conn: Conn<Context>): void;
}

/** Where a listener really listens. */
export interface Address {
  /** IP address or host name; `unix:` and a path for a unix socket. */
  readonly hostname: string;
  /** 0 for a unix socket. */
  readonly port: number;
}

/** What a listener counts for its owner. */
export interface AcceptCounters {
  /**
   * Connections that the system failed to hand over: reset before that, or no descriptor was left.
   * Bun does not tell, and counts none.
   */
  acceptFailures: number;
  /** Connections that ended in their TLS handshake, for what the client sent. */
  tlsFailures: number;
}

/** A certificate and its key. */
export interface TlsCertificate {
  /** PEM; the certificate of the server first, then those that vouch for it. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
}

/** How to listen. */
export interface ListenOptions<Context> {
  /**
   * IP address or host name; `unix:` and a path for a unix socket, which takes the place of one
   * that a killed process has left behind.
   */
  readonly hostname: string;
  /** 0 to 65535; 0 takes any free port. */
  readonly port: number;
  /** Lets several processes share the port. */
  readonly reusePort?: boolean;
  /**
   * Bytes that may wait for one connection whose socket is full. Where the runtime says late
   * whether it is full (Deno), four times as many for the first 100 ms of a write.
   */
  readonly pendingBytesMax: number;
  readonly handler: ConnHandler<Context>;
  /** Where to count; several listeners may share it. */
  readonly counters?: AcceptCounters;
  /**
   * Speaks TLS 1.2 or later with these; a client that names no host of them gets the first. Not for
   * a unix socket.
   */
  readonly tls?: readonly TlsCertificate[];
}

/** An open port. */
export interface Listener {
  readonly address: Address;
  /** Accepts no more; open connections stay. */
  close(): Promise<void>;
  /**
   * Connections from now on get these certificates; open ones go on, and none is refused meanwhile.
   * Only where the listener speaks TLS.
   *
   * @throws {Error} With a one-line message when they cannot be used: the ones before stay.
   */
  reloadTls?(certificates: readonly TlsCertificate[]): Promise<void>;
}

/** Whom to trust at the other end of a dialled connection. */
export interface TlsTrust {
  /** PEM of the authorities; those of the system when absent. */
  readonly ca?: string;
  /** The name that its certificate must bear; the host name dialled when absent. */
  readonly serverName?: string;
}

/** How to dial. */
export interface DialOptions<Context> {
  readonly hostname: string;
  readonly port: number;
  /** As for `ListenOptions`. */
  readonly pendingBytesMax: number;
  readonly handler: ConnHandler<Context>;
  /** Speaks TLS, and fails unless the certificate is one to trust. Not for a unix socket. */
  readonly tls?: TlsTrust;
}

/** Byte streams over TCP. */
export interface Streams {
  /** @throws {Error} With a one-line message when the port cannot be opened. */
  listen<Context>(options: ListenOptions<Context>): Promise<Listener>;
  /**
   * Connects; `handler.open` has been called when this resolves.
   *
   * @throws {Error} With a one-line message when nobody answers.
   */
  dial<Context>(options: DialOptions<Context>): Promise<Conn<Context>>;
}

/** The signals that a process may hear. */
export type Signal = "SIGHUP" | "SIGINT" | "SIGQUIT" | "SIGTERM" | "SIGUSR1" | "SIGUSR2";

/** A process that this one has started. */
export interface Child {
  readonly pid: number;
  /** Settles when it has gone, with its exit code or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Sends a signal; one that comes too late is ignored. */
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

/** The process we run in. */
export interface Process {
  /** `bun`, `deno` or `memory`, with the version. */
  readonly runtime: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  hostname(): string;
  /** Most files that this process may have open, or undefined where the system does not say. */
  openFilesMax(): number | undefined;
  /**
   * Whether the runtime lets this process connect there: Deno would ask whoever sits at the terminal,
   * and hold up everything meanwhile.
   *
   * @param host `host:port`.
   */
  mayConnect(host: string): boolean;
  /** Processors that this process may use. */
  cpuCount(): number;
  /** Resident memory, in bytes. */
  memoryBytes(): number;
  /**
   * Runs this same program once more, on this same runtime, with its output where ours goes.
   *
   * @param args In place of our own.
   * @param env Variables on top of our own.
   * @throws {Error} With a one-line message when it cannot be started.
   */
  spawn(args: readonly string[], env: Readonly<Record<string, string>>): Child;
  /**
   * Calls back whenever the signal comes; it does nothing else then. On a system that has no such
   * signal, never.
   */
  onSignal(signal: Signal, callback: () => void): void;
  /**
   * Writes without holding up anything else, whatever is at the other end; one write at a time.
   *
   * @returns How many bytes were written, once they are.
   */
  write(to: "stdout" | "stderr", bytes: Uint8Array): Promise<number>;
  exit(code: number): never;
}

/** Everything that differs between the runtimes. */
export interface Platform {
  readonly streams: Streams;
  readonly process: Process;
}
