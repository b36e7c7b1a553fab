import { ManualClock } from "../../base/clock.ts";
import { seededPrng } from "../../base/prng.ts";
import { BufferPool } from "../../comet/buffer_pool.ts";
import type { Channel } from "../../comet/channel.ts";
import { CometCounters } from "../../comet/counters.ts";
import { Fanout } from "../../comet/fanout.ts";
import { ConnectionManager } from "../../comet/connection_manager.ts";
import { cometDefaults, type CometOptions, TICK_MS } from "../../comet/options.ts";
import { ClusterRegistration } from "../../comet/cluster_registration.ts";
import { Reporter } from "../../comet/reporter.ts";
import { ClientProtocol } from "../../comet/client_protocol.ts";
import { Handlers } from "../../comet/transport/handlers.ts";
import { OperationLimit } from "../../comet/transport/operation_limit.ts";
import { ReadScheduler } from "../../comet/transport/read_scheduler.ts";
import { memoryPlatform } from "../memory_platform/mod.ts";
import { encodeText } from "../../client/codec.ts";
import { encodeFrame } from "../../protocol/frame.ts";
import { Operation } from "../../protocol/operations.ts";
import type { ConnHandler } from "../../platform/port.ts";
import { Limits } from "../../protocol/limits.ts";
import type { ClientExtras, Permissions } from "../../protocol/cluster/connection.ts";
import type { CometNode } from "../../protocol/cluster/comet_node.ts";
import type { Delivery } from "../../protocol/cluster/delivery.ts";
import { FakeLogic } from "./fake_logic.ts";
import { MemoryClient, UPGRADE } from "./memory_client.ts";
import { utf8 } from "./websocket_frames.ts";

/** A node as a comet registers it, with nothing said that a test does not need. */
export function testNode(server: string): CometNode {
  return {
    server,
    name: server,
    region: "",
    zone: "",
    env: "",
    hostname: "",
    addresses: [],
    rpc: "",
    version: "",
    weight: 1,
    offline: false,
  };
}

/** How a comet under test is made. */
export interface TestCometOptions extends Partial<CometOptions> {
  /** Bytes that the simulated kernel holds for one direction of a connection. */
  readonly kernelBufferBytes?: number;
  /** Whether its listeners are behind proxies that speak the PROXY protocol. */
  readonly proxy?: boolean;
}

/** Fields of the token that a client sends; `FakeLogic` makes them the reply. */
export interface TokenFields extends Permissions {
  readonly mid?: number;
  readonly key?: string;
  readonly room?: string;
  readonly accepts?: readonly number[];
  readonly extras?: ClientExtras;
}

/** A whole comet on a clock, a network and a logic that the test owns, with its parts in view. */
export class TestComet {
  readonly clock = new ManualClock();
  readonly logic = new FakeLogic();
  readonly counters = new CometCounters();
  readonly pool = new BufferPool({ bytesMax: 16 * 1024 * 1024, checked: true });
  readonly connections: ConnectionManager;
  readonly protocol: ClientProtocol;
  readonly fanout: Fanout;
  readonly registration: ClusterRegistration;
  readonly reporter: Reporter;
  readonly #streams;
  #tcpPort = 0;
  #wsPort = 0;

