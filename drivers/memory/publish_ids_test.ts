import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { PUBLISH_ID_MS } from "../push_log.ts";
import { StoreCounters } from "../store.ts";
import { PublishIds } from "./publish_ids.ts";

test("PublishIds forgets ids that have run out with the next call", () => {
  const clock = new ManualClock();
  const ids = new PublishIds(clock, new StoreCounters());
  for (let id = 0; id < 1_000; id++) ids.set(`a${id}`, { position: id });
  clock.advance(PUBLISH_ID_MS - 1);
  assert.deepEqual(ids.get("a7"), { position: 7 });
  ids.set("b", { position: 1 });
  assert.equal(ids.size, 1_001);
  clock.advance(1);
  assert.equal(ids.get("a7"), undefined);
  assert.equal(ids.size, 1);
});

test("PublishIds knows so many at most, and drops and counts the oldest", () => {
  const counters = new StoreCounters();
  const ids = new PublishIds(new ManualClock(), counters, 3);
  for (let id = 1; id <= 5; id++) ids.set(`a${id}`, { position: id });
  assert.equal(ids.size, 3);
  assert.equal(ids.get("a2"), undefined);
  assert.deepEqual(ids.get("a3"), { position: 3 });
  assert.equal(counters.publishIdsDropped, 2);
});
