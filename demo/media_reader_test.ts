import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { HistoryMessage, HistoryOptions, HistoryPage } from "../client/types.ts";
import { AHEAD_MS, BEHIND_MS, MediaReader } from "./media_reader.ts";

const LENGTH_MS = 180_000;

/** A room whose messages are at these places, in the order in which they were said. */
function room(places: readonly number[]) {
  const log: HistoryMessage[] = places.map((mediaMs, index) => (
    { offset: index + 1, op: 1000, timeMs: 0, mediaMs, body: "" }
  ));
  const reads: HistoryOptions[] = [];
  const read = (options: HistoryOptions): Promise<HistoryPage> => {
    reads.push(options);
    const { fromMs = 0, toMs = 0, after = 0, limit = 100 } = options;
    const found = log
      .filter(({ mediaMs }) => mediaMs! >= fromMs && mediaMs! < toMs)
      .filter(({ mediaMs, offset }) => mediaMs! > fromMs || offset > after)
      .toSorted((a, b) => a.mediaMs! - b.mediaMs! || a.offset - b.offset);
    const more = found.length > limit;
    const page = { epoch: "e", first: 1, last: log.length, messages: found.slice(0, limit), more };
    return Promise.resolve(page);
  };
  return { log, reads, read };
}

/** Lets every read that is under way end. */
async function settle(reader: MediaReader, positionMs: number, nowMs = 0) {
  const given: HistoryMessage[] = [];
  for (let turn = 0; turn < 100; turn++) {
    given.push(...reader.advance(positionMs, nowMs));
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
  }
  return given;
}

describe("MediaReader", () => {
  test("gives what is at the place that was sought, and a little before it", async () => {
    const { read } = room([60_000, 10_000, 39_999, 40_000, 60_001, 50_000]);
    const reader = new MediaReader(read, LENGTH_MS);
    reader.seek(60_000);
    const given = await settle(reader, 60_000);
    assert.deepEqual(given.map(({ mediaMs }) => mediaMs), [60_000 - BEHIND_MS, 50_000, 60_000]);
    assert.equal(reader.isComplete(60_000), true);
    const later = await settle(reader, 60_001);
    assert.deepEqual(later.map(({ mediaMs }) => mediaMs), [60_001]);
  });

  test("reads ahead in few steps while the scene plays, and to the end", async () => {
    const { read, reads, log } = room(Array.from({ length: 180 }, (_, second) => second * 1_000));
    const reader = new MediaReader(read, LENGTH_MS);
    reader.seek(0);
    const given: HistoryMessage[] = [];
    for (let positionMs = 0; positionMs < LENGTH_MS; positionMs += 500) {
      given.push(...reader.advance(positionMs, positionMs));
      for (let turn = 0; turn < 4; turn++) await Promise.resolve();
    }
    assert.deepEqual(given.map(({ offset }) => offset), log.map(({ offset }) => offset));
    assert.ok(reads.length <= LENGTH_MS / (AHEAD_MS / 3) + 2, `${reads.length} reads`);
    assert.equal(reads.at(-1)!.toMs, LENGTH_MS);
  });

  test("keeps few pages of a place with very many", async () => {
    const { read, reads } = room(Array.from({ length: 10_000 }, () => 5_000));
    const reader = new MediaReader(read, LENGTH_MS);
    reader.seek(0);
    assert.deepEqual(await settle(reader, 0), []);
    assert.equal(reads.length, 4);
    assert.equal(reader.isComplete(5_000), false);
    const given = await settle(reader, 5_000);
    assert.deepEqual(given.map(({ offset }) => offset), Array.from(given, (_, at) => at + 1));
    assert.equal(given.length, 10_000);
    assert.equal(reader.isComplete(5_000), true);
  });

  test("a page that was asked for before a seek is not given", async () => {
    const { read } = room([1_000, 100_000]);
    const reader = new MediaReader(read, LENGTH_MS);
    reader.seek(0);
    reader.advance(0, 0);
    reader.seek(100_000);
    const given = await settle(reader, 100_000, 100);
    assert.deepEqual(given.map(({ mediaMs }) => mediaMs), [100_000]);
  });

  test("who drags the time line does not have every place read", () => {
    const { read, reads } = room([]);
    const reader = new MediaReader(read, LENGTH_MS);
    for (let nowMs = 0; nowMs < 1_000; nowMs += 10) {
      reader.seek(nowMs * 100);
      reader.advance(nowMs * 100, nowMs);
    }
    assert.equal(reads.length, 10);
  });

  test("a read that failed is made again after a while", async () => {
    const { read } = room([1_000]);
    let isAway = true;
    let calls = 0;
    const reader = new MediaReader((options) => {
      calls++;
      return isAway ? Promise.reject(new Error("away")) : read(options);
    }, LENGTH_MS);
    reader.seek(0);
    await settle(reader, 1_000, 0);
    assert.equal(calls, 1);
    assert.equal(reader.isComplete(1_000), false);
    isAway = false;
    await settle(reader, 1_000, 1_999);
    assert.equal(calls, 1);
    assert.equal((await settle(reader, 1_000, 2_000)).length, 1);
  });

  test("each message of the way is given once, wherever it is and however it is sought", async () => {
    const step = fc.oneof(
      fc.record({ seekMs: fc.integer({ min: 0, max: LENGTH_MS - 1 }) }),
      fc.record({ playMs: fc.integer({ min: 1, max: 20_000 }) }),
    );
    const places = fc.array(fc.integer({ min: 0, max: LENGTH_MS - 1 }), { maxLength: 600 });
    await fc.assert(
      fc.asyncProperty(places, fc.array(step, { maxLength: 12 }), async (all, steps) => {
        const { read } = room(all);
        const reader = new MediaReader(read, LENGTH_MS);
        let startMs = 0, positionMs = 0;
        reader.seek(0);
        let given = await settle(reader, 0);
        let nowMs = 0;
        for (const next of steps) {
          nowMs += 1_000;
          if ("seekMs" in next) {
            startMs = positionMs = next.seekMs;
            reader.seek(positionMs);
            given = [];
          } else {
            positionMs = Math.min(LENGTH_MS - 1, positionMs + next.playMs);
          }
          given.push(...await settle(reader, positionMs, nowMs));
          const expected = all
            .filter((place) => place >= startMs - BEHIND_MS && place <= positionMs)
            .sort((a, b) => a - b);
          assert.deepEqual(given.map(({ mediaMs }) => mediaMs), expected);
          assert.equal(new Set(given.map(({ offset }) => offset)).size, given.length);
        }
      }),
      { seed: 39, numRuns: 30 },
    );
  });
});
