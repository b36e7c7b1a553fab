import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "./clock.ts";
import { TimeoutError, withTimeout } from "./with_timeout.ts";

test("withTimeout() answers with what comes in time, and waits no more", async () => {
  const clock = new ManualClock();
  assert.equal(await withTimeout(clock, 100, Promise.resolve("in time")), "in time");
  await assert.rejects(withTimeout(clock, 100, Promise.reject(new Error("no"))), /no/);
  clock.advance(1_000);
});

test("withTimeout() gives up what comes too late", async () => {
  const clock = new ManualClock();
  const { promise, resolve } = Promise.withResolvers<void>();
  const waiting = withTimeout(clock, 100, promise);
  clock.advance(100);
  await assert.rejects(waiting, TimeoutError);
  resolve();
});
