import { getLogger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import type { Address, Listener, Streams } from "../platform/port.ts";
import { encodeFrame, type Frame } from "../protocol/frame.ts";
import { addressText, isLocal } from "./address.ts";
import { closeGracefully, ConnectionSet, type RpcConn } from "./connection_set.ts";
import { RpcCounters } from "./counters.ts";
import { decodeHello, encodeFailure, encodeHello, RpcOperation, type RpcPeer } from "./frames.ts";
import { Handshake, type HandshakeOwner } from "./handshake.ts";
import { RpcLimits } from "./limits.ts";
import { type RpcHandler, RpcLink } from "./link.ts";
import { RpcError } from "../protocol/rpc.ts";

const log = getLogger(["halley", "rpc"]);

/** How to listen for links. */
export interface RpcListenOptions {
  readonly streams: Streams;
  readonly address: Address;
  /** What a peer must know; empty lets every process of this machine in, and no other. */
  readonly secret: string;
  readonly clock: Clock;
  /** Who this end is. */
  readonly self: RpcPeer;
  readonly handler: RpcHandler;
  /** As for {@linkcode RpcLinkDependencies}. */
  readonly silentMs?: number;
  /** Where to count; several ends may share it. */
  readonly counters?: RpcCounters;
}

/** An open port for links. */
export interface RpcListener {
  /** Where it really listens. */
  readonly address: Address;
  /** The links that are open. */
  links(): Iterable<RpcLink>;
  /** Accepts no more and closes every link; settles when all connections are gone. */
  close(): Promise<void>;
}

/**
 * Listens for links.
 *
 * @throws {Error} With a one-line message when the port cannot be opened, or when others than this
 * machine could reach it and there is no secret.
 */
export async function listenRpc(options: RpcListenOptions): Promise<RpcListener> {
  const { streams, address, secret } = options;
  if (secret === "" && !isLocal(address)) {
    throw new Error(
      `Cannot listen on ${addressText(address)} for RPC: without a cluster secret the address ` +
        `must be a loopback one, current value is "${address.hostname}"`,
    );
  }
  const acceptor = new Acceptor(options);
  const listener = await streams.listen({
    ...address,
    pendingBytesMax: RpcLimits.pendingBytesMax,
    handler: acceptor.conns,
    counters: options.counters,
  });
  return acceptor.serve(listener);
}

/** Makes links of the connections that come. */
class Acceptor implements HandshakeOwner {
  readonly conns = new ConnectionSet((conn) => this.#opened(conn));
  readonly #options: RpcListenOptions;
  readonly #counters: RpcCounters;
  readonly #links = new Set<RpcLink>();
  readonly #handshakes = new Set<RpcConn>();
  #closed = false;

  constructor(options: RpcListenOptions) {
    this.#options = options;
    this.#counters = options.counters ?? new RpcCounters();
  }

  serve(listener: Listener): RpcListener {
    return {
      address: listener.address,
      links: () => this.#links.values(),
      close: async () => {
        this.#closed = true;
        await listener.close();
        for (const conn of this.#handshakes) conn.evict();
        for (const link of [...this.#links]) link.close();
        await this.conns.none();
      },
    };
  }

  completed(conn: RpcConn, { operation, sequence, body }: Frame): void {
    const { self, secret, clock, handler, silentMs } = this.#options;
    if (operation !== RpcOperation.hello) {
      throw new RpcError("bad-request", false, "the first frame must be a hello");
    }
    const greeted = decodeHello(body, self, secret);
    this.#handshakes.delete(conn);
    conn.write(encodeFrame(RpcOperation.ok, sequence, encodeHello(self, "")));
    const counters = this.#counters;
    const onClosed = (link: RpcLink) => void this.#links.delete(link);
    const link = new RpcLink({ conn, ...greeted, clock, handler, silentMs, counters, onClosed });
    this.#links.add(link);
    link.start();
  }

  failed(conn: RpcConn, error: Error): void {
    if (!this.#handshakes.delete(conn)) return;
    this.#counters.refused++;
    // Whoever has gone needs no answer; probes of the port do just that.
    if (error instanceof RpcError && error.code === "lost") return conn.evict();
    log.warn("refuses a link from {from}: {reason}", {
      from: conn.remoteAddress,
      reason: error.message,
    });
    conn.write(encodeFrame(RpcOperation.failure, 0, encodeFailure(error)));
    closeGracefully(conn, this.#options.clock);
  }

  #opened(conn: RpcConn): void {
    if (this.#closed) return conn.evict();
    if (this.#handshakes.size >= RpcLimits.handshakesMax) {
      // The oldest goes: whoever says hello at once gets in, however many others say nothing.
      const [oldest] = this.#handshakes;
      oldest.evict();
    }
    this.#handshakes.add(conn);
    new Handshake(conn, this.#options.clock, this);
  }
}
