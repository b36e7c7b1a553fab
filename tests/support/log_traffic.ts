import assert from "node:assert/strict";
import { systemClock } from "../../platform/system_clock.ts";
import type { StreamPosition } from "../../protocol/history.ts";
import { decodePushBody, pushReader } from "../../sim/checkers/push_body.ts";
import { RoomCursors } from "../../sim/checkers/room_cursors.ts";
import { Pusher } from "../../sim/pusher.ts";
import type { CursorTotals } from "../../sim/types.ts";
import { type ClientPorts } from "./cluster_clients.ts";
import { until } from "./until.ts";
import { Followers } from "./followers.ts";
import { HttpConnection } from "./http_connection.ts";
import { PUSH_OPERATION, type PushTarget } from "./room_pusher.ts";

/** How long a push may take to be answered, in milliseconds; then it is sent again. */
const ANSWER_MS = 4_000;

/** Before a push is sent again, in milliseconds. */
const AGAIN_MS = 50;

/** Tells the pushes of this traffic. */
const TAG = 1;

/** Type of rooms that keep history. */
export const KEPT = "kept";

/** The configuration that has them keep it. */
export const KEPT_ROOMS = `[[rooms]]\ntype = "${KEPT}"\nhistory-size = 10000\n`;

/** What traffic runs through. */
export interface LogTrafficOptions {
  readonly comets: readonly ClientPorts[];
  readonly logics: readonly PushTarget[];
  readonly clients: number;
  readonly rooms: number;
  /** Bytes of a push. */
  readonly size?: number;
  /** Pushes a second over all rooms. */
  readonly perSecond?: number;
  /** As for {@linkcode Followers}. */
  readonly stayPut?: number;
}

/**
 * Clients of some rooms that keep history, who come back where they were, and pushes to these
 * rooms: each with its id, and again, by one logic after the other, until it is answered with 0.
 */
export class LogTraffic {
  readonly followers: Followers;
  readonly cursors = new RoomCursors(pushReader(TAG));
  readonly pusher: Pusher;
  /** Pushes that were sent again. */
  repeats = 0;
  /** By room and logic. */
  readonly #connections: readonly (readonly HttpConnection[])[];
  readonly #perSecond: number;
  #turn = 0;
  #stopped = false;

  constructor({ comets, logics, clients, rooms: count, ...load }: LogTrafficOptions) {
    const { size = 100, perSecond = 50, stayPut } = load;
    this.#perSecond = perSecond;
    const rooms = Array.from({ length: count }, (_, room) => `${KEPT}://${room}`);
    this.followers = new Followers({ comets, clients, rooms, cursors: this.cursors, stayPut });
    this.#connections = rooms.map(() =>
      logics.map(({ hostname, port }) => new HttpConnection(hostname, port))
    );
    const send = (room: number, body: Uint8Array) => this.#send(room, body);
    this.pusher = new Pusher({ send, tag: TAG, size, rooms: count, clock: systemClock });
  }

  /** Brings the clients into their rooms, and begins to push. */
  async start(): Promise<void> {
    await this.followers.start();
    this.pusher.start(this.#perSecond);
    await this.pushed(1);
  }

  /** Settles when so many further pushes to each room have been accepted. */
  async pushed(count: number): Promise<void> {
    const { pushes } = this.pusher;
    const goals = pushes.map(({ offsets }) => offsets.length + count);
    await until("pushes", () => pushes.every(({ offsets }, room) => offsets.length >= goals[room]));
  }

  /**
   * Checks that each client has had everything that was accepted, once and in order, or was told of
   * the gap.
   *
   * @returns What they were told.
   */
  async check(): Promise<CursorTotals> {
    await this.pusher.stop();
    const heads = this.#heads();
    const late = () => heads.flatMap((head, room) => this.followers.behind(room, head));
    await until("all to have what was pushed", () => late().length === 0).catch(() => {});
    const totals = this.cursors.totals(this.pusher.pushes);
    const { lost, doubled, wrong, failures } = totals;
    const lines = [...failures, ...late()].slice(0, 20);
    assert.deepEqual([lost, doubled, wrong, late().length], [0, 0, 0, 0], lines.join("\n"));
    this.pusher.start(this.#perSecond);
    return totals;
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.pusher.stop();
    await this.followers.stop();
    for (const connection of this.#connections.flat()) connection.close();
  }

  async #send(room: number, body: Uint8Array): Promise<StreamPosition | false> {
    const push = { tag: 0, room: 0, sequence: 0, dueMs: 0 };
    decodePushBody(body, push);
    const query = `operation=${PUSH_OPERATION}&type=${KEPT}&room=${room}&id=${push.sequence}`;
    while (!this.#stopped) {
      const logics = this.#connections[room];
      const connection = logics[this.#turn++ % logics.length];
      try {
        const answer = await connection.post(`/goim/push/room?${query}`, body, ANSWER_MS);
        const { code, data } = JSON.parse(answer);
        if (code === 0) return data;
      } catch {
        // It may have been stored or not: its id tells.
      }
      this.repeats++;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
    return false;
  }

  /** Where the last push to each room stands that was accepted. */
  #heads(): StreamPosition[] {
    return this.pusher.pushes.map(({ offsets, epochs }) => {
      return { epoch: epochs.at(-1)!.epoch, offset: offsets.at(-1)! };
    });
  }
}
