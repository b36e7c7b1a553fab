import assert from "node:assert/strict";
import { test } from "node:test";
import { TurnBudget } from "./turn_budget.ts";

/** A clock whose turns a test takes. */
class TurnClock {
  nowMs = 0;
  #next: (() => void)[] = [];

  monotonicMs(): number {
    return this.nowMs;
  }

  nextTurn(callback: () => void): void {
    this.#next.push(callback);
  }

  async turn(): Promise<void> {
    const callbacks = this.#next;
    this.#next = [];
    for (const callback of callbacks) {
      callback();
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
}

test("TurnBudget.run() leaves what is beyond a turn's share to later turns, in order", async () => {
  const clock = new TurnClock();
  const budget = new TurnBudget(clock, 5);
  const done: number[] = [];
  const work = (number: number) =>
    budget.run(() => {
      clock.nowMs += 3;
      done.push(number);
      if (number === 4) throw new Error("four");
      return number;
    });
  const all = Promise.allSettled([1, 2, 3, 4, 5].map(work));
  assert.deepEqual(done, [1, 2]);
  await clock.turn();
  assert.deepEqual(done, [1, 2, 3, 4]);
  await clock.turn();
  const results = await all;
  assert.deepEqual(results.map(({ status }) => status === "fulfilled"), [
    true,
    true,
    true,
    false,
    true,
  ]);
  await clock.turn();
  assert.equal(await work(6), 6);
});

test("TurnBudget.run() does what takes no time at once", async () => {
  const clock = new TurnClock();
  const budget = new TurnBudget(clock, 5);
  const done: number[] = [];
  const all = [1, 2, 3].map((number) => budget.run(() => done.push(number)));
  assert.deepEqual(done, [1, 2, 3]);
  await Promise.all(all);
});
