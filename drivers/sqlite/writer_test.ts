import assert from "node:assert/strict";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { seededPrng } from "../../base/prng.ts";
import { withDirectory } from "../../tests/support/data_directory.ts";
import { withLogLines } from "../../tests/support/log_lines.ts";
import { append, keepAll, offsets, pushOf, range, readPage } from "../contract/history_model.ts";
import { PUBLISH_ID_MS, PushLogFull, type Retention, StoreRefused } from "../ports.ts";
import { ROOM_STATE_MS } from "../history.ts";
import { StoreCounters } from "../store.ts";
import { closeDatabase, openDatabase } from "./database.ts";
import { SqlitePushLog } from "./push_log.ts";
import { SqliteWriter } from "./writer.ts";

const large = pushOf("", { body: new Uint8Array(2_000) });

function setUp(directory: string) {
  const clock = new ManualClock();
  const prng = seededPrng(1);
  const database = openDatabase(join(directory, "data"), { clock, prng });
  const counters = new StoreCounters();
  const writer = new SqliteWriter(database, counters);
  const log = new SqlitePushLog({ clock, prng, database, writer }, {
    partitions: 1,
    partitionBytesMax: 1 << 24,
  });
  /** Appends in one turn, and tells what came of it. */
  const turn = async (...given: Parameters<typeof append>[1][]) => {
    const all = given.map((push) => append(log, push));
    clock.advance(0);
    return await Promise.allSettled(all);
  };
  return { clock, database, counters, writer, log, turn };
}

function countOf(database: DatabaseSync, table: string): number {
  return Number(database.prepare(`SELECT count(*) AS count FROM ${table}`).get()!.count);
}

function pagesOf(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA page_count").get()!.page_count);
}

test("SqlitePushLog writes once a turn, and delivers what is written", async () => {
  await withDirectory(async (directory) => {
    const { clock, database, log } = setUp(directory);
    const lease = (await log.acquire(0, "a"))!;
    const all = ["a", "b", "c"].map((text) => append(log, text));
    const later = append(log, "without history", {});
    let answered = 0;
    for (const each of [...all, later]) each.then(() => answered++);
    await Promise.resolve();
    assert.deepEqual([answered, countOf(database, "messages"), log.entries], [0, 0, 0]);
    assert.equal(clock.pending, 1);
    clock.advance(0);
    await Promise.all([...all, later]);
    assert.equal(countOf(database, "messages"), 3);
    assert.deepEqual((await log.read(lease, 9)).map(({ position }) => position), [1, 2, 3, 4]);
    await append(log, "with nothing to wait for", {});
    assert.equal(clock.pending, 0);
    await log.close();
    closeDatabase(database);
  });
});

test("SqlitePushLog.close() writes what waits", async () => {
  await withDirectory(async (directory) => {
    const { database, log } = setUp(directory);
    const waiting = append(log, "a");
    await log.close();
    assert.equal((await waiting).stream?.offset, 1);
    closeDatabase(database);
  });
});

test("A full disk refuses pushes, says so once, and goes on when there is room", async () => {
  await withDirectory(async (directory) => {
    await withLogLines(["halley", "sqlite"], async (lines) => {
      const { counters, database, log, turn, writer } = setUp(directory);
      assert.equal(writer.problem(), undefined);
      database.exec("PRAGMA max_page_count = 62");
      let stored = 0;
      // One at a time, or there could be room for one where there is none for three.
      while ((await turn(large))[0].status === "fulfilled") stored++;
      for (const result of await turn(...Array(3).fill(large))) {
        assert.ok(result.status === "rejected" && result.reason instanceof StoreRefused);
        assert.match(result.reason.message, /^Cannot append to push log: the data directory has/);
      }
      assert.ok(stored > 30, `${stored}`);
      const problem = { kind: "full", reason: "the data directory has no room" };
      assert.deepEqual(writer.problem(), problem);
      assert.deepEqual(writer.problem(), problem);
      assert.deepEqual(offsets(await readPage(log)), range(1, stored));
      assert.equal(log.entries, stored, "what was refused is not delivered");
      assert.ok(log.bytes < stored * 3_000, "and takes no room in the log");
      assert.ok(counters.refusals >= 4);
      assert.deepEqual(lines, [
        "error: cannot store history: the data directory has no room: database or disk is full",
      ]);

      database.exec("PRAGMA max_page_count = 1000");
      assert.equal(writer.problem(), undefined);
      assert.deepEqual((await turn(large))[0].status, "fulfilled");
      assert.deepEqual(offsets(await readPage(log)), range(1, stored + 1));
      assert.equal(countOf(database, "messages"), stored + 1);
      assert.deepEqual(lines.slice(1), ["info: stores history again"]);
      await log.close();
      closeDatabase(database);
    });
  });
});

