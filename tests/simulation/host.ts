import type { Clock, TimerHandle } from "../../base/clock.ts";
import { type MemoryPorts, memoryStreams } from "../memory_platform/streams.ts";
import type { Conn, ConnHandler, Listener, Streams } from "../../platform/port.ts";
import type { Network } from "./network.ts";
import type { EventOwner, ScheduledEvent, Scheduler } from "./scheduler.ts";

/** What all hosts of a world share. */
export interface Environment {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly ports: MemoryPorts;
}

/** A timer of a host. */
interface HostTimer {
  event: ScheduledEvent;
  readonly periodMs: number;
}

/** What the system holds for each direction of a slow link, in bytes. */
const SLOW_LINK_BYTES = 262_144;

/** Where both clocks of every host begin, in milliseconds. */
const EPOCH_MS = 1_700_000_000_000;

/**
 * One machine of a world, with one process: its clock and its sockets. It can stand still for a
 * while, and it can die, after which nothing that it began has any effect.
 */
export class Host implements EventOwner {
  readonly clock: Clock;
  readonly streams: Streams;
  isDead = false;
  frozenUntilMs = 0;
  readonly #conns = new Set<Conn<unknown>>();
  readonly #listeners = new Set<Listener>();
  readonly #deathListeners = new Set<() => void>();

  /**
   * @param bufferBytes What its system holds for each direction of a connection.
   * @param mayHaveSlowLinks Whether what it dials may take longer than usual.
   */
  constructor(
    private readonly world: Environment,
    readonly index: number,
    readonly name: string,
    bufferBytes: number,
    mayHaveSlowLinks: boolean,
  ) {
    this.clock = new HostClock(this);
    const usual = this.#system(bufferBytes, () => world.network.latencyMs(this));
    this.streams = this.#watched({
      listen: (options) => usual.listen(options),
      dial: (options) => {
        const linkMs = mayHaveSlowLinks ? world.network.linkMs() : undefined;
        // Small buffers would make a slow link stand still.
        const system = linkMs === undefined ? usual : this.#system(SLOW_LINK_BYTES, () => linkMs);
        return system.dial(options);
      },
    });
  }

  /** Whether it stands still. */
  get isFrozen(): boolean {
    return this.nowMs < this.frozenUntilMs;
  }

  get nowMs(): number {
    return this.world.scheduler.nowMs;
  }

  /** Connections, dialled and accepted. */
  get conns(): readonly Conn<unknown>[] {
    return [...this.#conns];
  }

  /** Runs something here after a while, later while the host stands still, never once it is dead. */
  after(delayMs: number, callback: () => void): ScheduledEvent {
    const { scheduler } = this.world;
    return scheduler.at(scheduler.nowMs + delayMs, this, callback);
  }

  /** Stands still: what falls due meanwhile happens afterwards. */
  freeze(spanMs: number): void {
    this.frozenUntilMs = Math.max(this.frozenUntilMs, this.nowMs + spanMs);
  }

  /** Calls back when it dies. */
  onDeath(callback: () => void): () => void {
    this.#deathListeners.add(callback);
    return () => this.#deathListeners.delete(callback);
  }

  /** Dies as a killed process does: its connections are reset, its ports are free. */
  die(): void {
    this.isDead = true;
    for (const listener of this.#listeners) void listener.close();
    for (const conn of this.#conns) conn.evict();
    for (const listener of this.#deathListeners) listener();
  }

  /** Resets one of its connections. */
  cut(conn: Conn<unknown>): void {
    this.after(0, () => conn.evict());
  }

  /** @param latencyMs How long the next piece of bytes is under way. */
  #system(bufferBytes: number, latencyMs: () => number): Streams {
    const clock: Clock = {
      ...this.clock,
      nextTurn: (callback) => this.clock.setTimeout(callback, latencyMs()),
    };
    return memoryStreams({ clock, bufferBytes }, this.world.ports);
  }

  #watched(streams: Streams): Streams {
    return {
      listen: async (options) => {
        const listener = await streams.listen({
          ...options,
          handler: this.#gate(options.handler),
        });
        this.#listeners.add(listener);
        return listener;
      },
      dial: (options) => streams.dial({ ...options, handler: this.#gate(options.handler) }),
    };
  }

  /** A handler that hears of nothing once the host is dead. */
  #gate<Context>(handler: ConnHandler<Context>): ConnHandler<Context> {
    return {
      open: (conn) => {
        this.#conns.add(conn as Conn<unknown>);
        if (this.isDead) conn.evict();
        else handler.open(conn);
      },
      data: (conn, chunk) => this.isDead || handler.data(conn, chunk),
      drain: (conn) => this.isDead || handler.drain(conn),
      end: (conn) => this.isDead || handler.end(conn),
      close: (conn) => {
        this.#conns.delete(conn as Conn<unknown>);
        if (!this.isDead) handler.close(conn);
      },
    };
  }
}

class HostClock implements Clock {
  constructor(private readonly host: Host) {}

  monotonicMs = (): number => this.host.nowMs;

  wallMs = (): number => EPOCH_MS + this.host.nowMs;

  setTimeout = (callback: () => void, delayMs: number): TimerHandle => ({
    event: this.host.after(Math.max(0, delayMs), callback),
    periodMs: 0,
  });

  setInterval = (callback: () => void, periodMs: number): TimerHandle => {
    const timer: HostTimer = { event: this.host.after(periodMs, () => tick()), periodMs };
    const tick = () => {
      timer.event = this.host.after(periodMs, tick);
      callback();
    };
    return timer;
  };

  nextTurn = (callback: () => void): TimerHandle => this.setTimeout(callback, 0);

  cancel = (timer: TimerHandle): void => void ((timer as HostTimer).event.callback = undefined);
}
