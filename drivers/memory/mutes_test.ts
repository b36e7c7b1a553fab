import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { MutesFull } from "../errors.ts";
import { MemoryMutes } from "./mutes.ts";

test("MemoryMutes refuses one too many, until another is over or ended", () => {
  const clock = new ManualClock();
  const mutes = new MemoryMutes(clock, 3);
  for (const mid of [1n, 2n, 3n]) mutes.set(mid, "a", Number(mid) * 100);
  assert.throws(() => mutes.set(4n, "a", 900), MutesFull);
  assert.throws(() => mutes.set(1n, "", 900), /^MutesFull: Cannot mute: at most 3 mutes are /);
  mutes.set(3n, "a", 400);
  clock.advance(100);
  mutes.set(4n, "a", 900);
  assert.throws(() => mutes.set(5n, "a", 900), MutesFull);
  assert.equal(mutes.delete(3n, "a"), true);
  mutes.set(5n, "a", 900);
  assert.deepEqual([1n, 2n, 3n, 4n, 5n].map((mid) => mutes.endMs(mid, "a")), [0, 200, 0, 900, 900]);
});
