/** What a lane tells its comet of rooms with a log whose pushes it shed. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { promisesSettled } from "../base/clock.ts";
import { logPush, readable, roomPush } from "../tests/support/job_fakes.ts";
import { LaneFixture } from "../tests/support/lane_fixture.ts";
import { jobDefaults, retryBackoff } from "./options.ts";

describe("Lane", () => {
  test("tells a comet that was slow what it misses of rooms with a log, where it would have been", async () => {
    const fixture = new LaneFixture({ laneBytesMax: 10_000 });
    const { lane, comet, clock, counters, acked } = fixture;
    await fixture.fill();
    clock.advance(jobDefaults.stallMsMax);
    lane.check();
    fixture.add(logPush("r://1", "a", 7));
    fixture.add(logPush("r://2", "b", 40));
    fixture.add(logPush("r://1", "c", 8));
    fixture.add(roomPush("r://3", "of no log"));
    comet.acknowledge();
    await promisesSettled();
    fixture.add(logPush("r://1", "d", 9));
    comet.acknowledge();
    await promisesSettled();
    let idle = false;
    lane.idle().then(() => idle = true);
    await promisesSettled();
    assert.equal(idle, false, "what is missing is still to be told");
    assert.deepEqual(readable(comet.batches.at(-1)!), ["r://1:^e1/8", "r://2:^e1/40", "r://1:d"]);
    assert.equal(counters.missedRooms, 0);
    comet.acknowledge();
    await promisesSettled();
    assert.equal(idle, true);
    assert.deepEqual([counters.shed, counters.missedRooms, lane.costBytes], [4, 2, 0]);
    assert.equal(new Set(acked).size, acked.length, "each push is acknowledged once");
    assert.equal(comet.held.length, 0);
  });

  test("tells of what is missing though no other push comes, and again until the comet hears", async () => {
    const fixture = new LaneFixture({ laneBytesMax: 10_000 });
    const { lane, comet, clock, counters } = fixture;
    await fixture.fill();
    clock.advance(jobDefaults.stallMsMax);
    lane.check();
    fixture.add(logPush("r://1", "a", 7));
    comet.hold = false;
    comet.acknowledge();
    await promisesSettled();
    assert.equal(comet.received.at(-1), "r://1:^e1/7");
    assert.equal(lane.costBytes, 0);

    const sent = comet.batches.length;
    comet.hold = true;
    await fixture.fill();
    clock.advance(jobDefaults.stallMsMax);
    lane.check();
    fixture.add(logPush("r://1", "b", 9));
    comet.acknowledge();
    await promisesSettled();
    comet.acknowledge();
    await promisesSettled();
    comet.fail();
    await promisesSettled();
    comet.hold = false;
    clock.advance(2 * retryBackoff.baseMs);
    await promisesSettled();
    const told = comet.batches.slice(sent).flatMap(readable).filter((text) => text.includes("^"));
    assert.deepEqual(told, ["r://1:^e1/9", "r://1:^e1/9"]);
    assert.deepEqual([counters.missedRooms, counters.retries], [2, 1]);
  });

  test("tells once of what is missing from two stalls while the comet hears of neither", async () => {
    const fixture = new LaneFixture({ laneBytesMax: 600_000 });
    const { lane, comet, clock } = fixture;
    await fixture.fill();
    const stall = (offset: number) => {
      while (!lane.full) fixture.add(roomPush("r://2", "x".repeat(1_000)));
      clock.advance(jobDefaults.stallMsMax);
      lane.check();
      fixture.add(logPush(`r://${offset}`, "a", offset));
    };
    stall(7);
    comet.acknowledge();
    await promisesSettled();
    stall(8);
    comet.hold = false;
    comet.acknowledge();
    await promisesSettled();
    const told = comet.received.filter((text) => text.includes("^"));
    assert.deepEqual(told, ["r://7:^e1/7", "r://8:^e1/8"]);
    assert.equal(lane.costBytes, 0);
  });
});
