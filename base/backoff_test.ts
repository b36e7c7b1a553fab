import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMs } from "./backoff.ts";
import { type Prng, seededPrng } from "./prng.ts";

const options = { baseMs: 100, maxMs: 1_000, factor: 2, jitter: 0.25 };
const middle: Prng = { nextUint32: () => 0x8000_0000 };

test("backoffMs() grows by the factor up to the longest wait", () => {
  const waits = [0, 1, 2, 3, 4, 50].map((attempt) => backoffMs(attempt, options, middle));
  assert.deepEqual(waits, [100, 200, 400, 800, 1_000, 1_000]);
});

test("backoffMs() spreads waits over the share that is random, on both sides", () => {
  const prng = seededPrng(7);
  const waits = Array.from({ length: 1_000 }, () => backoffMs(0, options, prng));
  assert.ok(waits.every((wait) => wait >= 75 && wait <= 125));
  assert.ok(Math.min(...waits) < 80 && Math.max(...waits) > 120);
});
