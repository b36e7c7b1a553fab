import assert from "node:assert/strict";
import { test } from "node:test";
import { type Rate, used, waitMs } from "./rate.ts";

/** How many of so many tries may be done, all at one time, and when the next one may. */
function tryTimes(rate: Rate, times: number, nowMs: number, usedUntilMs = 0) {
  let admitted = 0;
  for (let time = 0; time < times; time++) {
    if (waitMs(rate, usedUntilMs, nowMs) > 0) continue;
    usedUntilMs = used(rate, usedUntilMs, nowMs);
    admitted++;
  }
  return { admitted, usedUntilMs, waitMs: waitMs(rate, usedUntilMs, nowMs) };
}

test("A rate lets a burst through at once, then one after the other", () => {
  const rate = { perSecond: 5, burst: 3 };
  const first = tryTimes(rate, 10, 1_000);
  assert.deepEqual([first.admitted, first.waitMs], [3, 200]);
  assert.equal(waitMs(rate, first.usedUntilMs, 1_199), 1);
  assert.equal(tryTimes(rate, 10, 1_200, first.usedUntilMs).admitted, 1);
  assert.equal(tryTimes(rate, 10, 60_000, first.usedUntilMs).admitted, 3);
});

test("A rate never says 0 for a part of a millisecond", () => {
  const rate = { perSecond: 3, burst: 1 };
  const { usedUntilMs } = tryTimes(rate, 1, 0);
  assert.deepEqual([0, 333, 334].map((nowMs) => waitMs(rate, usedUntilMs, nowMs)), [334, 1, 0]);
});

test("A rate of 0 is none", () => {
  assert.equal(tryTimes({ perSecond: 0, burst: 1 }, 1_000, 0).admitted, 1_000);
});
