import process from "node:process";
import { type Clock, sleep } from "../../base/clock.ts";
import { randomFloat, seededPrng } from "../../base/prng.ts";
import type { Streams } from "../../platform/port.ts";
import { unpackPushes } from "../checkers/push_body.ts";
import type {
  ClientSelection,
  ConnectPlan,
  CursorTotals,
  Deadline,
  FleetProgress,
  LoggedPushes,
  ReceiptTotals,
  RecoveryProgress,
  RoomPushes,
  SilentReport,
} from "../types.ts";
import type { ObserverSettings } from "./client_observer.ts";
import { FollowingObserver } from "./following_observer.ts";
import { isLogClient } from "./log_observer.ts";
import { ClientState, silentReportOf, VirtualClient } from "./virtual_client.ts";

/** How often heartbeats that are due are sent, and answers checked, in milliseconds. */
const TICK_MS = 100;

/** The virtual clients of one process. */
export class Population extends FollowingObserver {
  readonly #ticks;
  #tickedMs: number;
  #stallMs = 0;

  constructor(streams: Streams, clock: Clock, settings: ObserverSettings) {
    super(streams, clock, settings);
    this.#tickedMs = clock.monotonicMs();
    this.#ticks = clock.setInterval(() => this.#tick(), TICK_MS);
  }

  get connectedCount(): number {
    return this.clients.filter(({ state }) => state !== ClientState.disconnected).length;
  }

  get authenticatedCount(): number {
    return this.clients.filter(({ state }) => state === ClientState.open).length;
  }

  /** How many are authenticated, in all rooms where they are to be, and have what they missed. */
  get liveCount(): number {
    return this.clients.filter(({ state, logs }) =>
      state === ClientState.open && logs?.isLive !== false
    ).length;
  }

  /** What has happened so far; latencies since this was last asked. */
  progress(): FleetProgress {
    const latencies = this.latencies.buckets();
    this.latencies.clear();
    const { user, system } = process.cpuUsage();
    return {
      ...this.counts,
      authenticated: this.authenticatedCount,
      stallMs: this.#stallMs,
      latencies,
      failures: this.failures,
      cpuS: (user + system) / 1e6,
    };
  }

  /** What the receipts say, given what was pushed, which is packed. */
  totals(packed: readonly RoomPushes[]): ReceiptTotals {
    return this.receipts.totals(unpackPushes(packed));
  }

  /** What the cursors say, given what was pushed, which is packed. */
  cursorTotals(packed: readonly LoggedPushes[]): CursorTotals {
    return this.logs.cursors.totals(unpackPushes(packed));
  }

  /** How many are live, and how long it took those that were cut off. */
  recovery(): RecoveryProgress {
    const { recoveries } = this.logs;
    return { live: this.liveCount, times: recoveries.buckets() };
  }

  /** Connects clients at the plan's pace; settles when all are authenticated or have given up. */
  async connect(plan: ConnectPlan): Promise<void> {
    this.plan = plan;
    if (this.clients.length === 0) this.receipts.first = plan.first;
    const fresh = Array.from({ length: plan.clients }, (_, at) => new VirtualClient(plan, at));
    this.clients.push(...fresh);
    const startMs = this.clock.monotonicMs();
    for (const [at, client] of fresh.entries()) {
      const waitMs = startMs + at * 1_000 / plan.rampPerS - this.clock.monotonicMs();
      if (waitMs > 1) await sleep(this.clock, waitMs);
      while (this.connector.isSaturated) await sleep(this.clock, 1);
      void this.connector.connect(client);
    }
    await this.#until(() => fresh.every(isSettled));
  }

  /**
   * Some of those that are authenticated send no heartbeats any more.
   *
   * @returns Their indexes.
   */
  silence(selection: ClientSelection): number[] {
    const silent = this.#selectOpen(selection);
    for (const client of silent) client.silent = true;
    return silent.map(({ index }) => index);
  }

  /**
   * Some stop reading.
   *
   * @returns Their indexes.
   */
  stopReading(selection: ClientSelection): number[] {
    const stopped = this.#selectOpen(selection);
    for (const client of stopped) {
      client.paused = client.wasPaused = true;
      this.receipts.exempt(client.index);
      client.conn!.pause();
    }
    return stopped.map(({ index }) => index);
  }

