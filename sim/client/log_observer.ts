import type { Clock } from "../../base/clock.ts";
import {
  type AuthAnswer,
  decodeBody,
  encodeJoin,
  encodeLeave,
  type JoinAnswer,
  type Notice,
} from "../../client/rooms.ts";
import type { Frame } from "../../protocol/frame.ts";
import type { JoinAsk } from "../checkers/cursor.ts";
import { Histogram } from "../checkers/histogram.ts";
import type { RoomCursors } from "../checkers/room_cursors.ts";
import { type LogRooms, RoomState } from "./log_rooms.ts";
import type { VirtualClient } from "./virtual_client.ts";

/** How long the answer to a join or leave may take, in milliseconds. */
const ANSWER_MS_MAX = 10_000;

/** A client that keeps its places in the logs of its rooms. */
export type LogClient = VirtualClient & { readonly logs: LogRooms };

/** Whether a client keeps its places. */
export function isLogClient(client: VirtualClient): client is LogClient {
  return client.logs !== undefined;
}

/** What the observer of all clients has to know of those with logs. */
interface LogEvents {
  /** A client is in a room. */
  joined(room: number): void;
  /** A client did not get into a room, or out of it. */
  missed(why: string): void;
}

/** Follows clients that keep their places in the logs of their rooms, and come back with them. */
export class LogObserver {
  /** How long it took those whose connection was over to be live again. */
  readonly recoveries = new Histogram();

  /** @param last How many of the latest messages one asks for that has no place in a room yet. */
  constructor(
    readonly cursors: RoomCursors,
    private readonly clock: Clock,
    private readonly events: LogEvents,
    readonly last = 0,
  ) {}

  /** What a client asks for of its room as it comes in. */
  begin({ index, logs }: LogClient): JoinAsk {
    return logs.ask = this.#askFor(index, logs.primary);
  }

  authenticated(client: LogClient, body: Uint8Array): void {
    const { index, logs } = client;
    this.#joined(client, logs.primary, decodeBody<AuthAnswer>(body), logs.ask);
    this.tick(client, this.clock.monotonicMs());
    if (this.cursors.isIn(index, logs.primary)) this.#settled(client);
  }

  /** Asks for the rooms where it is to be and is not, and notes what was not answered. */
  tick(client: LogClient, nowMs: number): void {
    const { index, logs, stream } = client;
    const late = client.wasPaused ? 0 : logs.late(nowMs - ANSWER_MS_MAX);
    for (let count = 0; count < late; count++) {
      this.events.missed(`client ${index} got no answer to its join or leave in time`);
    }
    for (const room of logs.joinable(nowMs)) {
      const ask = this.#askFor(index, room);
      logs.asked(room, RoomState.joining, ask, nowMs);
      stream!.send(encodeJoin({ room: client.keyOf(room), ...ask }));
    }
  }

  /** Leaves a further room and joins another, where there are such. */
  switchRoom(client: LogClient): void {
    const { logs, stream } = client;
    const { leavable: old, nextRoom } = logs;
    if (nextRoom !== undefined) logs.want(nextRoom);
    if (old === undefined) return;
    logs.asked(old, RoomState.leaving, {}, this.clock.monotonicMs());
    stream!.send(encodeLeave(client.keyOf(old)));
  }

  joinAnswered(client: LogClient, body: Uint8Array): void {
    const { logs } = client;
    const answer = decodeBody<JoinAnswer>(body);
    const room = client.indexOf(answer.room);
    const further = logs.further.get(room);
    if (further?.state !== RoomState.joining) return this.#unasked(client, "join", answer.room);
    if (answer.code !== 0) {
      logs.refused(room, this.clock.monotonicMs());
      // It is full for now, or its store is away.
      if (answer.code !== -429 && answer.code !== -500) this.#refused(client, answer);
      return;
    }
    further.state = RoomState.in;
    this.#joined(client, room, answer, further.ask);
    this.#settled(client);
  }

  leaveAnswered(client: LogClient, body: Uint8Array): void {
    const { index, logs } = client;
    const answer = decodeBody<JoinAnswer>(body);
    if (answer.code !== 0) return this.#refused(client, answer);
    const room = client.indexOf(answer.room);
    if (logs.further.get(room)?.state !== RoomState.leaving) {
      return this.#unasked(client, "leave", answer.room);
    }
    logs.further.delete(room);
    logs.behind.delete(room);
    this.cursors.left(index, room);
    this.#settled(client);
  }

