import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { unknownMethod } from "../protocol/cluster/calls.ts";
import { PROBE_AGE_MS_MAX, probeBody, type ProbeReply } from "../protocol/cluster/probe.ts";
import { encodeFrame } from "../protocol/frame.ts";
import { parseRoomKey } from "../protocol/room_key.ts";
import { FakeLogic } from "../tests/support/fake_logic.ts";
import { CometCounters } from "./counters.ts";
import { DeliveryProbe } from "./delivery_probe.ts";

const PERIOD_MS = 2_000;
const TICK_MS = 100;

/** A probe whose clock, logic, store and way back are the test's. */
function setUp(partitions = 1) {
  const clock = new ManualClock();
  const logic = new FakeLogic();
  const counters = new CometCounters();
  const state = { isGivenUp: false };
  const isGivenUp = () => state.isGivenUp;
  const parts = { server: "c~1", logic, clock, running: clock, counters, isGivenUp };
  const probe = new DeliveryProbe(parts);
  /** Which partitions deliver. */
  let delivers = (_: number): boolean => true;
  logic.onProbe = ({ pushes, partition, sentMs }) => {
    const reply: ProbeReply = { stored: pushes, partitions };
    if (pushes && delivers(partition)) {
      queueMicrotask(() => probe.returned(partition, encodeFrame(1, 0, probeBody(sentMs))));
    }
    return Promise.resolve(reply);
  };
  const pass = async (spanMs: number) => {
    for (let leftMs = spanMs; leftMs > 0; leftMs -= TICK_MS) {
      clock.advance(TICK_MS);
      probe.tick(PERIOD_MS);
      for (let step = 0; step < 10; step++) await Promise.resolve();
    }
  };
  return {
    clock,
    logic,
    counters,
    probe,
    state,
    pass,
    deliver: (which: (partition: number) => boolean) => delivers = which,
  };
}

describe("DeliveryProbe", () => {
  it("watches a room that no client can name", () => {
    assert.equal(parseRoomKey(setUp().probe.room), undefined);
  });

  it("is content once a push came back, asks again in time, and tells at once", async () => {
    const { probe, pass, logic, counters } = setUp();
    assert.equal(probe.problem(), "no push has been delivered yet");
    assert.equal(probe.problem(true), undefined);
    await pass(2 * TICK_MS);
    assert.equal(probe.problem(), undefined);
    assert.deepEqual(logic.probes.map(({ pushes, ageMs }) => [pushes, ageMs]), [
      [true, undefined],
      [false, TICK_MS],
    ]);
    await pass(5 * PERIOD_MS);
    assert.deepEqual([counters.probesSent, counters.probesReturned], [6, 6]);
    assert.ok(probe.ageMs <= PERIOD_MS);
  });

  it("asks nothing when it is off", async () => {
    const { probe, logic } = setUp();
    probe.tick(0);
    assert.deepEqual(logic.probes, []);
  });

  it("says which step is missing, and that it is there again", async () => {
    const { probe, pass, logic, state, deliver } = setUp();
    const works = logic.onProbe;
    await pass(PERIOD_MS);
    deliver(() => false);
    await pass(PROBE_AGE_MS_MAX - PERIOD_MS);
    assert.equal(probe.problem(), undefined);
    await pass(2 * PERIOD_MS + 2 * TICK_MS);
    assert.match(probe.problem()!, /^no job has delivered a push that the store has had for 12 s$/);
    deliver(() => true);
    await pass(2 * PERIOD_MS);
    assert.equal(probe.problem(), undefined);

    logic.onProbe = () => Promise.resolve({ stored: false, partitions: 1 });
    await pass(PROBE_AGE_MS_MAX + PERIOD_MS);
    assert.equal(probe.problem(), "the store does not take pushes");
    logic.onProbe = () => Promise.reject(new Error("gone"));
    await pass(PERIOD_MS);
    assert.equal(probe.problem(), "logic does not answer");
    logic.onProbe = works;
    await pass(PERIOD_MS);
    assert.equal(probe.problem(), undefined);

    let answer = (_: ProbeReply) => {};
    logic.onProbe = () => new Promise((resolve) => answer = resolve);
    await pass(PROBE_AGE_MS_MAX + PERIOD_MS);
    assert.equal(probe.problem(), "logic does not answer");
    logic.onProbe = works;
    answer({ stored: true, partitions: 1 });
    await pass(2 * PERIOD_MS);
    assert.equal(probe.problem(), undefined);

    state.isGivenUp = true;
    assert.match(probe.problem()!, /^shut: the cluster has given this comet up/);
  });

  it("finds a partition that is stuck among those that are not, and forgives a push that is lost", async () => {
    const { probe, pass, deliver } = setUp(8);
    await pass(20 * PERIOD_MS);
    assert.equal(probe.problem(), undefined);
    deliver((partition) => partition !== 3);
    await pass(40 * PERIOD_MS);
    assert.match(
      probe.problem()!,
      /^no job has delivered a push that the store has had for \d+ s$/,
    );
    // That one which came before does not help.
    probe.returned(3, encodeFrame(1, 0, probeBody(1)));
    assert.notEqual(probe.problem(), undefined);
    deliver(() => true);
    await pass(2 * PERIOD_MS);
    assert.equal(probe.problem(), undefined);

    let lost = 0;
    deliver((partition) => partition !== 5 || lost++ > 0);
    for (let turn = 0; turn < 40; turn++) {
      await pass(PERIOD_MS);
      assert.equal(probe.problem(), undefined);
    }
    assert.ok(lost > 1);
  });

  it("is not content when its process stood still, and is again with the next push", async () => {
    const { probe, pass, clock, logic } = setUp();
    await pass(PERIOD_MS);
    clock.advance(15_000);
    assert.notEqual(probe.problem(), undefined);
    await pass(TICK_MS);
    assert.equal(probe.problem(), undefined);
    for (let turn = 0; turn < 20; turn++) {
      await pass(PERIOD_MS);
      assert.equal(probe.problem(), undefined);
    }
    // Logics were told that it is back.
    assert.equal(logic.probes.filter(({ pushes }) => !pushes).length, 2);
  });

  it("finds nothing wrong beside logics of the version before, which know of no probes", async () => {
    const { probe, pass, logic } = setUp();
    logic.onProbe = () => Promise.reject(unknownMethod(15));
    await pass(2 * PROBE_AGE_MS_MAX);
    assert.equal(probe.problem(), undefined);
  });

  it("passes over what is no probe of its own", () => {
    const { probe, counters } = setUp();
    probe.returned(0, new Uint8Array(3));
    probe.returned(0, encodeFrame(1, 0, probeBody(1e9)));
    assert.equal(counters.probesReturned, 0);
  });
});
