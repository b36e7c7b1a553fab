import assert from "node:assert/strict";
import { type Prng, seededPrng } from "../../base/prng.ts";
import { type ClientPorts, Member } from "./cluster_clients.ts";
import { until } from "./until.ts";
import { checkPushes, type ConnectionRecord, expectedAt, type PushRecord } from "./push_checker.ts";
import { type PushTarget, RoomPusher } from "./room_pusher.ts";

const ROOMS = 10;

const PUSHES_PER_SECOND = 200;

/** How long everything accepted may take to arrive, in milliseconds. */
const SETTLE_MS = 30_000;

/** A check of fewer pushes than these says nothing. */
const ACCEPTED_MIN = 20;

/** Most lines of what is wrong that are shown. */
const WRONG_SHOWN = 20;

/** What traffic runs through. */
export interface TrafficOptions {
  /** All comets; each room has a member on each. */
  readonly comets: readonly ClientPorts[];
  readonly logics: readonly PushTarget[];
  readonly seed: number;
}

/**
 * Clients in rooms whose members sit on different comets, over TCP and WebSocket in turn, and
 * pushes to all those rooms at an even pace.
 */
export class PushTraffic {
  readonly members: Member[] = [];
  readonly pushes: PushRecord[] = [];
  readonly connections: ConnectionRecord[] = [];
  readonly prng: Prng;
  /** Accepted pushes that were there at the last check. */
  #checked = 0;
  readonly #pushers: readonly RoomPusher[];

  private constructor({ comets, logics, seed }: TrafficOptions) {
    this.prng = seededPrng(seed);
    const rooms = Array.from({ length: ROOMS }, (_, index) => `fault://${index}`);
    for (const [at, room] of rooms.entries()) {
      for (let home = 0; home < comets.length; home++) this.#addMember(room, at, home, comets);
    }
    this.#pushers = rooms.map((room, at) => new RoomPusher(room, at, logics, this.pushes));
  }

  /** Connects all clients. */
  static async start(options: TrafficOptions): Promise<PushTraffic> {
    const traffic = new PushTraffic(options);
    for (const member of traffic.members) member.start();
    try {
      await until("all clients", () => traffic.members.every(({ connection }) => connection));
    } catch (error) {
      await traffic.stop();
      throw error;
    }
    return traffic;
  }

  /** Brings every client to the comet that it began with. */
  async goHome(): Promise<void> {
    await until("all clients to be home", () => {
      const isHome = ({ comet, home, connection }: Member) => connection && comet === home;
      const away = this.members.filter((member) => !isHome(member));
      for (const member of away) if (member.connection) member.move(member.home);
      return away.length === 0;
    });
  }

  /** Members that are connected to a comet. */
  on(comet: number): Member[] {
    return this.members.filter((member) => member.comet === comet && member.connection);
  }

  /**
   * Waits until the first accepted push that was sent to each room after a moment has arrived at
   * all its members.
   *
   * @param sinceMs The moment.
   * @param open Which connections count; all that are open when it is left out.
   * @returns How long after the moment that was, in milliseconds.
   */
  async recovered(
    sinceMs: number,
    open = (_connection: ConnectionRecord): boolean => true,
  ): Promise<number> {
    let allThereMs = 0;
    await until("a push to each room after the fault", () => {
      allThereMs = 0;
      for (const { room } of this.#pushers) {
        const first = this.pushes.find((push) =>
          push.room === room && push.sentMs >= sinceMs && push.acceptedMs !== undefined
        );
        if (first === undefined) return false;
        for (const connection of this.connections) {
          if (connection.room !== room || connection.closedMs !== undefined) continue;
          if (connection.openMs > first.sentMs || !open(connection)) continue;
          const arrival = connection.arrivals.find(({ number }) => number === first.number);
          if (arrival === undefined) return false;
          allThereMs = Math.max(allThereMs, arrival.atMs);
        }
      }
      return true;
    }, SETTLE_MS);
    return Math.round(allThereMs - sinceMs);
  }

  /** Pushes no more, waits until all that was accepted has arrived, and checks everything. */
  async check(): Promise<void> {
    await this.#pause();
    const accepted = this.pushes.filter(({ acceptedMs }) => acceptedMs !== undefined).length;
    assert.ok(accepted - this.#checked > ACCEPTED_MIN, `only ${accepted} pushes were accepted`);
    this.#checked = accepted;
    const missing = () =>
      this.connections.some((connection) => {
        if (connection.closedMs !== undefined) return false;
        const got = new Set(connection.arrivals.map(({ number }) => number));
        return expectedAt(connection, this.pushes).some(({ number }) => !got.has(number));
      });
    // What is missing still is told by its name below.
    await until("what was accepted", () => !missing(), SETTLE_MS).catch(() => {});
    const wrong = checkPushes(this.pushes, this.connections);
    const shown = wrong.slice(0, WRONG_SHOWN).join("\n");
    assert.equal(wrong.length, 0, `${wrong.length} things are wrong:\n${shown}`);
  }

  /** Begins to push, or goes on after a check. */
  resume(): void {
    const periodMs = 1_000 * ROOMS / PUSHES_PER_SECOND;
    for (const pusher of this.#pushers) pusher.start(periodMs);
  }

  /** How long pushes sent within a span took to arrive at these connections, ascending, in ms. */
  latencies(
    fromMs: number,
    toMs: number,
    counts: (connection: ConnectionRecord) => boolean,
  ): number[] {
    const sent = new Map<string, number>();
    for (const { room, number, sentMs } of this.pushes) {
      if (sentMs >= fromMs && sentMs < toMs) sent.set(`${room} ${number}`, sentMs);
    }
    const found: number[] = [];
    for (const connection of this.connections.filter(counts)) {
      for (const { number, atMs } of connection.arrivals) {
        const sentMs = sent.get(`${connection.room} ${number}`);
        if (sentMs !== undefined) found.push(atMs - sentMs);
      }
    }
    return found.sort((a, b) => a - b);
  }

  /** Leaves what some connections saw out of the checks from now on. */
  excuse(connections: ReadonlySet<ConnectionRecord | undefined>): void {
    const others = this.connections.filter((connection) => !connections.has(connection));
    this.connections.splice(0, this.connections.length, ...others);
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    await this.#pause();
    await Promise.all(this.members.map((member) => member.stop()));
  }

  async #pause(): Promise<void> {
    await Promise.all(this.#pushers.map((pusher) => pusher.stop()));
  }

  #addMember(room: string, at: number, home: number, comets: readonly ClientPorts[]): void {
    const mid = 1 + this.members.length;
    this.members.push(
      new Member({
        name: `client-${mid}`,
        mid,
        room,
        isWebSocket: (at + home) % 2 === 1,
        home,
        comets,
        prng: this.prng,
        connections: this.connections,
      }),
    );
  }
}
