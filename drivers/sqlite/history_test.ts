import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { seededPrng } from "../../base/prng.ts";
import { systemClock } from "../../platform/system_clock.ts";
import { withDirectory } from "../../tests/support/data_directory.ts";
import { OFFSET_MAX } from "../../protocol/history.ts";
import { pushOf, range } from "../contract/history_model.ts";
import { ROOM_STATE_MS } from "../history.ts";
import type { Retention } from "../ports.ts";
import { openDatabase } from "./database.ts";
import { SqliteHistory } from "./history.ts";

const byOffset: Retention = { sizeMax: 10, ttlMs: 1_000 };
const byMedia: Retention = { ...byOffset, by: "media" };

/** What a test does with a history whose time it owns. */
interface Subject {
  readonly history: SqliteHistory;
  /** Appends messages to a room at a time. */
  append(mediaTimes: readonly (number | undefined)[], retention: Retention, nowMs?: number): void;
  /** Offsets of all messages in the file. */
  stored(): number[];
  rooms(): number;
}

async function withHistory(use: (subject: Subject) => void): Promise<void> {
  await withDirectory(async (directory) => {
    const prng = seededPrng(1);
    const database: DatabaseSync = openDatabase(directory, { clock: systemClock, prng });
    const history = new SqliteHistory(database, prng, OFFSET_MAX);
    const all = database.prepare("SELECT offset FROM messages ORDER BY offset");
    const rooms = database.prepare("SELECT count(*) AS count FROM rooms");
    use({
      history,
      append: (mediaTimes, retention, nowMs = 0) => {
        for (const mediaMs of mediaTimes) history.append(pushOf("", { mediaMs }), retention, nowMs);
      },
      stored: () => all.all().map(({ offset }) => Number(offset)),
      rooms: () => Number(rooms.get()!.count),
    });
    database.close();
  });
}

const without = (count: number) => Array<undefined>(count).fill(undefined);

test("SqliteHistory stores the latest, and in rooms by media time those that have one", async () => {
  await withHistory(({ append, stored }) => {
    append(without(50), byOffset);
    assert.deepEqual(stored(), range(41, 50));
    append(range(1, 5), byMedia);
    append(without(5), byMedia);
    assert.deepEqual(stored(), range(51, 60));
    append(without(20), byMedia);
    assert.deepEqual(stored(), [...range(51, 55), ...range(71, 80)]);
    append(without(20), byOffset);
    assert.deepEqual(stored(), range(91, 100));
  });
});

test("SqliteHistory deletes some messages with each append when a room is to keep less", async () => {
  for (const { by } of [byOffset, byMedia]) {
    await withHistory(({ append, stored }) => {
      append(without(100), { ...byOffset, by, sizeMax: 100 });
      append(without(1), { ...byOffset, by });
      assert.ok(stored().length > 90, `${stored().length}`);
      append(without(30), { ...byOffset, by });
      assert.deepEqual(stored(), range(122, 131));
    });
  }
});

test("SqliteHistory deletes what is too old, four with each append and more when it looks", async () => {
  await withHistory(({ history, append, stored, rooms }) => {
    append(range(1, 1_200), byMedia);
    append([undefined], byMedia, byMedia.ttlMs - 1);
    assert.equal(stored().length, 1_201);
    append([undefined], byMedia, byMedia.ttlMs);
    assert.deepEqual(stored(), range(5, 1_202));
    for (const _ of "123") history.expire(byMedia.ttlMs);
    assert.deepEqual(stored(), [1_201, 1_202]);
    const endMs = 2 * byMedia.ttlMs + ROOM_STATE_MS;
    // The first look begins at the first room again.
    for (const _ of "12") history.expire(endMs - 1);
    assert.deepEqual([stored(), rooms()], [[], 1]);
    for (const _ of "12") history.expire(endMs);
    assert.equal(rooms(), 0);
  });
});
