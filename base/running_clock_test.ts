import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "./clock.ts";
import { READ_FIRST_MS, RunningClock, STALL_MS } from "./running_clock.ts";

function start() {
  const clock = new ManualClock(5_000);
  const running = new RunningClock(clock);
  const happened: string[] = [];
  const note = (what: string) => () =>
    void happened.push(`${what}@${Math.round(running.monotonicMs() - 5_000)}`);
  /** Takes what happened since the last call. */
  const take = () => happened.splice(0).join();
  return { clock, running, note, take };
}

describe("RunningClock", () => {
  it("goes with the clock beneath while the process runs", () => {
    const { clock, running, note, take } = start();
    running.setTimeout(note("once"), 250);
    running.setInterval(note("again"), 400);
    running.setTimeout(note("far"), 60_000);
    clock.advance(1_000);
    assert.equal(take(), "once@250,again@400,again@800");
    assert.equal(running.monotonicMs(), clock.monotonicMs());
    clock.advance(59_000);
    assert.ok(take().split(",").includes("far@60000"));
  });

  it("does not count a stall beyond its limit, however long", () => {
    const { clock, running } = start();
    clock.advance(100);
    clock.stall(STALL_MS);
    clock.advance(0);
    assert.equal(running.monotonicMs(), 5_100 + STALL_MS);
    clock.stall(1e9);
    assert.equal(running.monotonicMs(), 5_100 + 2 * STALL_MS);
    clock.advance(0);
    assert.equal(running.monotonicMs(), 5_100 + 2 * STALL_MS);
    clock.advance(300);
    assert.equal(running.monotonicMs(), 5_400 + 2 * STALL_MS);
    assert.deepEqual({ ...running.counters }, { stalls: 1, stalledMs: 1e9 - STALL_MS });
  });

  it("puts off what fell due in a stall until sockets have been read", () => {
    const { clock, running, note, take } = start();
    running.setTimeout(note("soon"), 50);
    running.setTimeout(note("later"), 3_000);
    running.setInterval(note("again"), 250);
    clock.stall(15_000);
    clock.advance(READ_FIRST_MS - 1);
    assert.equal(take(), "");
    clock.advance(1);
    assert.equal(take(), `soon@${STALL_MS + READ_FIRST_MS},again@${STALL_MS + READ_FIRST_MS}`);
    clock.advance(3_000);
    assert.match(take(), /later@3000/);
  });

  it("puts nothing off for good when stall follows stall", () => {
    const { clock, running, note, take } = start();
    running.setTimeout(note("once"), 50);
    running.setInterval(note("again"), 50);
    for (let stalls = 0; stalls < 3; stalls++) {
      clock.stall(2_000);
      clock.advance(0);
    }
    const happened = take();
    assert.match(happened, /once/);
    assert.match(happened, /again/);
  });

  it("reads first after a stall in the rest of the time that an earlier one left", () => {
    const { clock, running, note, take } = start();
    running.setTimeout(note("due"), 3_000);
    clock.stall(8_000);
    clock.advance(2_000);
    clock.stall(8_000);
    clock.advance(READ_FIRST_MS - 1);
    assert.equal(take(), "");
    clock.advance(1);
    assert.match(take(), /due@/);
  });

  it("moves a deadline by a stall that is over before it", () => {
    const { clock, running, note, take } = start();
    running.setTimeout(note("due"), 10_000);
    clock.advance(1_000);
    clock.stall(8_000);
    clock.advance(8_400);
    assert.equal(take(), "");
    clock.advance(200);
    assert.equal(take(), "due@10000");
  });

  it("forgets what is cancelled, also after a stall, and leaves no timer when it is stopped", () => {
    const { clock, running, note, take } = start();
    const timers = [
      running.setTimeout(note("once"), 50),
      running.setInterval(note("again"), 50),
      running.nextTurn(note("turn")),
    ];
    running.cancel(timers[2]);
    clock.stall(1_000);
    clock.advance(0);
    for (const timer of timers) running.cancel(timer);
    running.stop();
    clock.advance(60_000);
    assert.equal(take(), "");
    assert.equal(clock.pending, 0);
  });
});
