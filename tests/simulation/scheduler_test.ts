import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededPrng } from "../../base/prng.ts";
import { type EventOwner, Scheduler } from "./scheduler.ts";

function owner(index: number): { -readonly [Key in keyof EventOwner]: EventOwner[Key] } {
  return { index, frozenUntilMs: 0, isDead: false };
}

/** What happens, of events that each say their name. */
function run(seed: number) {
  const scheduler = new Scheduler(seededPrng(seed));
  const happened: string[] = [];
  const at = (dueMs: number, where: EventOwner, name: string) =>
    scheduler.at(dueMs, where, () => happened.push(`${name}@${scheduler.nowMs}`));
  return { scheduler, happened, at };
}

describe("Scheduler", () => {
  it("lets things happen in the order of their times, and knows the time", async () => {
    const { scheduler, happened, at } = run(1);
    const times = Array.from({ length: 200 }, (_, index) => (index * 7919) % 211);
    for (const ms of times) at(ms, owner(0), "x");
    await scheduler.run(1_000);
    assert.deepEqual(happened, times.toSorted((a, b) => a - b).map((ms) => `x@${ms}`));
    assert.equal(scheduler.nowMs, 1_000);
  });

  it("keeps the order of one owner, and takes owners in an order by the seed", async () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      const { scheduler, happened, at } = run(seed);
      for (const name of ["a1", "a2", "a3"]) {
        at(5, owner(0), name);
        at(5, owner(1), name.replace("a", "b"));
      }
      await scheduler.run(5);
      assert.equal(happened.filter((name) => name.startsWith("a")).join(), "a1@5,a2@5,a3@5");
      orders.add(happened.join());
    }
    assert.equal(orders.size, 2);
  });

  it("lets what promises lead to happen before the next event", async () => {
    const { scheduler, happened } = run(1);
    const later = async () => {
      for (let hops = 0; hops < 50; hops++) await Promise.resolve();
      happened.push("promised");
    };
    scheduler.at(1, owner(0), () => void later());
    scheduler.at(1, owner(0), () => happened.push("next"));
    await scheduler.run(2);
    assert.deepEqual(happened, ["promised", "next"]);
  });

  it("holds what falls due where it is frozen, and lets it be cancelled meanwhile", async () => {
    const { scheduler, happened, at } = run(1);
    const frozen = owner(0);
    at(1, frozen, "first");
    const cancelled = at(2, frozen, "cancelled");
    at(3, frozen, "third");
    at(4, owner(1), "elsewhere");
    frozen.frozenUntilMs = 10;
    await scheduler.run(5);
    assert.deepEqual(happened, ["elsewhere@4"]);
    cancelled.callback = undefined;
    await scheduler.run(20);
    assert.deepEqual(happened, ["elsewhere@4", "first@10", "third@10"]);
  });

  it("lets nothing happen where all is dead", async () => {
    const { scheduler, happened, at } = run(1);
    const dead = owner(0);
    at(1, dead, "never");
    assert.equal(scheduler.waiting, 1);
    dead.isDead = true;
    assert.equal(scheduler.waiting, 0);
    await scheduler.run(5);
    assert.deepEqual(happened, []);
  });

  it("stops at once when what is waited for holds", async () => {
    const { scheduler, happened, at } = run(1);
    for (const ms of [1, 2, 3]) at(ms, owner(0), "x");
    await scheduler.run(10, () => happened.length === 2);
    assert.deepEqual(happened, ["x@1", "x@2"]);
    assert.equal(scheduler.nowMs, 2);
  });
});
