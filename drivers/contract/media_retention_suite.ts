import assert from "node:assert/strict";
import { randomBelow, seededPrng } from "../../base/prng.ts";
import type { Retention } from "../ports.ts";
import {
  append,
  appendAll,
  appendAtOnce,
  bodies,
  keepAll,
  offsets,
  pushOf,
  range,
  readPage,
  readThrough,
} from "./history_model.ts";
import type { PushLogSubject, RegisterTest } from "./push_log_model.ts";
import { until } from "./waiting.ts";

/** Every media time. */
const always = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };

/** Tests of rooms that keep what has a media time for its time alone. */
export function mediaRetentionTests(subject: PushLogSubject, test: RegisterTest): void {
  const at = (mediaMs: number | undefined, index = 0) => pushOf(`${mediaMs}-${index}`, { mediaMs });
  const keep = (sizeMax: number, ttlMs = keepAll.ttlMs): Retention => ({
    sizeMax,
    ttlMs,
    by: "media",
  });

  test("keeps what has a media time beyond the size, and the rest as always", async (log) => {
    const retention = keep(3);
    await appendAll(log, [5, undefined, 1, undefined, 3, 4, undefined].map(at), retention);
    const all = await readPage(log, always, retention);
    assert.deepEqual([all.first, all.head, all.more], [5, 7, false]);
    assert.deepEqual(offsets(all), [3, 5, 6, 1]);
    assert.deepEqual(bodies(all), ["1-2", "3-4", "4-5", "5-0"]);
    assert.deepEqual(offsets(await readPage(log, { fromMs: 2, toMs: 5 }, retention)), [5, 6]);
    assert.deepEqual(offsets(await readPage(log, { fromMs: 3 }, retention)), [5, 6, 1]);
    assert.deepEqual(offsets(await readPage(log, { after: 0 }, retention)), [5, 6, 7]);
    const latest = await readPage(log, { last: 99 }, retention);
    assert.deepEqual([latest.first, latest.more, ...offsets(latest)], [5, false, 5, 6, 7]);
    await appendAll(log, Array(5).fill(undefined).map(at), retention);
    assert.deepEqual(offsets(await readPage(log, { after: 0 }, retention)), [10, 11, 12]);
    assert.deepEqual(offsets(await readPage(log, always, retention)), [3, 5, 6, 1]);
  });

  test("forgets all of it after its time", async (log) => {
    const retention = keep(2, 250);
    await appendAll(log, [3, 1, undefined, 2].map(at), retention);
    await until("all is too old", async () => {
      await subject.passTime(100);
      return (await readPage(log, always, retention)).messages.length === 0;
    });
    const page = await readPage(log, always, retention);
    assert.deepEqual([page.first, page.head, page.more], [5, 4, false]);
    await append(log, at(9), { retention });
    assert.deepEqual(offsets(await readPage(log, always, retention)), [5]);
  });

  if (subject.ownsTime) {
    test("forgets each one at its time", async (log) => {
      const retention = keep(2, 60_000);
      for (const mediaMs of [50, 40, undefined, 30, 20, 10]) {
        await append(log, at(mediaMs), { retention });
        await subject.passTime(10_000);
      }
      const kept = async () => offsets(await readPage(log, always, retention));
      const expected = [[6, 5, 4, 2], [6, 5, 4], [6, 5, 4], [6, 5], [6], []];
      for (const messages of expected) {
        assert.deepEqual(await kept(), messages);
        await subject.passTime(10_000);
      }
    });
  }

  test("gives no more than the retention of the read keeps", async (log) => {
    await appendAll(log, [5, 1, 3, undefined, 4].map(at), keep(2));
    assert.deepEqual(offsets(await readPage(log, always, keep(1))), [2, 3, 5, 1]);
    assert.deepEqual(offsets(await readPage(log, always, { ...keep(2), by: "offset" })), [5]);
    await append(log, at(2), { retention: { ...keepAll, sizeMax: 3 } });
    assert.deepEqual(offsets(await readPage(log, always, { ...keepAll, sizeMax: 3 })), [6, 5]);
  });

  test("gives no holes by offset when more is to be kept", async (log) => {
    const given = [5, undefined, 1, undefined, undefined, 3, undefined, 4].map(at);
    await appendAll(log, given, keep(2));
    for (const retention of [keep(6), { ...keepAll, sizeMax: 7 }, keep(100)]) {
      await append(log, at(undefined), { retention });
      const page = await readPage(log, {}, retention);
      assert.deepEqual(offsets(page), range(page.first, page.head));
      assert.ok(page.head - page.first >= 2, `${page.first} to ${page.head}`);
      const latest = await readPage(log, { last: 100 }, retention);
      assert.deepEqual(offsets(latest), offsets(page));
    }
  });

  test("forgets what is of an earlier epoch", async (log) => {
    await appendAll(log, [5, 1, 3, 2, 4].map(at), keep(1));
    assert.deepEqual(offsets(await readPage(log, always, keep(1))), [1, 2]);
  }, { offsetMax: 3 });

  const count = subject.manyMessages;
  test(`agrees with a list of ${count} messages whose media times are random`, async (log) => {
    const prng = seededPrng(count);
    const retention = keep(1_000);
    const given = Array.from({ length: count }, () => {
      // Some have none, and many have the same.
      const mediaMs = randomBelow(prng, 10) === 0 ? undefined : 100 * randomBelow(prng, 36_000);
      return pushOf("x", { mediaMs });
    });
    const appended = await appendAtOnce(log, given, retention);
    const list = given
      .map(({ mediaMs }, index) => ({ mediaMs, offset: appended[index].stream!.offset }))
      .filter((one): one is { mediaMs: number; offset: number } => one.mediaMs !== undefined)
      .sort((a, b) => a.mediaMs - b.mediaMs || a.offset - b.offset);
    for (const widthMs of [100, 1_000, 60_000, 600_000, 3_600_000]) {
      const fromMs = 100 * randomBelow(prng, 36_000 - widthMs / 100 + 1);
      const toMs = fromMs + widthMs;
      const expected = list.filter(({ mediaMs }) => mediaMs >= fromMs && mediaMs < toMs);
      const limit = [7, 100, 1_000][randomBelow(prng, 3)] * Math.ceil(expected.length / 5_000 + 1);
      const read = await readThrough(log, { fromMs, toMs, limit }, retention);
      assert.deepEqual(read.offsets, expected.map(({ offset }) => offset));
      for (const { first, head } of read.pages) assert.equal(first, head - 999);
    }
  }, { partitionBytesMax: 1 << 30 });
}
