import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  copyFile,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { systemClock } from "../../platform/system_clock.ts";
import { openData, withDirectory } from "../../tests/support/data_directory.ts";
import {
  append,
  appendAtOnce,
  bodies,
  keepAll,
  pushOf,
  range,
  readPage,
} from "../contract/history_model.ts";
import { anything } from "../contract/moderation_model.ts";

/** Longer than a restart of a machine takes to be noticed. */
const LATER_MS = 600_000;

/** Digests of a directory's files, but for empty ones, which a reader may make. */
async function contents(directory: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const name of (await readdir(directory)).sort()) {
    const bytes = await readFile(join(directory, name));
    if (bytes.length === 0 || name.endsWith("-shm")) continue;
    found.set(name, createHash("sha256").update(bytes).digest("hex"));
  }
  return found;
}

/** Fails unless a directory is refused for a reason, and stays as it is. */
async function assertRefused(directory: string, reason: RegExp): Promise<void> {
  const before = await contents(directory);
  for (const _ of "12") {
    await assert.rejects(openData(directory), (error: Error) => {
      assert.ok(error.message.startsWith(`Cannot open data directory "${directory}": `));
      assert.match(error.message, reason);
      assert.ok(!error.message.includes("\n"));
      return true;
    });
  }
  assert.deepEqual(await contents(directory), before);
}

/** What a process that was killed leaves, in another directory: one that has it open goes on. */
async function copyOpen(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const name of await readdir(from)) await copyFile(join(from, name), join(to, name));
}

test("openDatabase() makes the directory, but not the one that it is in", async () => {
  await withDirectory(async (parent) => {
    const directory = join(parent, "data");
    const first = await openData(directory);
    assert.equal((await stat(directory)).mode & 0o777, 0o700, "others read no messages");
    const { stream } = await append(first.log, "a");
    await first.close();
    const second = await openData(directory);
    assert.deepEqual(bodies(await readPage(second.log)), ["a"]);
    assert.deepEqual((await append(second.log, "b")).stream, { ...stream, offset: 2 });
    await second.close();
    await assert.rejects(
      openData(join(parent, "none", "data")),
      /": the directory that it is to be made in must exist$/,
    );
    assert.deepEqual(await readdir(parent), ["data"]);
  });
});

