import assert from "node:assert/strict";
import { test } from "node:test";
import { awayFinding, slowFinding, type SlowSeen, turnedAwayFinding } from "./findings.ts";

const fine: SlowSeen = { beforeMs: 50, meanwhileMs: 149, slow: 3, refused: 0 };

test("slowFinding() holds while the others' latency stays about as it was", () => {
  assert.deepEqual(slowFinding(fine), {
    check: "slow readers hold up nobody",
    ok: true,
    text: "p99 was 50.0 ms before and 149.0 ms meanwhile, with 3 that did not read",
  });
  assert.ok(slowFinding({ ...fine, beforeMs: 1, meanwhileMs: 99 }).ok);
});

test("slowFinding() fails when it moves, or when there was nothing to see", () => {
  const bad: Partial<SlowSeen>[] = [
    { meanwhileMs: 151 },
    { beforeMs: undefined },
    { meanwhileMs: undefined },
    { slow: 0 },
    { refused: 1 },
  ];
  for (const change of bad) assert.equal(slowFinding({ ...fine, ...change }).ok, false);
});

test("awayFinding() and turnedAwayFinding() fail when somebody had to wait", () => {
  assert.deepEqual([awayFinding(100, 100).ok, awayFinding(101, 100).ok], [true, false]);
  assert.deepEqual([turnedAwayFinding(0).ok, turnedAwayFinding(1).ok], [true, false]);
});
