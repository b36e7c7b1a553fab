import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Place } from "./comment.ts";
import { Lanes, type LaneSizes } from "./lanes.ts";

const sizes: LaneSizes = { width: 800, count: 10, rollMs: 8_000, standMs: 5_000, isStill: false };

describe("Lanes", () => {
  test("put() begins at the first lane of each place", () => {
    const lanes = new Lanes(sizes);
    assert.equal(lanes.put("roll", 100, 0), 2);
    assert.equal(lanes.put("top", 100, 0), 0);
    assert.equal(lanes.put("bottom", 100, 0), 9);
    assert.equal(lanes.put("roll", 100, 0), 3);
    assert.equal(lanes.put("top", 100, 0), 1);
    assert.equal(lanes.put("bottom", 100, 0), 8);
  });

  test("put() gives no lane where every one is taken, and one again when the first is free", () => {
    const lanes = new Lanes(sizes);
    assert.equal(lanes.put("top", 100, 0), 0);
    assert.equal(lanes.put("top", 100, 1_000), 1);
    assert.equal(lanes.put("top", 100, 4_999), undefined);
    assert.equal(lanes.hasRoom("top", 4_999), false);
    assert.equal(lanes.put("top", 100, 5_000), 0);
  });

  test("put() does not let a long comment catch up with a short one", () => {
    const lanes = new Lanes({ ...sizes, count: 3 });
    assert.equal(lanes.put("roll", 50, 0), 1);
    assert.equal(lanes.put("roll", 600, 1_500), undefined);
    assert.equal(lanes.put("roll", 40, 1_500), 1);
  });

  test("put() lets comments stand in the lanes in which they would fly", () => {
    const lanes = new Lanes({ ...sizes, count: 3, isStill: true });
    assert.equal(lanes.stands("roll"), true);
    assert.equal(lanes.put("roll", 100, 0), 1);
    assert.equal(lanes.put("roll", 100, 4_999), undefined);
    assert.equal(lanes.put("roll", 100, 5_000), 1);
  });

  test("a scene of few lanes has one for each place", () => {
    for (const count of [3, 4]) {
      const lanes = new Lanes({ ...sizes, count });
      const taken = (["top", "roll", "bottom"] as const).map((place) => lanes.put(place, 9, 0));
      assert.deepEqual(taken, [0, 1, count - 1]);
    }
  });

  test("no two comments ever touch", () => {
    const places: readonly Place[] = ["roll", "roll", "roll", "top", "bottom"];
    const arrivals = fc.array(
      fc.record({
        place: fc.constantFrom(...places),
        width: fc.integer({ min: 1, max: 780 }),
        afterMs: fc.integer({ min: 0, max: 2_000 }),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(arrivals, fc.boolean(), (comments, isStill) => {
        const lanes = new Lanes({ ...sizes, count: 5, isStill });
        let nowMs = 0;
        const shown: { lane: number; startMs: number; width: number; stands: boolean }[] = [];
        for (const { place, width, afterMs } of comments) {
          nowMs += afterMs;
          const lane = lanes.put(place, width, nowMs);
          if (lane === undefined) continue;
          shown.push({ lane, startMs: nowMs, width, stands: lanes.stands(place) });
        }
        /** The left edge, undefined while it is not there. */
        const left = (comment: typeof shown[number], atMs: number) => {
          const age = atMs - comment.startMs;
          const staysMs = comment.stands ? sizes.standMs : sizes.rollMs;
          if (age < 0 || age >= staysMs) return undefined;
          if (comment.stands) return 0;
          return sizes.width - (sizes.width + comment.width) * age / sizes.rollMs;
        };
        for (const [index, one] of shown.entries()) {
          for (const other of shown.slice(index + 1)) {
            if (one.lane !== other.lane || other.startMs > one.startMs + sizes.rollMs) continue;
            for (let atMs = other.startMs; atMs <= one.startMs + sizes.rollMs; atMs += 50) {
              const [first, second] = [left(one, atMs), left(other, atMs)];
              if (first === undefined || second === undefined) continue;
              assert.ok(first + one.width <= second, `touch at ${atMs} ms`);
            }
          }
        }
      }),
      { seed: 13, numRuns: 200 },
    );
  });
});
