import type { Clock } from "../../base/clock.ts";
import type { Prng } from "../../base/prng.ts";
import {
  type HistoryPage,
  type HistoryQuery,
  OFFSET_MAX,
  type StreamPosition,
} from "../../protocol/history.ts";
import type { RoomPush } from "../../protocol/push_message.ts";
import { emptyPage, newEpoch } from "../history.ts";
import type { Retention } from "../push_log.ts";
import type { StoreCounters } from "../store.ts";
import { RoomHistory } from "./room_history.ts";

/** Most bytes of messages and rooms. */
const HISTORY_BYTES_MAX = 256 * 1024 * 1024;

/** What a room costs beside its messages, in bytes, about. */
const ROOM_BYTES = 512;

/** Rooms that each append looks at for what has expired. */
const ROOMS_PER_APPEND = 2;

/** What a {@linkcode MemoryHistory} is made of. */
export interface MemoryHistoryDependencies {
  /** Its wall time is that of messages. */
  readonly clock: Pick<Clock, "wallMs">;
  /** Where epochs come from. */
  readonly prng: Prng;
  readonly counters: Pick<StoreCounters, "historyDropped">;
}

/**
 * The histories of all rooms. When they are at their limit, the room that was appended to least
 * recently loses its oldest messages first, and once no other has any, quiet rooms are forgotten.
 */
export class MemoryHistory {
  /** All rooms, the least recently appended first. */
  readonly #rooms = new Map<string, RoomHistory>();
  /** Those that keep messages, in the same order. */
  readonly #keeping = new Set<RoomHistory>();
  /** Goes round all rooms. */
  #sweep = this.#rooms.entries();
  #messageBytes = 0;

  constructor(
    private readonly parts: MemoryHistoryDependencies,
    private readonly offsetMax: number = OFFSET_MAX,
    private readonly bytesMax: number = HISTORY_BYTES_MAX,
  ) {}

  get rooms(): number {
    return this.#rooms.size;
  }

  /** Bytes of messages and rooms, about. */
  get bytes(): number {
    return this.#messageBytes + this.#rooms.size * ROOM_BYTES;
  }

  /** Makes a push the next message of its room. */
  append(push: RoomPush, retention: Retention): StreamPosition {
    const nowMs = this.parts.clock.wallMs();
    for (let looked = 0; looked < ROOMS_PER_APPEND; looked++) this.#sweepOne(nowMs);
    let room = this.#live(push.room, nowMs);
    if (room === undefined || room.head >= this.offsetMax) {
      if (room !== undefined) this.#forget(push.room, room);
      room = new RoomHistory(newEpoch(this.parts.prng));
    } else {
      this.#rooms.delete(push.room);
      this.#keeping.delete(room);
    }
    this.#rooms.set(push.room, room);
    this.#keeping.add(room);
    this.#messageBytes += room.append(push, nowMs, retention);
    this.#trimmed(room, room.trim(nowMs));
    this.#makeRoom(room);
    return { epoch: room.epoch, offset: room.head };
  }

  /** Reads what a room has kept, and changes nothing. */
  read(query: HistoryQuery, retention: Retention): HistoryPage {
    const nowMs = this.parts.clock.wallMs();
    return this.#live(query.room, nowMs)?.read(query, retention, nowMs) ?? emptyPage;
  }

  #live(key: string, nowMs: number): RoomHistory | undefined {
    const room = this.#rooms.get(key);
    return room === undefined || room.endMs <= nowMs ? undefined : room;
  }

  #sweepOne(nowMs: number): void {
    const { value, done } = this.#sweep.next();
    if (done) {
      this.#sweep = this.#rooms.entries();
      return;
    }
    const [key, room] = value;
    if (room.endMs <= nowMs) this.#forget(key, room);
    else this.#trimmed(room, room.trim(nowMs));
  }

  #makeRoom(appended: RoomHistory): void {
    while (this.bytes > this.bytesMax) {
      const [keeping] = this.#keeping;
      if (keeping !== undefined && (keeping !== appended || appended.size > 1)) {
        this.#trimmed(keeping, keeping.dropOldest());
      } else {
        const [[key, room]] = this.#rooms;
        if (room === appended) return;
        this.#forget(key, room);
      }
      this.parts.counters.historyDropped++;
    }
  }

  #forget(key: string, room: RoomHistory): void {
    this.#rooms.delete(key);
    this.#keeping.delete(room);
    this.#messageBytes -= room.bytes;
  }

  #trimmed(room: RoomHistory, bytes: number): void {
    this.#messageBytes -= bytes;
    if (room.size === 0) this.#keeping.delete(room);
  }
}
