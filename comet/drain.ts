import type { Clock } from "../base/clock.ts";
import { CloseCodes } from "../protocol/close_codes.ts";
import { NODES_VIEW_MS } from "../protocol/cluster/comet_node.ts";
import { type Channel, Feature } from "./channel.ts";
import type { ConnectionManager } from "./connection_manager.ts";
import type { CometCounters } from "./counters.ts";
import { encodeNotice } from "./notices.ts";
import { DRAIN_GRACE_MS, DRAIN_TOLD_PER_TICK } from "./options.ts";
import type { Reporter } from "./reporter.ts";

/** How long the cluster has to take note that a comet goes, in milliseconds. */
const ANNOUNCE_MS_MAX = 3_000;

/**
 * Sends the clients of a comet that goes to the others, spread evenly over a window. All is done by
 * ticks, whose time is that in which this process ran:
 *
 * 1. Reports say that the comet is offline, until one was taken and every logic has seen it: then
 *    no balancer sends anyone here. Whoever still comes is let in.
 * 2. The listeners close. Each connection gets its place in the window, in the order of slots.
 * 3. Clients that understand notices are told theirs at once, so that they are ready when it comes;
 *    the others are closed at their place.
 *
 * Jobs send pushes here until the last client has gone.
 */
export class Drain {
  /** Settles when no client is left, or the window and the grace are over. */
  readonly done: Promise<void>;
  readonly #resolveDone: () => void;
  readonly #beganMs: number;
  /** When balancers stop sending clients here; undefined until a report was taken. */
  #unseenMs: number | undefined;
  /** When the window began; undefined before. */
  #windowMs: number | undefined;
  /** Ids of connections by their place, 0 for those that were told it. */
  #places: number[] = [];
  /** Places up to which clients were told, and up to which it was their turn. */
  #told = 0;
  #passed = 0;

  /**
   * @param spanMs The window, in milliseconds.
   * @param closeListeners Accepts no more clients.
   */
  constructor(
    private readonly connections: ConnectionManager,
    private readonly reporter: Reporter,
    private readonly running: Pick<Clock, "monotonicMs">,
    private readonly counters: CometCounters,
    private readonly spanMs: number,
    private readonly closeListeners: () => Promise<unknown>,
  ) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.done = promise;
    this.#resolveDone = resolve;
    this.#beganMs = running.monotonicMs();
    reporter.goOffline();
  }

  /** Does what is due; to be called every tick. */
  tick(): void {
    const nowMs = this.running.monotonicMs();
    if (this.connections.channels.size === 0) return this.#resolveDone();
    if (this.#windowMs === undefined) return this.#announce(nowMs);
    const passedMs = nowMs - this.#windowMs;
    this.#spread(passedMs);
    if (passedMs >= this.spanMs + DRAIN_GRACE_MS) this.#resolveDone();
  }

  /** Waits until nobody is sent here any more; a cluster that cannot be told does not keep it. */
  #announce(nowMs: number): void {
    if (this.reporter.isKnownOffline) this.#unseenMs ??= nowMs + NODES_VIEW_MS;
    const unseenMs = this.#unseenMs ?? this.#beganMs + ANNOUNCE_MS_MAX;
    if (nowMs < unseenMs) return;
    this.#windowMs = nowMs;
    void this.closeListeners();
    this.connections.channels.forEach(({ id }) => this.#places.push(id));
    this.#spread(0);
  }

  #spread(passedMs: number): void {
    const { length } = this.#places;
    const due = Math.min(length, Math.ceil(length * passedMs / this.spanMs));
    const told = Math.min(length, Math.max(this.#told + DRAIN_TOLD_PER_TICK, due));
    for (; this.#told < told; this.#told++) {
      const channel = this.#at(this.#told);
      if (channel === undefined || !understands(channel)) continue;
      const placeMs = length === 0 ? 0 : this.#told * this.spanMs / length;
      this.#tell(channel, Math.max(0, Math.round(placeMs - passedMs)));
      this.#places[this.#told] = 0;
    }
    for (; this.#passed < due; this.#passed++) {
      const channel = this.#at(this.#passed);
      // Whoever is on the way in has the time until the end.
      if (channel?.isOpen !== true) continue;
      if (understands(channel)) this.#tell(channel, 0);
      else {
        this.counters.drainClosed++;
        this.connections.close(channel, CloseCodes.goingAway);
      }
    }
  }

  #at(place: number): Channel | undefined {
    return this.connections.channels.byId(this.#places[place]);
  }

  #tell(channel: Channel, delayMs: number): void {
    this.counters.drainMoved++;
    const notice = { type: "moving", delay_ms: delayMs } as const;
    this.connections.write(channel, encodeNotice(channel.format, notice));
  }
}

function understands(channel: Channel): boolean {
  return channel.isOpen && (channel.features & Feature.notices) !== 0;
}
