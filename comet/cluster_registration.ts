import { getLogger } from "@logtape/logtape";
import { backoffMs, type BackoffOptions } from "../base/backoff.ts";
import { type Clock, sleep } from "../base/clock.ts";
import type { Prng } from "../base/prng.ts";
import {
  type CometNode,
  NODE_LEASE_MS,
  NodeReplaced,
  NodeUnknown,
} from "../protocol/cluster/comet_node.ts";
import type { ConnectionRef } from "../protocol/cluster/connection.ts";
import type { LogicApi } from "../protocol/cluster/logic_calls.ts";
import { ChannelState } from "./channel.ts";
import type { CometCounters } from "./counters.ts";
import type { ConnectionManager } from "./connection_manager.ts";
import { afterGivenUp } from "./given_up.ts";

const log = getLogger(["halley", "comet"]);

/** In what time every session is renewed once, in milliseconds. */
const RENEW_MS = 600_000;

/** Most sessions renewed by one call. */
const RENEW_MAX = 500;

/** How long before its lease runs out a comet may have been evicted, since clocks differ. */
const EVICTION_SUSPECTED_MS = 1_000;

/** Waits between tries to register. */
const registerBackoff: BackoffOptions = { baseMs: 100, maxMs: 2_000, factor: 2, jitter: 0.3 };

/** Keeps this comet registered and its clients' sessions stored, whatever logic loses. */
export class ClusterRegistration {
  /** Settles when another run of this comet has taken its place: this one is to stop. */
  readonly replaced: Promise<void>;
  readonly #resolveReplaced: () => void;
  #node: CometNode | undefined;
  /** How long the registration lasts without a report, in milliseconds. */
  #leaseMs = NODE_LEASE_MS;
  /** Whether it has not registered yet. */
  #isJoining = false;
  /** Whether it is being made known again. */
  #rejoining = false;
  #stopped = false;
  /** The slot from which the next renewal goes on. */
  #slot = 0;
  #renewing = false;
  /** How often jobs had lost touch when a report was last taken, and when that had been sent. */
  #watchesExpired = 0;
  #reportedMs = 0;

