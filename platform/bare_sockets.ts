/**
 * What the runtime's own sockets and HTTP server cost with nothing on top: the floor that benchmarks compare with.
 * It lives here because runtime globals do.
 */
export interface BareSockets {
  /**
   * Opens a port that accepts and keeps connections.
   *
   * @param onData What to do with what comes: send it back, or ignore it.
   */
  listen(onData: "echo" | "ignore"): Promise<BareListener>;
  /**
   * Serves HTTP on a free port of 127.0.0.1 for as long as the process lives.
   *
   * @returns The port.
   */
  serveHttp(fetch: (request: Request) => Promise<Response>): number;
}

/** A bare listener. */
export interface BareListener {
  readonly port: number;
  /** Connections that are open. */
  readonly size: number;
  /** Writes to every connection, in a loop and no more. */
  writeAll(bytes: Uint8Array): void;
  close(): void;
}
