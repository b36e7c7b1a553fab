import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "./clock.ts";

test("ManualClock.advance() runs what falls due in order, each at its own time", () => {
  const clock = new ManualClock(1_000);
  const ran: [string, number][] = [];
  const note = (name: string) => () => ran.push([name, clock.monotonicMs()]);
  clock.setTimeout(note("late"), 30);
  clock.setTimeout(note("early"), 10);
  clock.setInterval(note("every"), 12);
  const cancelled = clock.setTimeout(note("never"), 5);
  clock.cancel(cancelled);
  clock.setTimeout(() => clock.setTimeout(note("nested"), 5), 20);
  clock.advance(30);
  assert.deepEqual(ran, [
    ["early", 1_010],
    ["every", 1_012],
    ["every", 1_024],
    ["nested", 1_025],
    ["late", 1_030],
  ]);
  assert.equal(clock.wallMs(), 1_030);
  assert.equal(clock.pending, 1);
});

test("ManualClock.advance(0) takes one turn of a loop of turns", () => {
  const clock = new ManualClock();
  let turns = 0;
  const turn = () => {
    turns++;
    clock.nextTurn(turn);
  };
  clock.nextTurn(turn);
  clock.advance(0);
  assert.equal(turns, 1);
  clock.advance(0);
  assert.equal(turns, 2);
});
