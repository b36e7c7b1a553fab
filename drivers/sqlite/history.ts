import type { DatabaseSync } from "node:sqlite";
import { lowerBound } from "../../base/lower_bound.ts";
import type { Prng } from "../../base/prng.ts";
import type {
  HistoryMessage,
  HistoryPage,
  HistoryQuery,
  StreamPosition,
} from "../../protocol/history.ts";
import type { RoomPush } from "../../protocol/push_message.ts";
import { emptyPage, isMediaQuery, newEpoch, ROOM_STATE_MS, takePage } from "../history.ts";
import type { Retention } from "../push_log.ts";

/** Oldest messages of a room that one append may delete: it adds one. */
const TRIMMED_PER_APPEND = 4;

/** Messages of a quiet room that one look at it may delete. */
const TRIMMED_PER_LOOK = 500;

/** Above all media times; the other way round, below. */
const MEDIA_MS_END = 2 ** 53;

const MESSAGE = "offset, operation, time_ms, media_ms, CAST(mid AS TEXT) AS mid, body";
const OLDEST = "SELECT offset FROM messages WHERE room = :room ORDER BY offset LIMIT :count";

interface RoomRow {
  readonly id: number;
  readonly epoch: string;
  readonly head: number;
  /** From which offset on the log may be whole; messages before have a media time. */
  readonly first: number;
  readonly ttl_ms: number;
  readonly end_ms: number;
}

/** A room whose next message is under way. */
interface Advanced extends Pick<RoomRow, "id" | "epoch" | "head"> {
  /** When that is stored: not before the one before it. */
  readonly timeMs: number;
  /** Which offsets leave the log, up to and without the second; their media time may keep them. */
  readonly leaving: readonly [from: number, to: number];
}

interface MessageRow {
  readonly offset: number;
  readonly operation: number;
  readonly time_ms: number;
  readonly media_ms: number | null;
  readonly mid: string;
  readonly body: Uint8Array;
}

/** Rooms and their messages in a database. What writes is called within a transaction. */
export class SqliteHistory {
  readonly #statements: ReturnType<typeof prepare>;
  /** The room that was looked at last for what has expired. */
  #lookedAt = 0;

  constructor(
    database: DatabaseSync,
    private readonly prng: Prng,
    private readonly offsetMax: number,
  ) {
    this.#statements = prepare(database);
  }

  /** Makes a push the next message of its room. */
  append(push: RoomPush, retention: Retention, nowMs: number): StreamPosition {
    const { addMessage, trim, dropWithoutMedia } = this.#statements;
    const { id, epoch, head, timeMs, leaving: [from, to] } = this.#advance(
      push.room,
      retention,
      nowMs,
    );
    const { operation, mediaMs = null, mid = 0n, body } = push;
    addMessage.run(id, head, operation, timeMs, mediaMs, mid, body);
    if (from < to) dropWithoutMedia.run(id, from, to);
    trim.run({
      room: id,
      count: TRIMMED_PER_APPEND,
      before: retention.by === "media" ? 0 : head - retention.sizeMax,
      beforeMs: nowMs - retention.ttlMs,
    });
    return { epoch, offset: head };
  }

  /** Looks at the next room, and deletes what has expired. */
  expire(nowMs: number): void {
    const { nextRoom, trim, deleteRoom } = this.#statements;
    const room = nextRoom.get(this.#lookedAt) as RoomRow | undefined;
    this.#lookedAt = room?.id ?? 0;
    if (room === undefined) return;
    const { id, ttl_ms: ttlMs, end_ms: endMs } = room;
    const limits = { room: id, count: TRIMMED_PER_LOOK, before: 0, beforeMs: nowMs - ttlMs };
    const { changes } = trim.run(limits);
    // What there is more is deleted when it is looked at once more.
    if (Number(changes) === TRIMMED_PER_LOOK) this.#lookedAt = id - 1;
    else if (endMs <= nowMs) deleteRoom.run(id);
  }

  /** Reads what a room has kept. */
  read(query: HistoryQuery, retention: Retention, nowMs: number): HistoryPage {
    const room = this.#statements.room.get(query.room) as RoomRow | undefined;
    if (room === undefined || room.end_ms <= nowMs) return emptyPage;
    const { id, epoch, head } = room;
    const { sizeMax, ttlMs, by } = retention;
    const firstKept = (from: number) => this.#firstAfter(room, from, nowMs - ttlMs);
    const first = firstKept(Math.max(this.#firstStored(room), head + 1 - sizeMax));
    const oldest = by === "media" && isMediaQuery(query) ? firstKept(this.#oldest(room)) : first;
    const { messages, more } = takePage(this.#candidates(id, query, oldest), query);
    const isLatest = query.last !== undefined && !isMediaQuery(query);
    return { epoch, head, first, messages: isLatest ? messages.toReversed() : messages, more };
  }

  /** The room with its next offset, under a new epoch where it has none or no more offsets. */
  #advance(key: string, retention: Retention, nowMs: number): Advanced {
    const { ttlMs } = retention;
    const { room: find, addRoom, setRoom, deleteRoom, deleteMessages } = this.#statements;
    const endMs = (timeMs: number) => timeMs + ttlMs + ROOM_STATE_MS;
    const room = find.get(key) as RoomRow | undefined;
    if (room !== undefined && room.end_ms > nowMs && room.head < this.offsetMax) {
      const head = room.head + 1;
      // What is too old is found by halving: a clock that is set back must not mix the times.
      const timeMs = Math.max(nowMs, room.end_ms - room.ttl_ms - ROOM_STATE_MS);
      const leaving = this.#leaving(room, retention);
      setRoom.run(head, leaving[1], ttlMs, endMs(timeMs), room.id);
      return { id: room.id, epoch: room.epoch, head, timeMs, leaving };
    }
    if (room !== undefined) {
      deleteMessages.run(room.id);
      deleteRoom.run(room.id);
    }
    const epoch = newEpoch(this.prng);
    const { lastInsertRowid } = addRoom.run(key, epoch, ttlMs, endMs(nowMs));
    return { id: Number(lastInsertRowid), epoch, head: 1, timeMs: nowMs, leaving: [1, 1] };
  }

  /** Which offsets leave the log of a room with its next message, if it keeps by media time. */
  #leaving(room: RoomRow, { sizeMax, by }: Retention): Advanced["leaving"] {
    const { first } = room;
    const next = room.head + 2 - sizeMax;
    if (by !== "media" || next <= first) return [first, first];
    const from = this.#firstStored(room);
    return [from, Math.max(from, Math.min(next, from + TRIMMED_PER_APPEND))];
  }

  /** Offset of the oldest message that is stored, or the next one. */
  #oldest({ id, head }: RoomRow): number {
    return Number(this.#statements.oldest.get({ room: id, count: 1 })?.offset ?? head + 1);
  }

  /** The offset from which on the log is whole. */
  #firstStored(room: RoomRow): number {
    return Math.max(this.#oldest(room), room.first);
  }

  /** From an offset on, the first whose message came after a time, or the next one. */
  #firstAfter({ id, head }: RoomRow, from: number, beforeMs: number): number {
    const { timeFrom } = this.#statements;
    return from + lowerBound(
      head + 1 - from,
      (index) => Number(timeFrom.get(id, from + index)!.time_ms) <= beforeMs,
    );
  }

  /** Messages that a query asks for, the latest first where it is for the last ones. */
  *#candidates(
    room: number,
    query: HistoryQuery,
    first: number,
  ): Generator<HistoryMessage> {
    const { forward, backward, byMedia } = this.#statements;
    const { after = 0, last, fromMs = -MEDIA_MS_END, toMs = MEDIA_MS_END } = query;
    // One more tells whether there are more.
    const limit = query.limit + 1;
    const rows = isMediaQuery(query)
      ? byMedia.iterate({ room, first, after, fromMs, toMs, limit })
      : last !== undefined
      ? backward.iterate(room, first, limit)
      : forward.iterate(room, Math.max(first, after + 1), limit);
    for (const row of rows) yield messageOf(row as unknown as MessageRow);
  }
}

