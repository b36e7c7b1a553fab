import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { StoreCounters } from "../store.ts";
import { LocalModeration } from "./local_moderation.ts";
import { memoryBlocks, MemoryMutes } from "./mutes.ts";

test("LocalModeration knows so many senders at most, and counts those it forgets", async () => {
  const clock = new ManualClock();
  const counters = new StoreCounters();
  const moderation = new LocalModeration(
    clock,
    counters,
    new MemoryMutes(clock),
    memoryBlocks(clock),
    100,
  );
  const rules = { perSecondMax: 1, burst: 1, slowModeMs: 500, duplicateWindowMs: 500 };
  const outcome = async (sender: string) => {
    const message = { sender, room: "live://1", digest: "a", publishId: undefined };
    return (await moderation.admit(message, rules)).admitted;
  };
  for (let mid = 1; mid <= 101; mid++) assert.equal(await outcome(`m${mid}`), true);
  assert.equal(counters.sendersDropped, 3, "a rate, a pause and a text");
  assert.equal(await outcome("m2"), false);
  assert.equal(await outcome("m1"), true);
  assert.equal(counters.sendersDropped, 6);
  clock.advance(1_000);
  for (let mid = 1; mid <= 100; mid++) assert.equal(await outcome(`m${mid}`), true);
  assert.equal(counters.sendersDropped, 6, "what is over is not forgotten before its time");
});

test("LocalModeration tells names of every length apart", async () => {
  const clock = new ManualClock();
  const moderation = new LocalModeration(
    clock,
    new StoreCounters(),
    new MemoryMutes(clock),
    memoryBlocks(clock),
  );
  const rules = { perSecondMax: 0, burst: 1, slowModeMs: 500, duplicateWindowMs: 500 };
  for (const length of [1, 20, 40, 60, 80, 100, 250]) {
    const names = ["a", "b"].map((end) => "é".repeat(length - 1) + end);
    for (const sender of names.map((name) => `k${name}`)) {
      for (const room of names) {
        const [publishId, other] = names;
        const admit = async (publishId: string) =>
          (await moderation.admit({ sender, room, digest: "a", publishId }, rules)).admitted;
        assert.deepEqual(
          [await admit(publishId), await admit(publishId), await admit(other)],
          [true, true, false],
          `${length}: ${sender} ${room}`,
        );
      }
    }
  }
});
