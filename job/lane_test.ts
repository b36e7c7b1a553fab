import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { promisesSettled } from "../base/clock.ts";
import { FakeComet, keysPush, microtasks, readable, roomPush } from "../tests/support/job_fakes.ts";
import { LaneFixture } from "../tests/support/lane_fixture.ts";
import { BATCH_BYTES_MAX, jobDefaults, retryBackoff } from "./options.ts";

describe("Lane", () => {
  test("delivers at once when it is idle", async () => {
    const fixture = new LaneFixture();
    const { comet, acked, clock, counters } = fixture;
    fixture.add(roomPush("r://1", "a"));
    await microtasks();
    assert.deepEqual(comet.received, ["r://1:a"]);
    assert.deepEqual(acked, [], "nothing is acknowledged before the comet acknowledges");
    comet.acknowledge();
    await microtasks();
    assert.deepEqual(acked, [1]);
    assert.equal(clock.pending, 0);
    assert.equal(counters.delivered, 1);
  });

  test("gathers 100 pushes while a batch is in flight and sends them as one", async () => {
    const fixture = new LaneFixture();
    const { comet, counters, acked } = fixture;
    fixture.add(roomPush("r://0", "first"));
    await promisesSettled();
    for (let push = 0; push < 100; push++) fixture.add(roomPush(`r://${push % 4}`, `${push}`));
    await promisesSettled();
    assert.equal(comet.batches.length, 1);
    comet.acknowledge();
    await promisesSettled();
    assert.equal(comet.batches.length, 2);
    assert.deepEqual(
      readable(comet.batches[1]).map((text) => text.split(",").slice(0, 2).join()),
      ["r://0:0,4", "r://1:1,5", "r://2:2,6", "r://3:3,7"],
    );
    comet.acknowledge();
    await promisesSettled();
    assert.equal(acked.length, 101);
    assert.deepEqual(
      [counters.batches, counters.batchItems, counters.delivered],
      [2, 5, 101],
    );
  });

  test("sends a large backlog in batches of bounded size, in order", async () => {
    const fixture = new LaneFixture();
    const { comet } = fixture;
    comet.hold = false;
    const expected: string[] = [];
    for (let push = 0; push < 20; push++) {
      const text = `${push}`.padEnd(60_000, ".");
      expected.push(`r://1:${text}`);
      fixture.add(roomPush("r://1", text));
    }
    await promisesSettled();
    assert.deepEqual(comet.received, expected);
    assert.ok(comet.batches.length > 1);
    for (const batch of comet.batches) {
      const bytes = batch.reduce((sum, { frames }) => sum + frames.length, 0);
      assert.ok(bytes < BATCH_BYTES_MAX + 64 * 1024, `${bytes} bytes in a batch`);
    }
  });

  test("sends the same batch again, before what came later, until the comet takes it", async () => {
    const fixture = new LaneFixture();
    const { comet, clock, counters, acked } = fixture;
    fixture.add(keysPush("s", ["k"], "a"));
    await promisesSettled();
    fixture.add(keysPush("s", ["k"], "b"));
    for (let attempt = 0; attempt < 4; attempt++) {
      comet.fail();
      await promisesSettled();
      assert.equal(comet.held.length, 0, "a failure is not answered at once");
      clock.advance(2 * retryBackoff.maxMs);
      await promisesSettled();
    }
    comet.acknowledge();
    await promisesSettled();
    comet.acknowledge();
    await promisesSettled();
    assert.deepEqual(comet.received, ["k=a", "k=a", "k=a", "k=a", "k=a", "k=b"]);
    assert.deepEqual(acked, [1, 2]);
    assert.equal(counters.retries, 4);
    assert.equal(clock.pending, 0);
  });

  test("waits longer from failure to failure", async () => {
    const fixture = new LaneFixture();
    const { comet, clock } = fixture;
    fixture.add(roomPush("r://1", "a"));
    await promisesSettled();
    const waitsMs: number[] = [];
    for (let attempt = 0; attempt < 4; attempt++) {
      comet.fail();
      await promisesSettled();
      const failedMs = clock.monotonicMs();
      while (comet.held.length === 0) {
        clock.advance(1);
        await microtasks();
      }
      waitsMs.push(clock.monotonicMs() - failedMs);
    }
    for (const [attempt, waitMs] of waitsMs.entries()) {
      const grownMs = retryBackoff.baseMs * 2 ** attempt;
      assert.ok(waitMs >= 0.7 * grownMs && waitMs <= 1.3 * grownMs + 1, `${waitsMs}`);
    }
  });

  test("takes a comet that throws for one that fails", async () => {
    const fixture = new LaneFixture();
    const { comet, clock, acked } = fixture;
    comet.hold = false;
    const deliver = comet.deliver;
    comet.deliver = () => {
      throw new Error("broken");
    };
    fixture.add(roomPush("r://1", "a"));
    await promisesSettled();
    comet.deliver = deliver;
    clock.advance(2 * retryBackoff.baseMs);
    await promisesSettled();
    assert.deepEqual(comet.received, ["r://1:a"]);
    assert.deepEqual(acked, [1]);
  });

  test("makes whoever fills it wait until the comet gets on", async () => {
    const fixture = new LaneFixture({ laneBytesMax: 10_000 });
    const { lane, comet, clock } = fixture;
    await fixture.fill();
    let woken = 0;
    lane.waitForCapacity().then(() => woken++);
    clock.advance(jobDefaults.stallMsMax - 1);
    lane.check();
    await promisesSettled();
    assert.equal(woken, 0);
    comet.acknowledge();
    await promisesSettled();
    assert.equal(woken, 1);
    comet.acknowledge();
    await promisesSettled();
    assert.equal(lane.full, false);
  });

  test("sheds when it is full and stalled, and is normal again after the next acknowledgement", async () => {
    const fixture = new LaneFixture({ laneBytesMax: 10_000 });
    const { lane, comet, clock, counters, acked } = fixture;
    await fixture.fill();
    let woken = 0;
    lane.waitForCapacity().then(() => woken++);
    clock.advance(jobDefaults.stallMsMax);
    lane.check();
    await promisesSettled();
    assert.equal(woken, 1);
    assert.equal(lane.full, false, "a slow lane holds nobody up");
    const heldBytes = lane.costBytes;
    const shed = Array.from({ length: 100 }, () => fixture.add(roomPush("r://1", "late")));
    assert.deepEqual(acked, shed);
    assert.equal(counters.shed, 100);
    assert.equal(lane.costBytes, heldBytes);

    comet.hold = false;
    comet.acknowledge();
    fixture.add(roomPush("r://1", "too late still"));
    await promisesSettled();
    const next = fixture.add(roomPush("r://1", "after"));
    await promisesSettled();
    assert.equal(acked.at(-1), next);
    assert.equal(new Set(acked).size, acked.length, "each push is acknowledged once");
    assert.equal(acked.length, Number(next), "what was held is delivered");
    assert.match(comet.received.at(-1)!, /^r:\/\/1:after$/);
    assert.equal(counters.shed, 101);
    assert.equal(lane.costBytes, 0);
  });

  test("is not slow while it is not full, however long the comet takes", async () => {
    const fixture = new LaneFixture();
    const { lane, comet, clock, counters } = fixture;
    fixture.add(roomPush("r://1", "a"));
    await promisesSettled();
    clock.advance(60_000);
    lane.check();
    fixture.add(roomPush("r://1", "b"));
    comet.acknowledge();
    await promisesSettled();
    assert.deepEqual(comet.received, ["r://1:a", "r://1:b"]);
    assert.equal(counters.shed, 0);
  });

  test("counts a stall from when the batch left, not from an acknowledgement long ago", async () => {
    const fixture = new LaneFixture({ laneBytesMax: 10_000 });
    const { lane, clock, comet } = fixture;
    clock.advance(60_000);
    while (!lane.full) fixture.add(roomPush("r://1", "x".repeat(1_000)));
    lane.check();
    assert.equal(lane.full, true, "nothing has left yet");
    await promisesSettled();
    clock.advance(jobDefaults.stallMsMax - 1);
    lane.check();
    assert.equal(lane.full, true);
    assert.equal(comet.batches.length, 1);
  });

  test("acknowledges what it held once when the comet leaves, whatever the comet says later", async () => {
    const fixture = new LaneFixture({ laneBytesMax: 10_000 });
    const { lane, comet, comets, counters, acked } = fixture;
    await fixture.fill();
    const held = Number(fixture.add(roomPush("r://1", "last")));
    let woken = 0;
    lane.waitForCapacity().then(() => woken++);
    comets.remove("s");
    lane.check();
    await promisesSettled();
    assert.equal(lane.ended, true);
    assert.equal(woken, 1);
    assert.deepEqual(acked, Array.from({ length: held }, (_, index) => index + 1));
    comet.acknowledge();
    fixture.add(roomPush("r://1", "nobody there"));
    await promisesSettled();
    assert.equal(acked.length, held + 1);
    assert.equal(comet.batches.length, 1);
    assert.deepEqual([counters.gone, counters.delivered, counters.shed], [held + 1, 0, 0]);
    assert.equal(lane.costBytes, 0);
    await lane.idle();
  });

  test("sends nothing more to a comet that left while a batch was in flight", async () => {
    const fixture = new LaneFixture();
    const { comet, comets, counters, acked } = fixture;
    fixture.add(roomPush("r://1", "a"));
    await promisesSettled();
    fixture.add(roomPush("r://1", "b"));
    comets.remove("s");
    comet.acknowledge();
    await promisesSettled();
    assert.deepEqual(comet.received, ["r://1:a"]);
    assert.deepEqual(acked, [1, 2]);
    assert.deepEqual([counters.delivered, counters.gone], [1, 1]);
  });

  test("idle() settles when the last batch is acknowledged, or when the comet left", async () => {
    for (const leaves of [false, true]) {
      const fixture = new LaneFixture();
      const { lane, comet, comets } = fixture;
      fixture.add(roomPush("r://1", "a"));
      await promisesSettled();
      fixture.add(roomPush("r://1", "b"));
      let idle = false;
      const wait = lane.idle().then(() => idle = true);
      if (leaves) {
        comets.remove("s");
        lane.check();
      } else {
        comet.acknowledge();
        await promisesSettled();
        assert.equal(idle, false);
        comet.acknowledge();
      }
      await wait;
    }
  });

  test("does not try a comet again that left or came back as another", async () => {
    for (const successor of [undefined, new FakeComet()]) {
      const fixture = new LaneFixture();
      const { comet, comets, clock, counters, acked } = fixture;
      fixture.add(roomPush("r://1", "a"));
      await promisesSettled();
      if (successor === undefined) comets.remove("s");
      else comets.add("s", successor);
      comet.fail();
      await promisesSettled();
      clock.advance(2 * retryBackoff.baseMs);
      await promisesSettled();
      assert.equal(comet.batches.length, 1);
      assert.deepEqual(acked, [1]);
      assert.deepEqual([counters.gone, counters.retries, clock.pending], [1, 0, 0]);
    }
  });

  test("lets go of what it holds without acknowledging it when it is abandoned", async () => {
    const fixture = new LaneFixture();
    const { lane, comet, clock, counters, acked } = fixture;
    fixture.add(roomPush("r://1", "a"));
    await promisesSettled();
    comet.fail();
    await promisesSettled();
    lane.abandon();
    await lane.idle();
    assert.deepEqual(acked, []);
    assert.deepEqual([counters.gone, counters.delivered, clock.pending], [0, 0, 0]);
  });
});