test("A refused push with an id may be sent again", async () => {
  await withDirectory(async (directory) => {
    const { clock, database, log } = setUp(directory);
    const send = async () => {
      const push = { ...large, body: new Uint8Array(60_000) };
      const all = range(1, 20).map(() =>
        append(log, push, { retention: keepAll, publishId: "id" })
      );
      clock.advance(0);
      return await Promise.allSettled(all);
    };
    database.exec("PRAGMA max_page_count = 15");
    for (const { status } of await send()) assert.equal(status, "rejected");
    assert.equal(log.bytes, 0);
    database.exec("PRAGMA max_page_count = 1000");
    for (const { status } of await send()) assert.equal(status, "fulfilled");
    assert.equal(countOf(database, "messages"), 1);
    assert.equal(log.entries, 1);
    await log.close();
    closeDatabase(database);
  });
});

test("Space comes back of what is trimmed, of quiet rooms, and of publish ids", async () => {
  await withDirectory(async (directory) => {
    const { clock, database, log, turn } = setUp(directory);
    const forget = async () => {
      const lease = (await log.acquire(0, "a"))!;
      const entries = await log.read(lease, 10_000);
      await log.ack(lease, entries.map(({ position }) => position));
    };
    for (const _ of range(1, 50)) {
      await turn(...range(1, 40).map((room) => pushOf("", { ...large, room: `live://${room}` })));
    }
    const ids = range(1, 1_000).map((id) => append(log, "a", { publishId: `id-${id}` }));
    clock.advance(0);
    await Promise.all(ids);
    const pages = pagesOf(database);
    assert.equal(countOf(database, "messages"), 2_000);
    assert.equal(countOf(database, "publish_ids"), 1_000);
    clock.advance(Math.max(keepAll.ttlMs, PUBLISH_ID_MS));
    await forget();
    for (const _ of range(1, 50)) await turn("a");
    assert.equal(countOf(database, "messages"), 50);
    assert.equal(countOf(database, "publish_ids"), 0);
    assert.equal(countOf(database, "rooms"), 40);
    assert.ok(pagesOf(database) < pages / 2, `${pagesOf(database)} pages were ${pages}`);
    clock.advance(ROOM_STATE_MS);
    for (const _ of range(1, 50)) await turn("a");
    assert.equal(countOf(database, "rooms"), 1);

    const few = { ...keepAll, sizeMax: 10 };
    for (const _ of range(1, 40)) {
      const appended = append(log, "a", { retention: few });
      clock.advance(0);
      await appended;
    }
    assert.equal(countOf(database, "messages"), 10);
    await log.close();
    closeDatabase(database);
  });
});

test("Rows of rooms that keep by media time go when they may", async () => {
  await withDirectory(async (directory) => {
    const { clock, database, log } = setUp(directory);
    const appendSome = async (count: number, mediaMs: number | undefined, few: Retention) => {
      for (const _ of range(1, count)) {
        const appended = append(log, pushOf("a", { mediaMs }), { retention: few });
        clock.advance(0);
        await appended;
      }
    };
    const few = { ...keepAll, sizeMax: 10, by: "media" } as const;
    await appendSome(50, undefined, keepAll);
    await appendSome(50, 7, few);
    assert.equal(countOf(database, "messages"), 50, "all that had none are gone");
    await appendSome(50, undefined, few);
    assert.equal(countOf(database, "messages"), 60);
    await appendSome(20, 7, { ...few, by: "offset" });
    assert.equal(countOf(database, "messages"), 10);
    await appendSome(50, 7, few);
    assert.equal(countOf(database, "messages"), 60);
    clock.advance(few.ttlMs);
    await appendSome(30, undefined, few);
    assert.equal(countOf(database, "messages"), 10);
    await log.close();
    closeDatabase(database);
  });
});

test("SqlitePushLog refuses beyond a partition's bytes also what waits for its turn", async () => {
  await withDirectory(async (directory) => {
    const { clock, database, log } = setUp(directory);
    const push = pushOf("", { body: new Uint8Array(60_000) });
    const all = range(1, 400).map(() => append(log, push));
    clock.advance(0);
    const results = await Promise.allSettled(all);
    const refused = results.filter(({ status }) => status === "rejected");
    assert.ok(refused.length > 100 && refused.length < 140, `${refused.length}`);
    for (const result of refused) {
      assert.ok(result.status === "rejected" && result.reason instanceof PushLogFull);
    }
    await log.close();
    closeDatabase(database);
  });
});
