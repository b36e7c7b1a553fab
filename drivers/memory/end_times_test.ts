import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { ModerationFull } from "../errors.ts";
import { MemoryEndTimes } from "./end_times.ts";

test("MemoryEndTimes refuses one too many, until another is over or ended", () => {
  const clock = new ManualClock();
  const ends = new MemoryEndTimes(clock, 3, "mute");
  assert.equal(ends.endMs("1"), 0);
  for (const key of [1, 2, 3]) ends.set(`${key}`, key * 100);
  assert.throws(() => ends.set("4", 900), ModerationFull);
  assert.throws(() => ends.set("1:", 900), /^ModerationFull: Cannot mute: at most 3 mutes are /);
  ends.set("3", 400);
  clock.advance(100);
  ends.set("4", 900);
  assert.throws(() => ends.set("5", 900), ModerationFull);
  assert.equal(ends.delete("3"), true);
  ends.set("5", 900);
  assert.deepEqual(["1", "2", "3", "4", "5"].map((key) => ends.endMs(key)), [0, 200, 0, 900, 900]);
});
