import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock, promisesSettled } from "../../base/clock.ts";
import { closeOpening, lookMs, openingMs } from "./inspector.ts";

function inspected() {
  const clock = new ManualClock();
  const inspector = {
    closes: 0,
    at: undefined as string | undefined,
    url: () => inspector.at,
    close() {
      inspector.closes++;
      inspector.at = undefined;
    },
  };
  return { clock, inspector };
}

describe("closeOpening()", () => {
  it("closes the inspector as soon as it is open", async () => {
    const { clock, inspector } = inspected();
    const closing = closeOpening(inspector, clock);
    clock.advance(lookMs);
    await promisesSettled();
    assert.equal(inspector.closes, 0);
    inspector.at = "ws://127.0.0.1:9229/a";
    clock.advance(lookMs);
    await closing;
    assert.deepEqual([inspector.closes, clock.pending], [1, 0]);
  });

  it("gives up when it does not open", async () => {
    const { clock, inspector } = inspected();
    const closing = closeOpening(inspector, clock);
    for (let waitedMs = 0; waitedMs <= openingMs; waitedMs += lookMs) {
      clock.advance(lookMs);
      await promisesSettled();
    }
    await closing;
    assert.deepEqual([inspector.closes, clock.pending], [0, 0]);
  });
});
