import type { Clock, TimerHandle } from "../base/clock.ts";
import type { Address, Listener, Streams } from "../platform/port.ts";
import { type CloseCode, CloseCodes } from "../protocol/close_codes.ts";
import { Limits } from "../protocol/limits.ts";
import type { CometApi, Delivery as Item, LogicApi } from "../protocol/rpc/contract.ts";
import { BufferPool } from "./buffer/buffer_pool.ts";
import { CometCounters } from "./counters.ts";
import { Delivery } from "./delivery.ts";
import { Lifecycle } from "./lifecycle.ts";
import { type CometOptions, TICK_MS } from "./options.ts";
import { Reporter } from "./reporter.ts";
import { Session } from "./session.ts";
import { TcpTransport } from "./transport/tcp.ts";
import type { StreamTransport } from "./transport/transport.ts";
import { WebSocketTransport } from "./transport/websocket.ts";

/** What a comet stands on. */
export interface CometParts {
  readonly server: string;
  readonly streams: Streams;
  readonly logic: LogicApi;
  readonly clock: Clock;
  readonly options: CometOptions;
}

/** Holds the clients' connections: the role that faces them. */
export class Comet implements CometApi {
  readonly counters = new CometCounters();
  readonly #parts: CometParts;
  readonly #buffers: BufferPool;
  readonly #lifecycle: Lifecycle;
  readonly #delivery: Delivery;
  readonly #reporter: Reporter;
  readonly #tcp: TcpTransport;
  readonly #webSocket: WebSocketTransport;
  readonly #listeners: Listener[] = [];
  #ticks: TimerHandle;
  #stopped: (() => void) | undefined;

  constructor(parts: CometParts) {
    const { server, logic, clock, options } = parts;
    this.#parts = parts;
    this.#buffers = new BufferPool({ bytesMax: options.poolBytesMax });
    this.#lifecycle = new Lifecycle(server, logic, clock, options, this.counters);
    const session = new Session(this.#lifecycle, logic, this.counters);
    this.#delivery = new Delivery(this.#lifecycle, clock, this.counters);
    this.#reporter = new Reporter(this.#lifecycle, session, logic, this.counters);
    const shared = {
      session,
      lifecycle: this.#lifecycle,
      counters: this.counters,
      buffers: this.#buffers,
    };
    this.#tcp = new TcpTransport(shared);
    this.#webSocket = new WebSocketTransport(shared);
    this.#ticks = clock.setInterval(() => this.#tick(), TICK_MS);
  }

  /** Connections there are, authenticated or not. */
  get connections(): number {
    return this.#lifecycle.channels.size;
  }

  /** Rooms that have members here. */
  get rooms(): number {
    return this.#lifecycle.rooms.size;
  }

  /** Bytes that the buffer pool has reserved. */
  get pooledBytes(): number {
    return this.#buffers.bytesReserved;
  }

  /** Accepts goim frames on a TCP port; see {@linkcode Streams.listen} for the errors. */
  listenTcp(address: Address): Promise<Address> {
    return this.#listen(address, this.#tcp);
  }

  /** Accepts WebSocket clients on a TCP port, at the path `/sub`. */
  listenWebSocket(address: Address): Promise<Address> {
    return this.#listen(address, this.#webSocket);
  }

  deliver(batch: readonly Item[]): Promise<void> {
    return this.#delivery.deliver(batch);
  }

  close(connectionId: number, close: CloseCode): Promise<void> {
    const channel = this.#lifecycle.channels.byId(connectionId);
    if (channel !== undefined) this.#lifecycle.close(channel, close);
    return Promise.resolve();
  }

  /** Accepts no more, tells every client that the server goes, and settles when all are gone. */
  async stop(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    this.#closeAll();
    if (this.connections > 0) await new Promise<void>((resolve) => this.#stopped = resolve);
    this.#delivery.stop();
    this.#parts.clock.cancel(this.#ticks);
  }

  #closeAll(): void {
    const { channels } = this.#lifecycle;
    for (let slot = 0; slot < channels.slots; slot++) {
      const channel = channels.at(slot);
      if (channel !== undefined) this.#lifecycle.close(channel, CloseCodes.goingAway);
    }
  }

  #tick(): void {
    this.#lifecycle.tick();
    this.#reporter.tick(this.#parts.options.reportMs);
    if (this.#stopped === undefined) return;
    // A connection that was on its way in when the listeners closed may have come since.
    this.#closeAll();
    if (this.connections === 0) this.#stopped();
  }

  async #listen({ hostname, port }: Address, transport: StreamTransport): Promise<Address> {
    const listener = await this.#parts.streams.listen({
      hostname,
      port,
      pendingBytesMax: Limits.pendingBytesMax,
      handler: transport,
    });
    this.#listeners.push(listener);
    return listener.address;
  }
}