  private constructor({ kernelBufferBytes, ...options }: TestCometOptions) {
    const { clock, logic, counters, pool: buffers } = this;
    this.#streams = memoryPlatform({ clock, kernelBufferBytes }).streams;
    this.connections = new ConnectionManager("comet-1", logic, clock, clock, seededPrng(1), {
      ...cometDefaults,
      ...options,
    }, counters);
    this.protocol = new ClientProtocol(this.connections, logic, clock, counters);
    const never = { room: "", returned: () => {} };
    this.fanout = new Fanout(this.connections, clock, counters, never);
    this.registration = new ClusterRegistration(
      this.connections,
      logic,
      clock,
      seededPrng(1),
      counters,
    );
    this.reporter = new Reporter(
      this.connections,
      this.registration,
      logic,
      clock,
      counters,
    );
    clock.setInterval(() => this.connections.tick(), TICK_MS);
    this.#dependencies = {
      protocol: this.protocol,
      connections: this.connections,
      counters,
      buffers,
      reads: new ReadScheduler(clock),
      operations: new OperationLimit(clock, this.connections),
    };
  }

  readonly #dependencies: ConstructorParameters<typeof Handlers>[0];

  /** Makes one that listens. */
  static async start(options: TestCometOptions = {}): Promise<TestComet> {
    const comet = new TestComet(options);
    const handlers = new Handlers(comet.#dependencies);
    const { proxy } = options;
    comet.#tcpPort = await comet.#listen(handlers.of({ transport: "tcp", proxy }));
    comet.#wsPort = await comet.#listen(handlers.of({ transport: "websocket", proxy }));
    return comet;
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 40; turn++) await this.turn();
  }

  /** Lets the event loop go round once. */
  async turn(): Promise<void> {
    this.clock.advance(0);
    for (let step = 0; step < 10; step++) await Promise.resolve();
  }

  /** Moves time on, in milliseconds, and lets everything happen. */
  async advance(spanMs: number): Promise<void> {
    for (let leftMs = spanMs; leftMs > 0; leftMs -= TICK_MS) {
      this.clock.advance(Math.min(TICK_MS, leftMs));
      await this.turn();
    }
    await this.settle();
  }

  /** A client over TCP that has sent nothing. */
  async connect({ goesWhenTold = true } = {}): Promise<MemoryClient> {
    const client = await MemoryClient.connect(this.#streams, this.#tcpPort);
    client.goesWhenTold = goesWhenTold;
    await this.settle();
    return client;
  }

  /** A client over WebSocket that has sent nothing. */
  async connectWebSocket({ goesWhenTold = true } = {}): Promise<MemoryClient> {
    const client = await MemoryClient.connect(this.#streams, this.#wsPort);
    client.goesWhenTold = goesWhenTold;
    await this.settle();
    return client;
  }

  /** A client over TCP that has authenticated. */
  async open(fields: TokenFields = {}): Promise<MemoryClient> {
    const client = await this.connect();
    client.send(7, 1, JSON.stringify(fields));
    await this.settle();
    client.take();
    return client;
  }

  /** A client over WebSocket that has authenticated in binary. */
  async openBinary(fields: TokenFields = {}): Promise<MemoryClient> {
    const client = await this.connectWebSocket();
    client.write(UPGRADE);
    client.sendBinary(7, 1, JSON.stringify(fields));
    await this.settle();
    client.take();
    return client;
  }

  /** A client over WebSocket that has authenticated in text. */
  async openText(fields: TokenFields = {}): Promise<MemoryClient> {
    const client = await this.connectWebSocket();
    client.write(UPGRADE);
    client.sendText(encodeText(Operation.Auth, 1, JSON.stringify(fields)));
    await this.settle();
    client.take();
    return client;
  }

  /** Delivers a batch and lets its clients read. */
  async deliver(batch: readonly Delivery[]): Promise<void> {
    const delivered = this.fanout.deliver(batch);
    await this.settle();
    await delivered;
  }

  /** All channels there are, by slot. */
  channels(): Channel[] {
    const { channels } = this.connections;
    const found = [];
    for (let slot = 0; slot < channels.slots; slot++) {
      const channel = channels.at(slot);
      if (channel !== undefined) found.push(channel);
    }
    return found;
  }

  /** What is left of connections; all zero when nobody is there. */
  left(): Record<string, number> {
    const { connections, pool } = this;
    return {
      channels: connections.channels.size,
      addresses: connections.channels.addresses,
      rooms: connections.rooms.size,
      timers: connections.timers,
      buffers: pool.inUse,
    };
  }

  async #listen(handler: ConnHandler<Channel | undefined>): Promise<number> {
    const { pendingBytesMax } = Limits;
    const options = { hostname: "127.0.0.1", port: 0, pendingBytesMax, handler };
    return (await this.#streams.listen(options)).address.port;
  }
}

/** What {@linkcode TestComet.left} says when all are gone. */
export const NOTHING_LEFT = { channels: 0, addresses: 0, rooms: 0, timers: 0, buffers: 0 };

/** Frames of pushes with operation 1000, back to back. */
export function pushFrames(...bodies: readonly (string | Uint8Array)[]): Uint8Array {
  const frames = bodies.map((body) =>
    encodeFrame(1000, 0, typeof body === "string" ? utf8(body) : body)
  );
  return new Uint8Array(frames.flatMap((frame) => [...frame]));
}
