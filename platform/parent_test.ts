import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { ManualClock, promisesSettled } from "../base/clock.ts";
import { parentGone } from "./parent.ts";

test("parentGone() settles when another process has become the parent, and not before", async () => {
  const clock = new ManualClock();
  const gone: string[] = [];
  void parentGone(process.ppid, clock).then(() => gone.push("the parent that is there"));
  void parentGone(process.pid, clock).then(() => gone.push("one that is not"));
  await promisesSettled();
  assert.deepEqual(gone, []);
  clock.advance(10_000);
  await promisesSettled();
  assert.deepEqual(gone, ["one that is not"]);
  assert.equal(clock.pending, 1);
});
