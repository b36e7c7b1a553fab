/**
 * The comet: the role that clients connect to. {@linkcode Comet} is its door.
 *
 * In the order of a connection's life:
 * - `door/` says who may come in, and tells who may not.
 * - `transport/` turns bytes into frames, over TCP or WebSocket, behind proxies or not, and bounds
 *   what a client may send: from which pages (`protocol/origins.ts`), how often
 *   (`operation_limit.ts`), how much in a turn (`read_scheduler.ts`), how far ahead
 *   (`pipeline_buffer.ts`).
 * - `connection_manager.ts` makes a connection a `Channel` (`channel.ts`) in the table of all
 *   (`channels.ts`), and watches its deadlines (`deadlines.ts`, `pings.ts`) until it is closed.
 * - `client_protocol.ts` and `operations/` know what its frames mean, and ask logic
 *   (`rpc/logic_pool.ts`).
 * - `memberships.ts` takes it into rooms (`rooms.ts`, `room.ts`), of which jobs learn first
 *   (`room_interest.ts`).
 * - `fanout.ts` writes what jobs send (`rpc/comet_service.ts`), but for what has been here before
 *   (`log_positions.ts`), encoded once in each wire format (`format/`), one after the other
 *   (`write_turns.ts`); `paced_broadcasts.ts` take their time, and `room_pushes.ts` keeps merge
 *   windows.
 * - `client_control.ts` closes those that logic names.
 * - `log/` has the log of each room that keeps history: `log/room_log.ts` finds what is missing,
 *   `log/log_reader.ts` reads it from the store, and `log/catch_up.ts` serves who is behind.
 * - `drain.ts` sends the clients of a comet that goes to the others.
 *
 * Beside them `delivery_probe.ts` sees whether pushes get here, `cluster_registration.ts` keeps the
 * comet and its sessions known, and `reporter.ts` exchanges counts with logic.
 *
 * @module
 */
import type { Clock, TimerHandle } from "../base/clock.ts";
import type { Prng } from "../base/prng.ts";
import type { Address, Streams } from "../platform/port.ts";
import { CloseCodes } from "../protocol/close_codes.ts";
import { RpcError } from "../protocol/rpc.ts";
import type { CometApi, CometControl } from "../protocol/cluster/comet_calls.ts";
import type { CometNode } from "../protocol/cluster/comet_node.ts";
import type { Delivery } from "../protocol/cluster/delivery.ts";
import type { LogicApi } from "../protocol/cluster/logic_calls.ts";
import { BufferPool } from "./buffer_pool.ts";
import { ClientControl } from "./client_control.ts";
import { CometCounters } from "./counters.ts";
import type { Door } from "./door/door.ts";
import { DeliveryProbe } from "./delivery_probe.ts";
import { Drain } from "./drain.ts";
import { ClientListeners, type ClientStreams } from "./client_listeners.ts";
import { Fanout } from "./fanout.ts";
import { ConnectionManager } from "./connection_manager.ts";
import { ClusterRegistration } from "./cluster_registration.ts";
import type { RoomLogs } from "./log/room_logs.ts";
import type { CometOptions, ListenerOptions } from "./options.ts";
import type { RoomInterest } from "./room_interest.ts";
import { Reporter } from "./reporter.ts";
import { ClientProtocol } from "./client_protocol.ts";
import { OperationLimit } from "./transport/operation_limit.ts";
import { ReadScheduler } from "./transport/read_scheduler.ts";

/** Dependencies of a comet. */
export interface CometDependencies {
  /** This run of the comet. */
  readonly server: string;
  readonly streams: Streams;
  /** Those of clients, where some speak TLS. */
  readonly clients?: ClientStreams;
  readonly logic: LogicApi;
  readonly clock: Clock;
  /** The time in which this process ran: what clients' deadlines are judged by. */
  readonly running: Clock;
  readonly prng: Prng;
  readonly options: CometOptions;
}

/** The role that clients connect to. */
export class Comet implements CometApi {
  readonly counters = new CometCounters();
  /** Memory for what clients send. */
  readonly pool: BufferPool;
  /** For logic. */
  readonly control: CometControl;
  /** Sees whether pushes get here. */
  readonly probe: DeliveryProbe;
  readonly #dependencies: CometDependencies;
  readonly #connections: ConnectionManager;
  readonly #fanout: Fanout;
  readonly #registration: ClusterRegistration;
  readonly #reporter: Reporter;
  readonly #listeners: ClientListeners;
  #ticks: TimerHandle;
  #drain: Drain | undefined;
  #stopped: (() => void) | undefined;

