import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import type { StoreProblem } from "../../drivers/store.ts";
import { StoreProbe } from "./store_probe.ts";

/** A store that is asked, and answers when it is told to. */
class Asked {
  count = 0;
  answer: (problem: StoreProblem | undefined) => void = () => {};

  problem(): Promise<StoreProblem | undefined> {
    this.count++;
    return new Promise((resolve) => this.answer = resolve);
  }
}

test("StoreProbe asks once for all who ask within a second", async () => {
  const [clock, store] = [new ManualClock(), new Asked()];
  const probe = new StoreProbe(store, clock, true);
  const asking = [probe.problem(), probe.problem()];
  store.answer({ kind: "full", reason: "Redis is full" });
  assert.deepEqual(await Promise.all(asking), ["Redis is full", "Redis is full"]);
  clock.advance(999);
  assert.equal(await probe.problem(), "Redis is full");
  assert.equal(store.count, 1);
  clock.advance(1);
  const again = probe.problem();
  store.answer(undefined);
  assert.equal(await again, undefined);
  assert.equal(store.count, 2);
});

test("StoreProbe does not wait for long, nor ask again before it was answered", async () => {
  const [clock, store] = [new ManualClock(), new Asked()];
  const probe = new StoreProbe(store, clock, true);
  for (let second = 0; second < 3; second++) {
    const asking = probe.problem();
    clock.advance(1_000);
    assert.equal(await asking, "the store does not answer");
  }
  assert.equal(store.count, 1);
  assert.equal(clock.pending, 0);
});

test("StoreProbe minds a full store only for those who need room", async () => {
  const [clock, store] = [new ManualClock(), new Asked()];
  const asking = new StoreProbe(store, clock, false).problem();
  store.answer({ kind: "full", reason: "Redis is full" });
  assert.equal(await asking, undefined);
});