function prepare(database: DatabaseSync) {
  const inOrder = `SELECT ${MESSAGE} FROM messages WHERE room = ? AND offset >= ? ORDER BY offset`;
  return {
    room: database.prepare("SELECT * FROM rooms WHERE key = ?"),
    nextRoom: database.prepare("SELECT * FROM rooms WHERE id > ? ORDER BY id LIMIT 1"),
    addRoom: database.prepare(
      "INSERT INTO rooms (key, epoch, head, ttl_ms, end_ms) VALUES (?, ?, 1, ?, ?)",
    ),
    setRoom: database.prepare(
      "UPDATE rooms SET head = ?, first = ?, ttl_ms = ?, end_ms = ? WHERE id = ?",
    ),
    deleteRoom: database.prepare("DELETE FROM rooms WHERE id = ?"),
    addMessage: database.prepare("INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?)"),
    deleteMessages: database.prepare("DELETE FROM messages WHERE room = ?"),
    trim: database.prepare(
      `DELETE FROM messages WHERE room = :room AND offset IN (${OLDEST}) ` +
        "AND (offset <= :before OR time_ms <= :beforeMs)",
    ),
    dropWithoutMedia: database.prepare(
      "DELETE FROM messages WHERE room = ? AND offset >= ? AND offset < ? AND media_ms IS NULL",
    ),
    oldest: database.prepare(OLDEST),
    timeFrom: database.prepare(
      "SELECT time_ms FROM messages WHERE room = ? AND offset >= ? ORDER BY offset LIMIT 1",
    ),
    forward: database.prepare(`${inOrder} LIMIT ?`),
    backward: database.prepare(`${inOrder} DESC LIMIT ?`),
    // The index alone says which, so that what is passed over is not read.
    byMedia: database.prepare(
      `SELECT ${MESSAGE} FROM messages JOIN (SELECT media_ms AS found_ms, offset AS found ` +
        "FROM messages WHERE room = :room AND media_ms IS NOT NULL " +
        "AND (media_ms, offset) > (:fromMs, :after) AND media_ms < :toMs AND offset >= :first " +
        "ORDER BY media_ms, offset LIMIT :limit) " +
        "WHERE room = :room AND offset = found ORDER BY found_ms, found",
    ),
  };
}

function messageOf(row: MessageRow): HistoryMessage {
  const { offset, operation, time_ms: timeMs, body } = row;
  return {
    offset,
    operation,
    timeMs,
    mediaMs: row.media_ms ?? undefined,
    mid: BigInt(row.mid),
    body,
  };
}