  /** Its change of rooms, the first that is not answered yet, is. */
  moved(client: LogClient): void {
    const { index, logs } = client;
    const room = logs.moving.shift();
    if (room === undefined) return this.#unasked(client, "change", "");
    if (room !== logs.primary) {
      this.cursors.left(index, logs.primary);
      logs.behind.delete(logs.primary);
    }
    logs.primary = room;
    logs.further.delete(room);
    this.cursors.joined(index, room, undefined);
    this.events.joined(room);
  }

  noticed(client: LogClient, body: Uint8Array): void {
    const notice = decodeBody<Notice>(body);
    const { type, room: key = "", epoch, offset, from, to, count = 0 } = notice;
    // What concerns no room with a log is not of interest.
    if (epoch === undefined) return;
    const room = client.indexOf(key);
    if (type === "gap" && from !== undefined && to !== undefined) {
      this.cursors.gap(client.index, room, { epoch, from, to, count });
    } else if (type === "epoch" && offset !== undefined) {
      client.logs.behind.delete(room);
      this.cursors.epochChanged(client.index, room, { epoch, offset });
    } else return;
    this.#moved(client, room);
  }

  /**
   * A push has come.
   *
   * @param key Of the further room that it is of; empty for the primary one.
   * @param nowMs Milliseconds since the Unix epoch.
   * @returns How long after it was due, in milliseconds; undefined for what it had missed.
   */
  pushed(
    client: LogClient,
    { sequence: offset, body }: Frame,
    key: string,
    nowMs: number,
  ): number | undefined {
    const { index, logs } = client;
    const room = key === "" ? logs.primary : client.indexOf(key);
    const wasLive = !logs.behind.has(room);
    if (key !== "" && room === logs.primary) {
      this.cursors.contradicted(index, room, "comes as a further room, which it is not");
    }
    const dueMs = this.cursors.received(index, { room, offset, body });
    if (!wasLive) this.#moved(client, room);
    return wasLive && dueMs !== undefined ? nowMs - dueMs : undefined;
  }

  /** Its connection is over. */
  closed(client: LogClient): void {
    const { index, logs } = client;
    // It comes back somewhere else, where the room's log may have got less far.
    if (client.follows) client.aimElsewhere();
    else client.aimAt(index + ++logs.connections);
    logs.cut();
    this.cursors.cut(index);
    logs.cutMs ||= this.clock.monotonicMs();
  }

  /** A client goes on by another connection, whose auth is to ask for all that comes from now on. */
  handedOver({ index, logs }: LogClient): void {
    this.cursors.cut(index);
    logs.cutMs ||= this.clock.monotonicMs();
  }

  #askFor(client: number, room: number): JoinAsk {
    const since = this.cursors.since(client, room);
    if (since !== undefined) return { since };
    return this.last === 0 ? {} : { last: this.last };
  }

  #joined(client: LogClient, room: number, answer: JoinAnswer, ask: JoinAsk): void {
    const { index, logs } = client;
    this.cursors.joined(index, room, answer, ask);
    if (answer.missed > 0) logs.behind.set(room, answer.offset);
    this.events.joined(room);
  }

  /** It has come further in a room. */
  #moved(client: LogClient, room: number): void {
    const { index, logs: { behind } } = client;
    const offset = this.cursors.since(index, room)?.offset ?? 0;
    if (offset >= (behind.get(room) ?? 0)) behind.delete(room);
    this.#settled(client);
  }

  /** Notes when it is live again. */
  #settled({ logs }: LogClient): void {
    if (logs.cutMs === 0 || !logs.isLive) return;
    this.recoveries.add(this.clock.monotonicMs() - logs.cutMs);
    logs.cutMs = 0;
  }

  #unasked(client: LogClient, what: string, key: string): void {
    const { index } = client;
    this.cursors.contradicted(
      index,
      client.indexOf(key),
      `has an answer to a ${what} without a question`,
    );
  }

  #refused({ index }: LogClient, { room, code, message }: JoinAnswer): void {
    this.events.missed(`client ${index} was refused ${room}: ${code} ${message}`);
  }
}
