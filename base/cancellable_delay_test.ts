import assert from "node:assert/strict";
import { test } from "node:test";
import { CancellableDelay } from "./cancellable_delay.ts";
import { ManualClock, promisesSettled } from "./clock.ts";

test("CancellableDelay.wait() settles when its time is over", async () => {
  const clock = new ManualClock();
  const delay = new CancellableDelay(clock);
  let over = 0;
  delay.wait(10).then(() => over++);
  delay.wait(20).then(() => over++);
  clock.advance(9);
  await promisesSettled();
  assert.equal(over, 0);
  clock.advance(1);
  await promisesSettled();
  assert.equal(over, 1);
  clock.advance(10);
  await promisesSettled();
  assert.equal(over, 2);
  assert.equal(delay.cancelled, false);
});

test("CancellableDelay.wait() leaves nothing behind when its time is over", async () => {
  const clock = new ManualClock();
  const delay = new CancellableDelay(clock);
  const wait = delay.wait(10);
  clock.advance(10);
  await wait;
  clock.cancel = () => assert.fail("a timer that has fired is forgotten");
  delay.cancel();
});

test("CancellableDelay.cancel() ends all waits, those to come as well, and leaves no timer", async () => {
  const clock = new ManualClock();
  const delay = new CancellableDelay(clock);
  const waits = [delay.wait(10), delay.wait(20)];
  delay.cancel();
  await Promise.all(waits);
  await delay.wait(10);
  assert.equal(delay.cancelled, true);
  assert.equal(clock.pending, 0);
});
