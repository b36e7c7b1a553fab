import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, promisesSettled } from "../base/clock.ts";
import { Waits } from "./waits.ts";

test("Waits.wait() lasts as long as it is to", async () => {
  const clock = new ManualClock();
  const waits = new Waits(clock);
  let isOver = false;
  void waits.wait(100).then(() => isOver = true);
  clock.advance(99);
  await promisesSettled();
  assert.equal(isOver, false);
  clock.advance(1);
  await promisesSettled();
  assert.deepEqual([isOver, clock.pending], [true, 0]);
});

test("Waits.break() ends what waits and what comes later, for the first reason", async () => {
  const clock = new ManualClock();
  const waits = new Waits(clock);
  const waiting = assert.rejects(waits.wait(100), /^Error: first$/);
  waits.break(new Error("first"));
  waits.break(new Error("second"));
  await waiting;
  await assert.rejects(waits.wait(1), /^Error: first$/);
  assert.equal(clock.pending, 0);
});
