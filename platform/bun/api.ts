/**
 * The few shapes of Bun's API in use. Its own types are not installed, since they and Deno's
 * declare the same globals differently.
 */

/** A TCP socket; `data` is the owner's own. */
export interface BunSocket<Data> {
  data: Data;
  /** Undefined over a unix socket. */
  readonly remoteAddress: string | undefined;
  /** @returns Bytes the kernel took; the rest is not kept. -1 when the socket is over. */
  write(bytes: Uint8Array): number;
  /** Says end of stream; reading goes on. */
  shutdown(): void;
  /** Resets the connection. */
  terminate(): void;
  pause(): void;
  resume(): void;
  setNoDelay(on: boolean): void;
}

/** Callbacks that all sockets of a listener share. */
export interface BunSocketHandlers<Data> {
  readonly binaryType: "uint8array";
  open(socket: BunSocket<Data>): void;
  data(socket: BunSocket<Data>, chunk: Uint8Array): void;
  /** Also comes when nothing was held back. */
  drain(socket: BunSocket<Data>): void;
  end(socket: BunSocket<Data>): void;
  close(socket: BunSocket<Data>): void;
  /**
   * The handshake of TLS is over; without one, never called.
   *
   * @param error Why the peer is not to be trusted, where that is asked.
   */
  handshake?(socket: BunSocket<Data>, isDone: boolean, error: Error | null): void;
}

/** TLS of `Bun.listen` and `Bun.connect`; all but keys and versions is for `connect` alone. */
export interface BunTlsOptions {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly serverName?: string;
  readonly rejectUnauthorized?: boolean;
  /** The lowest version, as the protocol has it. */
  readonly minVersion?: number;
}

/** Where `Bun.listen` and `Bun.connect` go. */
type BunPlace =
  | { readonly hostname: string; readonly port: number; readonly reusePort?: boolean }
  | { readonly unix: string };

/** Options of `Bun.listen` and `Bun.connect`. */
type BunSocketOptions<Data> = BunPlace & {
  readonly allowHalfOpen: boolean;
  readonly tls?: BunTlsOptions;
  readonly socket: BunSocketHandlers<Data>;
};

/** What `Bun.listen` gives. */
export interface BunListener {
  readonly hostname: string;
  readonly port: number;
  /** Accepts no more; open sockets stay. */
  stop(): void;
}

/** Options of `Bun.serve`, which benchmarks compare with. */
interface BunServeOptions {
  readonly hostname: string;
  readonly port: number;
  fetch(request: Request): Promise<Response>;
}

/** The `Bun` global. */
interface BunApi {
  serve(options: BunServeOptions): { readonly port: number };
  readonly version: string;
  listen<Data>(options: BunSocketOptions<Data>): BunListener;
  connect<Data>(options: BunSocketOptions<Data>): Promise<BunSocket<Data>>;
}

/** The `Bun` global; undefined on other runtimes. */
export const bun = (globalThis as unknown as { Bun: BunApi }).Bun;