test("openDatabase() refuses what is no directory", async () => {
  await withDirectory(async (parent) => {
    const file = join(parent, "file");
    await writeFile(file, "x");
    await assert.rejects(openData(file), /": it is a file$/);
    await assert.rejects(openData(join(file, "data")), /": a part of its path is a file$/);
    assert.equal(await readFile(file, "utf8"), "x");
    await mkdir(join(parent, "odd", "history.db"), { recursive: true });
    await assert.rejects(openData(join(parent, "odd")), /history.db cannot be read and written$/);
  });
});

test("openDatabase() refuses a newer version, and what is not Halley's", async () => {
  await withDirectory(async (directory) => {
    await (await openData(directory)).close();
    const database = new DatabaseSync(join(directory, "history.db"));
    database.exec("PRAGMA user_version = 4");
    database.close();
    await assertRefused(directory, /newer Halley: its version must be at most 3, .* value is 4$/);
  });
  await withDirectory(async (directory) => {
    const database = new DatabaseSync(join(directory, "history.db"));
    database.exec("CREATE TABLE theirs (a)");
    database.close();
    await assertRefused(directory, /history.db is not Halley's$/);
  });
  await withDirectory(async (directory) => {
    await writeFile(join(directory, "history.db"), "no database at all ".repeat(1_000));
    await assertRefused(directory, /history.db is damaged: /);
  });
});

test("openDatabase() refuses a file that was cut, after a close and after a kill", async () => {
  await withDirectory(async (parent) => {
    const directory = join(parent, "data");
    const data = await openData(directory);
    const body = new Uint8Array(2_000);
    await appendAtOnce(data.log, range(1, 3_000).map(() => pushOf("", { body })));
    const path = join(directory, "history.db");
    const killed = join(parent, "killed");
    await copyOpen(directory, killed);
    await data.close();
    const { size } = await stat(path);
    for (const bytes of [size - 4_096, size >> 1, 4_096, 100]) {
      const cut = join(parent, `closed-${bytes}`);
      await copyOpen(directory, cut);
      await truncate(join(cut, "history.db"), bytes);
      await assertRefused(cut, /history.db is damaged: /);
    }
    const writtenBytes = (await stat(join(killed, "history.db"))).size;
    for (const bytes of [writtenBytes >> 1, 4_096, 0]) {
      const cut = join(parent, `killed-${bytes}`);
      await copyOpen(killed, cut);
      await truncate(join(cut, "history.db"), bytes);
      await assertRefused(cut, /history.db is damaged: /);
    }
    const whole = await openData(killed);
    assert.equal((await readPage(whole.log)).head, 3_000);
    await whole.close();
  });
});

test("openDatabase() takes a database of version 1 as it is, and goes on in it", async () => {
  await withDirectory(async (directory) => {
    const made = await readFile(new URL("../../tests/golden/history_v1.db.gz", import.meta.url));
    await writeFile(join(directory, "history.db"), gunzipSync(made));
    // When it was made: rooms of 12 and 3 messages, of which 8 and 3 are kept.
    const aheadMs = 1_764_000_015_000 - systemClock.wallMs();
    const few = { ...keepAll, sizeMax: 8 };
    const epoch = "1ykzg5d1enxggh";
    let data = await openData(directory, aheadMs);
    const page = await readPage(data.log, {}, few);
    assert.deepEqual([page.epoch, page.first, page.head], [epoch, 5, 12]);
    assert.deepEqual(bodies(page), range(5, 12).map((index) => `a${index}`));
    assert.deepEqual(page.messages.map(({ mid, mediaMs }) => [mid, mediaMs ?? 0]), [
      [7n, 15_000],
      [7n, 0],
      [7n, 13_000],
      [7n, 12_000],
      [7n, 0],
      [7n, 10_000],
      [7n, 9_000],
      [7n, 0],
    ]);
    const room = "live://2";
    const again = await append(data.log, pushOf("b2", { room }), {
      retention: keepAll,
      publishId: "id-2",
    });
    assert.deepEqual(again, { position: 2, stream: { epoch: "00v0ue40023gg8", offset: 2 } });
    assert.deepEqual(bodies(await readPage(data.log, { room })), ["b1", "b2", "b3"]);
    await (await data.store.openModeration!()).mute(1n, "", 60_000);
    await data.close();

    data = await openData(directory, aheadMs);
    const byMedia = { ...keepAll, sizeMax: 2, by: "media" } as const;
    for (const offset of range(13, 18)) {
      const { stream } = await append(data.log, pushOf("new"), { retention: byMedia });
      assert.deepEqual(stream, { epoch, offset });
    }
    const kept = await readPage(data.log, { fromMs: 0, toMs: 60_000 }, byMedia);
    assert.deepEqual(bodies(kept), ["a11", "a10", "a8", "a7", "a5"]);
    assert.deepEqual(bodies(await readPage(data.log, {}, byMedia)), ["new", "new"]);
    const muted = { sender: "m1", room, digest: "a" };
    const { admitted } = await (await data.store.openModeration!()).admit(muted, anything);
    assert.equal(admitted, false);
    await data.close();
  });
});

test("openDatabase() takes a database of version 2 as it is, and keeps blocks in it", async () => {
  await withDirectory(async (directory) => {
    const made = await readFile(new URL("../../tests/golden/history_v2.db.gz", import.meta.url));
    await writeFile(join(directory, "history.db"), gunzipSync(made));
    // When it was made: five messages, of which four are kept, and two who are muted.
    const aheadMs = 1_764_000_015_000 - systemClock.wallMs();
    let data = await openData(directory, aheadMs);
    const page = await readPage(data.log);
    assert.deepEqual([page.epoch, page.first, page.head], ["0qtyw3k1gk343j", 2, 5]);
    assert.deepEqual(bodies(page), ["a2", "a3", "a4", "a5"]);
    const again = await append(data.log, pushOf("a4"), { retention: keepAll, publishId: "id-4" });
    assert.equal(again.stream?.offset, 4);
    let moderation = await data.store.openModeration!();
    const places = [["m1", "live://9"], ["m2", "live://1"], ["m2", "live://9"]];
    const admissions = places.map(([sender, room]) =>
      moderation.admit({ sender, room, digest: "a" }, anything)
    );
    const admitted = (await Promise.all(admissions)).map(({ admitted }) => admitted);
    assert.deepEqual(admitted, [false, false, true]);
    assert.equal(await moderation.blockedMs(1n, "k"), 0);
    await moderation.block({ mid: 1n }, 60_000);
    await data.close();

    data = await openData(directory, aheadMs);
    moderation = await data.store.openModeration!();
    assert.ok(await moderation.blockedMs(1n, "k") > 0);
    await data.close();
  });
});

test("openDatabase() takes what an interrupted first start left", async () => {
  await withDirectory(async (directory) => {
    await writeFile(join(directory, "history.db"), "");
    const data = await openData(directory);
    await append(data.log, "a");
    await data.close();
  });
});

test("openDatabase() refuses a directory that another has open, which goes on", async () => {
  await withDirectory(async (directory) => {
    const first = await openData(directory);
    await append(first.log, "a");
    await assertRefused(directory, /: another process uses it$/);
    await append(first.log, "b");
    assert.deepEqual(bodies(await readPage(first.log)), ["a", "b"]);
    await first.close();
    const second = await openData(directory);
    assert.equal((await readPage(second.log)).head, 2);
    await second.close();
  });
});

test("A kill keeps the epochs of rooms; a machine that went down changes them", async () => {
  await withDirectory(async (parent) => {
    const directory = join(parent, "data");
    const data = await openData(directory);
    const { epoch } = (await append(data.log, "a")).stream!;
    await copyOpen(directory, join(parent, "killed"));
    await copyOpen(directory, join(parent, "cut-off"));
    await data.close();

    const killed = await openData(join(parent, "killed"));
    assert.equal((await readPage(killed.log)).epoch, epoch);
    await killed.close();

    const cutOff = await openData(join(parent, "cut-off"), LATER_MS);
    const page = await readPage(cutOff.log);
    assert.notEqual(page.epoch, epoch);
    assert.deepEqual([page.head, ...bodies(page)], [1, "a"]);
    assert.deepEqual((await append(cutOff.log, "b")).stream, { epoch: page.epoch, offset: 2 });
    await cutOff.close();

    const closed = await openData(directory, LATER_MS);
    assert.equal((await readPage(closed.log)).epoch, epoch, "what was closed lost nothing");
    await closed.close();
  });
});

test("A log of writes that is gone after a kill changes the epochs of rooms", async () => {
  await withDirectory(async (parent) => {
    const directory = join(parent, "data");
    const before = await openData(directory);
    const { epoch } = (await append(before.log, "a")).stream!;
    await before.close();
    const data = await openData(directory);
    await copyOpen(directory, join(parent, "idle"));
    await append(data.log, "b");
    for (const name of ["gone", "empty"]) await copyOpen(directory, join(parent, name));
    await data.close();
    await rm(join(parent, "gone", "history.db-wal"));
    await truncate(join(parent, "empty", "history.db-wal"), 0);
    for (const name of ["gone", "empty"]) {
      const damaged = await openData(join(parent, name));
      const page = await readPage(damaged.log);
      assert.deepEqual(bodies(page), ["a"]);
      assert.notEqual(page.epoch, epoch, name);
      await damaged.close();
    }
    const idle = await openData(join(parent, "idle"));
    assert.equal((await readPage(idle.log)).epoch, epoch, "nothing had been written");
    await idle.close();
  });
});

test("Publish ids outlive the process", async () => {
  await withDirectory(async (directory) => {
    const options = { retention: keepAll, publishId: "id" };
    const before = await openData(directory);
    await append(before.log, "first");
    const first = await append(before.log, "a", options);
    const plain = await append(before.log, "b", { publishId: "plain" });
    await before.close();
    const after = await openData(directory);
    assert.deepEqual(await append(after.log, "a", options), first);
    assert.deepEqual(await append(after.log, "b", { publishId: "plain" }), plain);
    assert.deepEqual(bodies(await readPage(after.log)), ["first", "a"]);
    assert.deepEqual((await after.log.lag()).map(({ entries }) => entries), [0, 0]);
    await after.close();
  });
});
