/**
 * An HTTP/1.1 server over byte streams: the same code, and so the same answers and the same limits,
 * on every runtime. A request is read whole before its handler sees it, and an answer is read whole
 * before it is sent. A connection costs no timer, and a request no closure.
 *
 * @module
 */
import type { Address, Streams } from "../../platform/port.ts";
import { type ExchangeOptions, Exchanges } from "./exchanges.ts";

/** How to serve HTTP. */
export interface HttpOptions extends ExchangeOptions {
  readonly streams: Streams;
  /** Where to listen. */
  readonly address: Address;
}

/** A running HTTP server. */
export interface HttpServer {
  /** Where it really listens. */
  readonly address: Address;
  /** Connections that are open. */
  readonly connections: number;
  /** Most connections at once; may be changed. */
  connectionsMax: number;
  /**
   * Accepts no more connections and ends those without a request; requests under way, half a body
   * included, have `HttpLimits.closeMsMax`. Settles when all connections are gone.
   */
  close(): Promise<void>;
  /**
   * Hands no more requests to the handler: one that comes whole later is answered 503. Settles when
   * those that the handler has are answered, at the latest after `HttpLimits.closeMsMax`.
   */
  quiesce(): Promise<void>;
}

/**
 * Serves HTTP.
 *
 * @throws {Error} With a one-line message when the port cannot be opened.
 */
export async function serveHttp(options: HttpOptions): Promise<HttpServer> {
  const exchanges = new Exchanges(options);
  const listener = await options.streams.listen({
    ...options.address,
    // What waits is bounded by its owner, who looks at no request while answers wait.
    pendingBytesMax: Infinity,
    handler: exchanges,
    counters: exchanges.counters,
  });
  let closed: Promise<void> | undefined;
  return {
    address: listener.address,
    get connections() {
      return exchanges.connections.size;
    },
    get connectionsMax() {
      return exchanges.connections.connectionsMax;
    },
    set connectionsMax(max) {
      exchanges.connections.connectionsMax = max;
    },
    close: () => closed ??= listener.close().then(() => exchanges.stop()),
    quiesce: () => exchanges.quiesce(),
  };
}
