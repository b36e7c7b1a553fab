import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { Pause } from "./pause.ts";
import { settled } from "./testing.ts";

test("Pause.wait() settles when its time is over", async () => {
  const clock = new ManualClock();
  const pause = new Pause(clock);
  let over = 0;
  pause.wait(10).then(() => over++);
  clock.advance(9);
  await settled();
  assert.equal(over, 0);
  clock.advance(1);
  await settled();
  assert.equal(over, 1);
  assert.equal(pause.ended, false);
});

test("Pause.end() ends the wait and leaves no timer", async () => {
  const clock = new ManualClock();
  const pause = new Pause(clock);
  const wait = pause.wait(10);
  pause.end();
  await wait;
  await pause.wait(10);
  assert.equal(pause.ended, true);
  assert.equal(clock.pending, 0);
});
