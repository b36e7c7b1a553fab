import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { seededPrng } from "../../base/prng.ts";
import { openData, withDirectory } from "../../tests/support/data_directory.ts";
import { sqliteModeration } from "../../tests/support/moderation_subjects.ts";
import { anything } from "../contract/moderation_model.ts";
import { testModeration } from "../contract/moderation_suite.ts";
import { type Moderation, ModerationFull } from "../ports.ts";
import { StoreCounters } from "../store.ts";
import { closeDatabase, openDatabase } from "./database.ts";
import { SqliteBlocks, SqliteMutes } from "./mutes.ts";
import { SqliteWriter } from "./writer.ts";

testModeration(sqliteModeration);

const HOUR_MS = 3_600_000;

async function isMuted(moderation: Moderation, sender: string, room = "live://1") {
  const admission = await moderation.admit({ sender, room, digest: "a" }, anything);
  return !admission.admitted && admission.reason === "muted";
}

function setUp(directory: string, mutesMax?: number) {
  const clock = new ManualClock(1_000);
  const database = openDatabase(join(directory, "data"), { clock, prng: seededPrng(1) });
  const writer = new SqliteWriter(database, new StoreCounters());
  return { clock, database, writer, mutes: new SqliteMutes({ clock, database, writer }, mutesMax) };
}

test("Mutes outlive the process, until their time is over", async () => {
  await withDirectory(async (directory) => {
    const before = await openData(directory);
    const moderation = await before.store.openModeration!();
    await moderation.mute(1n, "live://1", HOUR_MS);
    await moderation.mute(2n ** 63n - 1n, "", 3 * HOUR_MS);
    await moderation.mute(3n, "", HOUR_MS);
    await moderation.unmute(3n, "");
    await before.close();
    for (const [aheadMs, expected] of [[0, [true, true, false]], [HOUR_MS, [false, true, false]]]) {
      const after = await openData(directory, Number(aheadMs));
      const kept = await after.store.openModeration!();
      const senders = ["m1", `m${2n ** 63n - 1n}`, "m3"];
      const muted = await Promise.all(senders.map((sender) => isMuted(kept, sender)));
      assert.deepEqual(muted, expected);
      assert.equal(await isMuted(kept, "m1", "live://2"), false);
      await after.close();
    }
  });
});

test("Blocks outlive the process, until their time is over", async () => {
  await withDirectory(async (directory) => {
    const before = await openData(directory);
    const moderation = await before.store.openModeration!();
    await moderation.block({ mid: 2n ** 63n - 1n }, HOUR_MS);
    await moderation.block({ key: "phone" }, 3 * HOUR_MS);
    await moderation.block({ mid: 3n }, HOUR_MS);
    await moderation.unblock({ mid: 3n });
    await before.close();
    for (const [aheadMs, expected] of [[0, [true, true, false]], [HOUR_MS, [false, true, false]]]) {
      const after = await openData(directory, Number(aheadMs));
      const kept = await after.store.openModeration!();
      const who = [[2n ** 63n - 1n, "k"], [1n, "phone"], [3n, "k"]] as const;
      const ms = await Promise.all(who.map(([mid, key]) => kept.blockedMs(mid, key)));
      assert.deepEqual(ms.map((ms) => ms > 0), expected);
      await after.close();
    }
  });
});

test("SqliteBlocks refuses one too many, until another is over or ended", async () => {
  await withDirectory(async (directory) => {
    const { clock, database, writer } = setUp(directory);
    const blocks = new SqliteBlocks({ clock, database, writer }, 2);
    blocks.set("m1", 1_100);
    blocks.set("m2", 9_000);
    assert.throws(() => blocks.set("m3", 9_000), /^ModerationFull: Cannot block: at most 2 blocks/);
    assert.equal(blocks.endMs("m3"), 0);
    clock.advance(100);
    blocks.set("m3", 9_000);
    assert.equal(blocks.delete("m2"), true);
    blocks.set("m1", 9_000);
    assert.deepEqual(["m1", "m2", "m3"].map((who) => blocks.endMs(who)), [9_000, 0, 9_000]);
    closeDatabase(database);
  });
});

test("SqliteMutes refuses one too many, until another is over or ended", async () => {
  await withDirectory(async (directory) => {
    const { clock, database, mutes } = setUp(directory, 3);
    for (const mid of [1n, 2n, 3n]) mutes.set(mid, "a", 1_000 + Number(mid) * 100);
    assert.throws(() => mutes.set(4n, "a", 9_000), ModerationFull);
    assert.throws(() => mutes.set(1n, "", 9_000), /^ModerationFull: Cannot mute: at most 3 mutes/);
    mutes.set(3n, "a", 1_400);
    clock.advance(100);
    mutes.set(4n, "a", 9_000);
    assert.throws(() => mutes.set(5n, "a", 9_000), ModerationFull);
    assert.equal(mutes.delete(3n, "a"), true);
    mutes.set(5n, "a", 9_000);
    assert.deepEqual([1n, 2n, 3n, 4n, 5n].map((mid) => mutes.endMs(mid, "a")), [
      0,
      1_200,
      0,
      9_000,
      9_000,
    ]);
    closeDatabase(database);
  });
});

test("SqliteMutes refuses where there is no room, keeps what there is, and goes on", async () => {
  await withDirectory(async (directory) => {
    const { database, mutes } = setUp(directory);
    mutes.set(0n, "a", 9_000);
    database.exec("PRAGMA max_page_count = 20");
    let stored = 1;
    const fill = () => {
      for (; stored < 10_000; stored++) mutes.set(BigInt(stored), "a".repeat(200), 9_000);
    };
    assert.throws(fill, /^StoreRefused: Cannot mute: the data directory has no room$/);
    assert.equal(mutes.endMs(0n, "a"), 9_000);
    assert.equal(mutes.endMs(BigInt(stored - 1), "a".repeat(200)), 9_000);
    assert.equal(mutes.endMs(BigInt(stored), "a".repeat(200)), 0);
    database.exec("PRAGMA max_page_count = 1000");
    mutes.set(BigInt(stored), "a".repeat(200), 9_000);
    assert.equal(mutes.endMs(BigInt(stored), "a".repeat(200)), 9_000);
    closeDatabase(database);
  });
});
