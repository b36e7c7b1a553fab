import assert from "node:assert/strict";
import {
  append,
  appendAll,
  appendAtOnce,
  bodies,
  keepAll,
  manyPushes,
  mediaMsOf,
  offsets,
  pushOf,
  readPage,
  readThrough,
} from "./history_model.ts";
import type { PushLogSubject, RegisterTest } from "./push_log_model.ts";

/** Tests of reading by media time. */
export function mediaTests({ manyMessages }: PushLogSubject, test: RegisterTest): void {
  const at = (mediaMs: number | undefined, index = 0) => pushOf(`${mediaMs}-${index}`, { mediaMs });

  test("gives a range without its end, by media time and then offset", async (log) => {
    const times = [3_000, 1_000, undefined, 2_000, 1_000, 0, 2_999, 1_000];
    await appendAll(log, times.map(at));
    const range = async (fromMs?: number, toMs?: number) =>
      offsets(await readPage(log, { fromMs, toMs }));
    assert.deepEqual(await range(1_000, 3_000), [2, 5, 8, 4, 7]);
    assert.deepEqual(await range(0, 1), [6]);
    assert.deepEqual(await range(1, 1_000), []);
    assert.deepEqual(await range(2_000, 2_000), []);
    assert.deepEqual(await range(3_000, 1_000), []);
    assert.deepEqual(await range(2_000), [4, 7, 1]);
    assert.deepEqual(await range(undefined, 2_000), [6, 2, 5, 8]);
    const { first, head } = await readPage(log, { fromMs: 0, toMs: 1 });
    assert.deepEqual([first, head], [1, 8]);
  });

  test("goes on within one media time by the offset", async (log) => {
    await appendAll(log, [5, 5, 4, 5, 6, 5].map(at));
    const page = async (fromMs: number, after?: number) => {
      const found = await readPage(log, { fromMs, toMs: 9, after, limit: 2 });
      return [offsets(found), found.more];
    };
    assert.deepEqual(await page(0), [[3, 1], true]);
    assert.deepEqual(await page(5, 1), [[2, 4], true]);
    assert.deepEqual(await page(5, 4), [[6, 5], false]);
    assert.deepEqual(await page(6, 5), [[], false]);
    const all = await readThrough(log, { fromMs: 0, toMs: 9, limit: 1 });
    assert.deepEqual(all.offsets, [3, 1, 2, 4, 6, 5]);
    const few = await readPage(log, { fromMs: 0, toMs: 9, bytesMax: 6 });
    assert.deepEqual([bodies(few), few.more], [["4-2", "5-0"], true]);
  });

  test("takes media times of the whole range of safe integers", async (log) => {
    const { MAX_SAFE_INTEGER: most } = Number;
    await appendAll(log, [most, most - 1, 0, 2 ** 32].map(at));
    const { messages } = await readPage(log, { fromMs: 0, toMs: most });
    assert.deepEqual(messages.map(({ mediaMs }) => mediaMs), [0, 2 ** 32, most - 1]);
    assert.deepEqual(offsets(await readPage(log, { fromMs: most - 1 })), [2, 1]);
  });

  test("gives no message that is not kept", async (log) => {
    const retention = { ...keepAll, sizeMax: 3 };
    await appendAll(log, [1, 9, 3, 7, 5].map(at), retention);
    assert.deepEqual(offsets(await readPage(log, { fromMs: 0, toMs: 10 }, retention)), [3, 5, 4]);
    const less = { ...keepAll, sizeMax: 1 };
    assert.deepEqual(offsets(await readPage(log, { fromMs: 0, toMs: 10 }, less)), [5]);
    await append(log, at(0), { retention });
    assert.deepEqual(offsets(await readPage(log, { fromMs: 0, toMs: 10 }, retention)), [6, 5, 4]);
  });

  const count = manyMessages / 10;
  test(`finds its way through ${count} messages, whatever their order`, async (log) => {
    const given = await appendAtOnce(log, manyPushes(count));
    const byMediaMs = given
      .map(({ stream }, index) => ({
        offset: stream!.offset,
        mediaMs: mediaMsOf(index, count),
      }))
      .sort((a, b) => a.mediaMs - b.mediaMs);
    const expected = (fromMs: number, toMs: number) =>
      byMediaMs
        .filter(({ mediaMs }) => mediaMs >= fromMs && mediaMs < toMs)
        .map(({ offset }) => offset);
    for (const [fromMs, toMs] of [[0, 5_000], [12_345, 23_456], [0, 10 * count]]) {
      const { offsets } = await readThrough(log, { fromMs, toMs });
      assert.deepEqual(offsets, expected(fromMs, toMs));
    }
  }, { partitionBytesMax: 1 << 30 });
}