  constructor(dependencies: CometDependencies) {
    const { server, logic, clock, running, prng } = dependencies;
    const { counters } = this;
    // Read when they are used, since they may change.
    const options = { ...dependencies.options };
    this.#dependencies = { ...dependencies, options };
    this.pool = new BufferPool({ bytesMax: options.poolBytesMax });
    this.#connections = new ConnectionManager(
      server,
      logic,
      clock,
      running,
      prng,
      options,
      counters,
    );
    this.control = new ClientControl(this.#connections, clock);
    const protocol = new ClientProtocol(this.#connections, logic, clock, counters);
    this.#registration = new ClusterRegistration(this.#connections, logic, clock, prng, counters);
    this.probe = new DeliveryProbe({
      ...dependencies,
      counters,
      isGivenUp: () => this.#connections.isShut || this.#registration.mayBeEvicted,
    });
    this.#fanout = new Fanout(this.#connections, clock, counters, this.probe);
    this.#reporter = new Reporter(this.#connections, this.#registration, logic, clock, counters);
    this.#listeners = new ClientListeners(dependencies, {
      protocol,
      connections: this.#connections,
      counters,
      buffers: this.pool,
      reads: new ReadScheduler(clock),
      operations: new OperationLimit(clock, this.#connections),
    });
    this.#ticks = this.#nextTick();
  }

  /** Connections there are, authenticated or not. */
  get connections(): number {
    return this.#connections.channels.size;
  }

  /** Who may come in. */
  get door(): Door {
    return this.#connections.door;
  }

  /** Rooms that have members here. */
  get rooms(): number {
    return this.#connections.rooms.size;
  }

  /** The logs of the rooms that keep history. */
  get logs(): RoomLogs {
    return this.#connections.logs;
  }

  /** Tells jobs which rooms these are. */
  get interest(): RoomInterest {
    return this.#connections.interest;
  }

  /** Whether logic is there and cannot do its work: it failed to take the last report. */
  get isLogicFailing(): boolean {
    return this.#reporter.isFailing;
  }

  /** Settles when another run of this comet has taken its place: this one is to stop. */
  get replaced(): Promise<void> {
    return this.#registration.replaced;
  }

  /** Goes by other options from now on; what a client was told, its heartbeat, must stay as it is. */
  reconfigure(options: CometOptions): void {
    Object.assign(this.#dependencies.options, options);
    this.#connections.roomTypes.replace(options.rooms);
    this.#connections.logs.reconfigured();
    this.#listeners.reconfigured();
  }

  /** Registers with logic and settles when clients may come; waits for logic as long as it takes. */
  join(node: CometNode): Promise<void> {
    return this.#registration.join(node);
  }

  /** Accepts clients on one more port; see {@linkcode ClientListeners.listen}. */
  listen(options: ListenerOptions, reusePort = false): Promise<Address> {
    return this.#listeners.listen(options, reusePort);
  }

  /** See {@linkcode CometApi.deliver}; refuses while jobs may have given up what came before. */
  deliver(batch: readonly Delivery[]): Promise<readonly number[]> {
    if (this.#registration.mayBeEvicted) {
      this.counters.deliveriesRefused++;
      const message = "Cannot take pushes: the cluster may have given this comet up";
      return Promise.reject(new RpcError("unavailable", true, message));
    }
    return this.#fanout.deliver(batch);
  }

  /**
   * Sends the clients to other comets, and settles when they have gone or had their time; at once
   * without a window, without clients, or where the cluster has given the comet's place to another.
   * Calling it again is waiting for the first.
   */
  async drain(): Promise<void> {
    const { running, options: { drainMs } } = this.#dependencies;
    if (drainMs === 0 || this.connections === 0 || !this.#registration.isReporting) return;
    this.#drain ??= new Drain(
      this.#connections,
      this.#reporter,
      running,
      this.counters,
      drainMs,
      () => this.#listeners.close(),
    );
    await this.#drain.done;
  }

  /**
   * Accepts no more, sends the paced broadcasts to their end, tells every client that the server
   * goes, and settles when all are gone and logic knows it.
   */
  async stop(): Promise<void> {
    await this.#listeners.close();
    await this.#fanout.finish();
    this.#connections.closeAll(CloseCodes.goingAway);
    if (!this.#isEmpty) await new Promise<void>((resolve) => this.#stopped = resolve);
    await this.#registration.leave();
    this.#fanout.stop();
    this.#connections.logs.stop();
    this.#dependencies.running.cancel(this.#ticks);
  }

  get #isEmpty(): boolean {
    return this.connections === 0 && this.door.refusals.size === 0;
  }

  /** Waits for the wheel's next tick: an interval drifts off, and deadlines are two ticks late. */
  #nextTick(): TimerHandle {
    return this.#dependencies.running.setTimeout(() => {
      try {
        this.#tick();
      } finally {
        this.#ticks = this.#nextTick();
      }
    }, this.#connections.untilTickMs);
  }

  #tick(): void {
    this.#connections.tick();
    this.#reporter.tick(this.#dependencies.options.reportMs);
    if (this.#registration.isReporting) this.probe.tick(this.#dependencies.options.probeMs);
    this.#drain?.tick();
    if (this.#stopped === undefined) return;
    // A connection that was on its way in when the listeners closed may have come since.
    this.#connections.closeAll(CloseCodes.goingAway);
    if (this.#isEmpty) this.#stopped();
  }
}