  /** All of goim's may miss pushes from now on, in the rooms where they are. */
  mayMiss(): void {
    for (const { index } of this.clients) this.receipts.exempt(index);
  }

  resumeReading(): void {
    for (const client of this.clients) {
      if (client.paused) client.conn?.resume();
      client.paused = false;
    }
  }

  leave(selection: ClientSelection): Promise<void> {
    return this.#reconnectAll(this.#selectOpen(selection));
  }

  /** Some change to the next room. */
  changeRooms(selection: ClientSelection): void {
    for (const client of this.#selectOpen(selection)) {
      const { rooms } = this.plan!;
      const next = isLogClient(client) ? client.logs.nextPrimary : (client.room + 1) % rooms;
      if (client.paused || next === undefined) continue;
      this.receipts.left(client.index, this.clock.wallMs());
      this.counts.moves++;
      client.changeRoom(next, this.clock.monotonicMs());
    }
  }

  /** Some that keep their places leave a further room, and join another. */
  switchRooms(selection: ClientSelection): void {
    for (const client of this.#selectOpen(selection)) {
      if (isLogClient(client) && !client.paused) this.logs.switchRoom(client);
    }
  }

  /** All disconnect at once and reconnect at once. */
  storm(): Promise<void> {
    return this.#reconnectAll(this.clients);
  }

  /** Reconnects those that lost their connection. */
  reconnect(): Promise<void> {
    const away = this.clients.filter(({ state, silent }) =>
      state === ClientState.disconnected && !silent
    );
    return this.#connectAll(away);
  }

  /** Settles when what was asked for so far has been answered, or should have been. */
  async answered(): Promise<void> {
    const nowMs = this.clock.monotonicMs();
    await this.#until(() => !this.clients.some((client) => client.waitsSince(nowMs)));
  }

  /** How many are in each room, by its index. */
  members(): number[] {
    const members = new Array<number>(this.plan?.rooms ?? 0).fill(0);
    for (const { state, room, logs } of this.clients) {
      if (state !== ClientState.open) continue;
      members[room]++;
      for (const further of logs?.further.keys() ?? []) members[further]++;
    }
    return members;
  }

  silentReport(deadline: Deadline): SilentReport {
    return silentReportOf(this.clients, deadline);
  }

  disconnect(): void {
    for (const client of this.clients) this.disconnectOne(client);
  }

  stop(): void {
    this.disconnect();
    this.clock.cancel(this.#ticks);
  }

  /** Those that are selected and there: the same for the same seed, in whichever process. */
  #selectOpen({ share, seed }: ClientSelection): VirtualClient[] {
    return this.clients.filter(({ state, index }) =>
      state === ClientState.open && randomFloat(seededPrng(seed * 1_000_003 + index)) < share
    );
  }

  async #reconnectAll(clients: readonly VirtualClient[]): Promise<void> {
    for (const client of clients) this.disconnectOne(client);
    // One that has just been authenticated counts as connecting for a moment longer.
    await this.#until(() => clients.every(({ isConnecting }) => !isConnecting));
    await this.#connectAll(clients);
  }

  async #connectAll(clients: readonly VirtualClient[]): Promise<void> {
    for (const client of clients) void this.connector.connect(client);
    await this.#until(() => clients.every(isSettled));
  }

  protected disconnectOne(client: VirtualClient): void {
    client.leaving = true;
    if (client.successor !== undefined) this.disconnectOne(client.successor);
    this.receipts.left(client.index, this.clock.wallMs());
    client.conn?.evict();
  }

  #tick(): void {
    const nowMs = this.clock.monotonicMs();
    this.#stallMs = Math.max(this.#stallMs, nowMs - this.#tickedMs - TICK_MS);
    this.#tickedMs = nowMs;
    if (this.plan !== undefined) this.beat(this.clients, nowMs, this.plan.heartbeatMs);
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) await sleep(this.clock, 20);
  }
}

/** Whether a client is authenticated, or has given up. */
function isSettled({ state, isConnecting }: VirtualClient): boolean {
  return state === ClientState.open || !isConnecting;
}
