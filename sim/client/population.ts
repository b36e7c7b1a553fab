import { type Clock, sleep } from "../../base/clock.ts";
import { randomFloat, seededPrng } from "../../base/prng.ts";
import type { Streams } from "../../platform/port.ts";
import type { Margins } from "../checkers/receipts.ts";
import { silentReport } from "../checkers/findings.ts";
import type { ClientSelection, ConnectPlan, Deadline, SilentReport } from "../types.ts";
import { Connector, isSettled } from "./connector.ts";
import { ClientObserver } from "./client_observer.ts";
import { Heartbeats, RoomMoves } from "./answers.ts";
import { ClientState, newClient, type VirtualClient, waitsSince } from "./virtual_client.ts";
import { Wire } from "./wire.ts";

/** How often heartbeats that are due are sent, and answers checked, in milliseconds. */
const TICK_MS = 100;

/** The longest time that nothing ran in this process. */
export class EventLoopStall {
  /** In milliseconds. */
  longestMs = 0;
  #tickedMs: number;

  /** @param periodMs How often it ticks. */
  constructor(private readonly periodMs: number, nowMs: number) {
    this.#tickedMs = nowMs;
  }

  tick(nowMs: number): void {
    this.longestMs = Math.max(this.longestMs, nowMs - this.#tickedMs - this.periodMs);
    this.#tickedMs = nowMs;
  }
}

/** The clients that are selected: the same for the same seed, in whichever process. */
function selectClients(
  clients: readonly VirtualClient[],
  { share, seed }: ClientSelection,
): VirtualClient[] {
  return clients.filter(({ index }) => randomFloat(seededPrng(seed * 1_000_003 + index)) < share);
}

/** The virtual clients of one process. */
export class Population extends ClientObserver {
  readonly heartbeats: Heartbeats;
  readonly moves: RoomMoves;
  readonly connector: Connector;
  readonly stall: EventLoopStall;
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
    this.stall = new EventLoopStall(TICK_MS, clock.monotonicMs());
    this.#ticks = clock.setInterval(() => this.#tick(), TICK_MS);
  }

  get connectedCount(): number {
    return this.#count((client) => client.state !== ClientState.disconnected);
  }

  get authenticatedCount(): number {
    return this.#count((client) => client.state === ClientState.open);
  }

  /** Connects clients at the plan's pace; settles when all are authenticated or have given up. */
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
      void this.connector.connect(client);
    }
    await this.#until(() => fresh.every(isSettled));
  }

  /**
   * Some of those that are authenticated send no heartbeats any more.
   *
   * @returns How many.
   */
  silence(selection: ClientSelection): number {
    const silent = this.#selectOpen(selection);
    for (const client of silent) client.silent = true;
    return silent.length;
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

  resumeReading(): void {
    for (const client of this.#clients) {
      if (client.paused) client.conn?.resume();
      client.paused = false;
    }
  }

  /** Some disconnect and reconnect. */
  leave(selection: ClientSelection): Promise<void> {
    return this.#reconnectAll(this.#selectOpen(selection));
  }

  /** Some change to the next room. */
  changeRooms(selection: ClientSelection): void {
    for (const client of selectClients(this.#clients, selection)) {
      if (client.state !== ClientState.open || client.paused) continue;
      this.receipts.left(client.index, this.clock.wallMs());
      client.room = (client.room + 1) % this.plan!.rooms;
      this.moves.begin(client, this.clock.monotonicMs());
      this.#wire.changeRoom(client);
    }
  }

  /** All disconnect at once and reconnect at once. */
  storm(): Promise<void> {
    return this.#reconnectAll(this.#clients);
  }

  /** Reconnects those that lost their connection. */
  reconnect(): Promise<void> {
    const away = this.#clients.filter(({ state, silent }) =>
      state === ClientState.disconnected && !silent
    );
    return this.#connectAll(away);
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

  /** Disconnects all clients. */
  disconnect(): void {
    for (const client of this.#clients) this.#disconnect(client);
  }

  stop(): void {
    this.disconnect();
    this.clock.cancel(this.#ticks);
  }

  #selectOpen(selection: ClientSelection): VirtualClient[] {
    return selectClients(this.#clients, selection).filter(({ state }) =>
      state === ClientState.open
    );
  }

  async #reconnectAll(clients: readonly VirtualClient[]): Promise<void> {
    for (const client of clients) this.#disconnect(client);
    // One that has just been authenticated counts as connecting for a moment longer.
    await this.#until(() => clients.every(({ isConnecting }) => !isConnecting));
    await this.#connectAll(clients);
  }

  async #connectAll(clients: readonly VirtualClient[]): Promise<void> {
    for (const client of clients) void this.connector.connect(client);
    await this.#until(() => clients.every(isSettled));
  }

  #disconnect(client: VirtualClient): void {
    client.leaving = true;
    this.receipts.left(client.index, this.clock.wallMs());
    client.conn?.evict();
  }

  #tick(): void {
    const nowMs = this.clock.monotonicMs();
    this.stall.tick(nowMs);
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
