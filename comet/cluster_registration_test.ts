import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NODE_LEASE_MS, NodeReplaced, NodeUnknown } from "../protocol/cluster/comet_node.ts";
import { TestComet, testNode } from "../tests/support/test_comet.ts";
import { TICK_MS } from "./options.ts";

const node = testNode("comet-1");

/** Lets time pass with a report every second. */
async function pass(comet: TestComet, spanMs: number): Promise<void> {
  for (let leftMs = spanMs; leftMs > 0; leftMs -= TICK_MS) {
    comet.reporter.tick(1_000);
    comet.clock.advance(TICK_MS);
    await comet.turn();
  }
  await comet.settle();
}

/** Has the reports of a comet fail until told otherwise. */
function failReports(comet: TestComet, error: () => Error | undefined): void {
  const report = comet.logic.report.bind(comet.logic);
  comet.logic.report = (counts) => {
    const failure = error();
    return failure === undefined ? report(counts) : Promise.reject(failure);
  };
}

describe("ClusterRegistration", () => {
  it("waits for logic as long as it takes, then as long as logic says", async () => {
    const comet = await TestComet.start();
    let failures = 5;
    comet.logic.register = (registered) => {
      if (failures-- > 0) return Promise.reject(new Error("away"));
      comet.logic.registered.push(registered);
      return Promise.resolve({ openAfterMs: 1_100, leaseMs: NODE_LEASE_MS });
    };
    let isIn = false;
    void comet.registration.join(node).then(() => isIn = true);
    await comet.advance(20_000);
    assert.equal(comet.counters.logicFailures, 5);
    assert.deepEqual(comet.logic.registered, [node]);
    assert.equal(isIn, true);
  });

  it("reports nothing before it has registered: an earlier run has its place until then", async () => {
    const comet = await TestComet.start();
    let register = () => {};
    comet.logic.register = () =>
      new Promise((resolve) => {
        register = () => resolve({ openAfterMs: 0, leaseMs: NODE_LEASE_MS });
      });
    let reports = 0;
    failReports(comet, () => (reports++, new NodeReplaced("by the earlier run")));
    void comet.registration.join(node);
    await pass(comet, 3_000);
    assert.equal(reports, 0);
    failReports(comet, () => (reports++, undefined));
    register();
    await pass(comet, 3_000);
    assert.ok(reports > 0);
  });

  it("registers again when logic does not know it, and renews every session", async () => {
    const comet = await TestComet.start();
    await comet.registration.join(node);
    for (let client = 0; client < 1_200; client++) await comet.open({ key: `k${client}` });
    const calls: number[] = [];
    const renew = comet.logic.renew.bind(comet.logic);
    comet.logic.renew = (sessions) => (calls.push(sessions.length), renew(sessions));
    let unknown = true;
    failReports(comet, () => unknown ? new NodeUnknown("who?") : undefined);
    comet.logic.register = (registered) => {
      unknown = false;
      comet.logic.registered.push(registered);
      return Promise.resolve({ openAfterMs: 0, leaseMs: NODE_LEASE_MS });
    };
    await pass(comet, 2_000);
    assert.equal(comet.logic.registered.length, 2);
    const keys = new Set(comet.logic.renewed.map(({ key }) => key));
    assert.equal(keys.size, 1_200);
    assert.ok(Math.max(...calls) <= 500, `${calls}`);
  });

  it("only ends when another run has taken its place, even when that leaves again", async () => {
    const comet = await TestComet.start();
    await comet.registration.join(node);
    let error: Error = new NodeReplaced("by another");
    let reports = 0;
    failReports(comet, () => (reports++, error));
    await pass(comet, 3_000);
    await comet.registration.replaced;
    assert.equal(reports, 1);
    // The other has left again: the place is free, and this one still only ends.
    error = new NodeUnknown("who?");
    await pass(comet, 3_000);
    comet.registration.reportFailed(error);
    await comet.settle();
    assert.equal(comet.logic.registered.length, 1);
  });

  it("renews every session within ten minutes, in small calls, and goes on after a failure", async () => {
    const comet = await TestComet.start({ heartbeatMs: 1e9 });
    await comet.registration.join(node);
    for (let client = 0; client < 50; client++) await comet.open({ key: `k${client}` });
    await comet.connect();
    const renew = comet.logic.renew.bind(comet.logic);
    let failures = 3;
    comet.logic.renew = (sessions) => {
      assert.ok(sessions.length <= 5);
      return failures-- > 0 ? Promise.reject(new Error("away")) : renew(sessions);
    };
    await pass(comet, 600_000);
    const keys = new Set(comet.logic.renewed.map(({ key }) => key));
    assert.equal(keys.size, 50);
  });

  for (const how of ["taken", "failed"] as const) {
    it(`takes a session out again that left while its renewal was ${how}`, async () => {
      const comet = await TestComet.start();
      await comet.registration.join(node);
      const leaving = await comet.open({ key: "leaves" });
      await comet.open({ key: "stays" });
      let settle = () => {};
      comet.logic.renew = () =>
        new Promise((resolve, reject) => {
          settle = () => how === "taken" ? resolve() : reject(new Error("the link is lost"));
        });
      comet.registration.renewSome(600_000);
      leaving.end();
      await comet.settle();
      const keys = () => comet.logic.disconnected.map(({ key }) => key);
      assert.deepEqual(keys(), ["leaves"]);
      settle();
      await comet.settle();
      assert.deepEqual(keys(), ["leaves", "leaves"]);
    });
  }

  it("takes the comet out when it leaves, and does nothing then", async () => {
    const comet = await TestComet.start();
    await comet.registration.join(node);
    await comet.registration.leave();
    assert.deepEqual(comet.logic.unregistered, ["comet-1"]);
    comet.registration.reportFailed(new NodeUnknown("who?"));
    await comet.settle();
    assert.equal(comet.logic.registered.length, 1);
  });
});
