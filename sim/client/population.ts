import { type Clock, sleep } from "../../base/clock.ts";
import type { Streams } from "../../platform/port.ts";
import type { Margins } from "../checkers/receipts.ts";
import { silentReport } from "../checkers/silent_clients.ts";
import type { ConnectPlan, Deadline, Share, SilentReport } from "../types.ts";
import { Connector, isSettled } from "./connector.ts";
import { ClientObserver } from "./client_observer.ts";
import { Heartbeats } from "./heartbeats.ts";
import { RoomMoves } from "./room_moves.ts";
import { chosenOf } from "./share.ts";
import { Standstill } from "./event_loop_stall.ts";
import { ClientState, newClient, type VirtualClient, waitsSince } from "./virtual_client.ts";
import { Wire } from "./wire.ts";

/** How often heartbeats are looked at, in milliseconds. */
const TICK_MS = 100;

/** The virtual clients of one process. */
export class Population extends ClientObserver {
  readonly heartbeats: Heartbeats;
  readonly moves: RoomMoves;
  readonly connector: Connector;
  readonly standstill: Standstill;
  readonly #clients: VirtualClient[] = [];
  readonly #wire: Wire = new Wire(this);
  readonly #ticks;

  /**
   * @param tag Of this run's pushes.
   * @param joined Told when a client is in a room.
   */
  constructor(
    streams: Streams,
    clock: Clock,
    tag: number,
    margins?: Margins,
    joined?: (room: number) => void,
  ) {
    super(clock, tag, margins, joined);
    const fail = (failure: string) => this.fail(failure);
    this.heartbeats = new Heartbeats(this.#wire, fail);
    this.moves = new RoomMoves(fail);
    this.connector = new Connector(streams, clock, this.#wire, fail);
    this.standstill = new Standstill(TICK_MS, clock.monotonicMs());
    this.#ticks = clock.setInterval(() => this.#tick(), TICK_MS);
  }

  get connected(): number {
    return this.#count((client) => client.state !== ClientState.away);
  }

  get authenticated(): number {
    return this.#count((client) => client.state === ClientState.open);
  }

  /** Opens clients at the plan's pace; settles when all are in or have given up. */
  async connect(plan: ConnectPlan): Promise<void> {
    this.plan = plan;
    if (this.#clients.length === 0) this.receipts.first = plan.first;
    const fresh = Array.from({ length: plan.clients }, (_, at) => newClient(plan, at));
    this.#clients.push(...fresh);
    const startMs = this.clock.monotonicMs();
    for (const [at, client] of fresh.entries()) {
      const waitMs = startMs + at * 1_000 / plan.rampPerS - this.clock.monotonicMs();
      if (waitMs > 1) await sleep(this.clock, waitMs);
      while (this.connector.isSaturated) await sleep(this.clock, 1);
      void this.connector.enter(client);
    }
    await this.#until(() => fresh.every(isSettled));
  }

  /**
   * A share of those that are in beats no more.
   *
   * @returns How many.
   */
  silence(whom: Share): number {
    const silent = this.#chosenOfOpen(whom);
    for (const client of silent) client.silent = true;
    return silent.length;
  }

  /**
   * A share reads no more.
   *
   * @returns Their indexes.
   */
  stopReading(whom: Share): number[] {
    const stopped = this.#chosenOfOpen(whom);
    for (const client of stopped) {
      client.paused = client.wasPaused = true;
      this.receipts.excuse(client.index);
      client.conn!.pause();
    }
    return stopped.map(({ index }) => index);
  }

  readAgain(): void {
    for (const client of this.#clients) {
      if (client.paused) client.conn?.resume();
      client.paused = false;
    }
  }

  /** A share leaves and comes back. */
  leave(whom: Share): Promise<void> {
    return this.#goAndComeBack(this.#chosenOfOpen(whom));
  }

  /** A share goes to the next room. */
  changeRooms(whom: Share): void {
    for (const client of chosenOf(this.#clients, whom)) {
      if (client.state !== ClientState.open || client.paused) continue;
      this.receipts.left(client.index, this.clock.wallMs());
      client.room = (client.room + 1) % this.plan!.rooms;
      this.moves.begin(client, this.clock.monotonicMs());
      this.#wire.changeRoom(client);
    }
  }

  /** All leave at once and come back at once. */
  storm(): Promise<void> {
    return this.#goAndComeBack(this.#clients);
  }

  /** Brings back those that the server, or the way to it, has cut off. */
  comeBack(): Promise<void> {
    const away = this.#clients.filter(({ state, silent }) => state === ClientState.away && !silent);
    return this.#enter(away);
  }

  /** Settles when what was asked for so far has been answered, or should have been. */
  async answered(): Promise<void> {
    const nowMs = this.clock.monotonicMs();
    await this.#until(() => !this.#clients.some((client) => waitsSince(client, nowMs)));
  }

  /** How many are in each room, by its index. */
  members(): number[] {
    const members = new Array<number>(this.plan?.rooms ?? 0).fill(0);
    for (const { state, room } of this.#clients) if (state === ClientState.open) members[room]++;
    return members;
  }

  silentReport(deadline: Deadline): SilentReport {
    return silentReport(this.#clients.filter(({ silent }) => silent), deadline);
  }

  /** Lets all clients go. */
  disconnect(): void {
    for (const client of this.#clients) this.#goAway(client);
  }

  stop(): void {
    this.disconnect();
    this.clock.cancel(this.#ticks);
  }

  #chosenOfOpen(whom: Share): VirtualClient[] {
    return chosenOf(this.#clients, whom).filter(({ state }) => state === ClientState.open);
  }

  async #goAndComeBack(clients: readonly VirtualClient[]): Promise<void> {
    for (const client of clients) this.#goAway(client);
    // One that has just come in is still being got in for a moment.
    await this.#until(() => clients.every(({ entering }) => !entering));
    await this.#enter(clients);
  }

  async #enter(clients: readonly VirtualClient[]): Promise<void> {
    for (const client of clients) void this.connector.enter(client);
    await this.#until(() => clients.every(isSettled));
  }

  #goAway(client: VirtualClient): void {
    client.leaving = true;
    this.receipts.left(client.index, this.clock.wallMs());
    client.conn?.evict();
  }

  #tick(): void {
    const nowMs = this.clock.monotonicMs();
    this.standstill.tick(nowMs);
    if (this.plan === undefined) return;
    this.heartbeats.tick(this.#clients, nowMs, this.plan.heartbeatMs);
    this.moves.tick(this.#clients, nowMs);
  }

  #count(holds: (client: VirtualClient) => boolean): number {
    let count = 0;
    for (const client of this.#clients) if (holds(client)) count++;
    return count;
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) await sleep(this.clock, 20);
  }
}
