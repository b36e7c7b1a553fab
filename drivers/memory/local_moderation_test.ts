import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { StoreCounters } from "../store.ts";
import { LocalModeration } from "./local_moderation.ts";
import { MemoryMutes } from "./mutes.ts";

test("LocalModeration knows so many senders at most, and counts those it forgets", async () => {
  const clock = new ManualClock();
  const counters = new StoreCounters();
  const moderation = new LocalModeration(clock, counters, new MemoryMutes(clock), 100);
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