  constructor(
    private readonly connections: ConnectionManager,
    private readonly logic: LogicApi,
    private readonly clock: Clock,
    private readonly prng: Prng,
    private readonly counters: CometCounters,
  ) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.replaced = promise;
    this.#resolveReplaced = resolve;
  }

  /** Registers with logic and settles when clients may come; waits for logic as long as it takes. */
  async join(node: CometNode): Promise<void> {
    this.#node = node;
    this.#isJoining = true;
    const openAfterMs = await this.#register(node);
    this.#isJoining = false;
    if (openAfterMs > 0 && !this.#stopped) await sleep(this.clock, openAfterMs);
  }

  /** Unregisters the comet. */
  async leave(): Promise<void> {
    this.#stopped = true;
    if (this.#node === undefined) return;
    try {
      await this.logic.unregister(this.#node.server);
    } catch {
      this.counters.logicFailures++;
    }
  }

  /**
   * Whether reports are to be sent. Before this run has registered, the registry takes it for one
   * that an earlier run has replaced; once it is over, it only ends.
   */
  get isReporting(): boolean {
    return !this.#isJoining && !this.#stopped;
  }

  /**
   * Whether the cluster may have given this comet up without its knowing, and jobs what was on its
   * way to it.
   */
  get mayBeEvicted(): boolean {
    const silentMs = this.clock.monotonicMs() - this.#reportedMs;
    return this.#node !== undefined && silentMs > this.#leaseMs - EVICTION_SUSPECTED_MS;
  }

  /** A report that was sent at a time was taken: the cluster knew this comet then. */
  reported(sentMs: number): void {
    this.#watchesExpired = this.counters.watchesExpired;
    this.#reportedMs = sentMs;
  }

  /** Sees whether a report failed because logic does not know this comet. */
  reportFailed(error: unknown): void {
    if (this.#stopped || this.#node === undefined) return;
    if (error instanceof NodeReplaced) {
      this.#stopped = true;
      log.error("another comet has registered as {name}: this one stops", {
        name: this.#node.name,
      });
      this.#resolveReplaced();
    } else if (error instanceof NodeUnknown && !this.#rejoining) {
      void this.#rejoin(this.#node);
    }
  }

  /**
   * Renews the sessions whose turn it is; to be called at every report.
   *
   * @param passedMs Since the report before, in milliseconds.
   */
  renewSome(passedMs: number): void {
    if (this.#renewing || this.#node === undefined) return;
    const { slots } = this.connections.channels;
    if (slots === 0) return;
    const count = Math.ceil(slots * passedMs / RENEW_MS);
    if (this.#slot >= slots) this.#slot = 0;
    void this.#renew(this.#slot, Math.min(slots, this.#slot + count));
  }

  async #rejoin(node: CometNode): Promise<void> {
    this.#rejoining = true;
    log.warn("logic does not know this comet any more: registers again as {server}", {
      server: node.server,
    });
    const awayMs = this.clock.monotonicMs() - this.#reportedMs;
    // Half of what it takes, since clocks differ: the registration ran out and was not just lost.
    const forgotten = this.counters.watchesExpired !== this.#watchesExpired ||
      awayMs > this.#leaseMs / 2;
    if (forgotten) this.#shut();
    const openAfterMs = await this.#register(node);
    if (forgotten) {
      await sleep(this.clock, openAfterMs);
      this.connections.isShut = false;
    }
    this.#rejoining = false;
    // The store may have come back without what it had, also when nobody was given up.
    this.connections.logs.verify();
    await this.#renew(0, this.connections.channels.slots);
  }

  /**
   * A job that lost touch with a comet which the registry had lost as well has given up what was on
   * its way to it; and logic finds nobody by key or mid on a comet whose registration has run out.
   * The clients must learn that they may have missed something, or be given it.
   */
  #shut(): void {
    const { channels } = this.connections;
    const before = channels.size;
    this.connections.isShut = true;
    for (let slot = 0; slot < channels.slots; slot++) {
      const channel = channels.at(slot);
      if (channel !== undefined) afterGivenUp(this.connections, channel);
    }
    log.warn("the cluster had given this comet up: clients without history are told to come back", {
      clients: before,
    });
  }

  async #register(node: CometNode): Promise<number> {
    let openAfterMs = 0;
    for (let attempt = 0; !this.#stopped; attempt++) {
      const sentMs = this.clock.monotonicMs();
      try {
        const registered = await this.logic.register(node);
        openAfterMs = registered.openAfterMs;
        this.#leaseMs = registered.leaseMs;
        this.#reportedMs = sentMs;
        if (attempt > 2) log.info("registered as {server}", { server: node.server });
        break;
      } catch (error) {
        this.counters.logicFailures++;
        if (attempt === 2) log.warn("waits for logic, to register: {error}", { error });
        await sleep(this.clock, backoffMs(attempt, registerBackoff, this.prng));
      }
    }
    return openAfterMs;
  }

  /** Renews the sessions of the slots from `start` on, up to `end`. */
  async #renew(start: number, end: number): Promise<void> {
    this.#renewing = true;
    this.#slot = end;
    try {
      for (let slot = start; slot < end && !this.#stopped;) {
        const sessions: ConnectionRef[] = [];
        for (; slot < end && sessions.length < RENEW_MAX; slot++) {
          const channel = this.connections.channels.at(slot);
          if (channel?.state === ChannelState.open) sessions.push(this.connections.refOf(channel));
        }
        if (sessions.length === 0) continue;
        // A renewal that fails may have been carried out.
        await this.logic.renew(sessions).finally(() => this.#disconnectGone(sessions));
      }
    } catch {
      this.counters.logicFailures++;
      this.#slot = start;
    }
    this.#renewing = false;
  }

  /** Ends the sessions that a renewal has put back though their clients left meanwhile. */
  #disconnectGone(sessions: readonly ConnectionRef[]): void {
    for (const session of sessions) {
      const channel = this.connections.channels.byId(session.connectionId);
      if (channel?.state === ChannelState.open) continue;
      this.logic.disconnect(session).catch(() => this.counters.logicFailures++);
    }
  }
}
