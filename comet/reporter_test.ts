import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TestComet } from "../tests/support/test_comet.ts";
import type { MemoryClient } from "../tests/support/memory_client.ts";
import { TICK_MS } from "./options.ts";

/** What a heartbeat says. */
async function online(comet: TestComet, client: MemoryClient): Promise<number> {
  client.send(2, 1);
  await comet.settle();
  return client.frames()[0].body.readInt32BE(0);
}

/** Lets a tick come, of a reporter that reports with every one where nothing is said. */
function tick(comet: TestComet, periodMs = TICK_MS): void {
  comet.clock.advance(TICK_MS);
  comet.reporter.tick(periodMs);
}

describe("Reporter", () => {
  it("reports every period, who is here and in which rooms", async () => {
    const comet = await TestComet.start();
    comet.logic.holds.add("report");
    await comet.open({ room: "live://1" });
    await comet.open({ room: "live://1" });
    await comet.open({ room: "live://2" });
    await comet.connect();
    const { reports } = comet.logic;
    for (let ticks = 1; ticks * TICK_MS < 1_000; ticks++) tick(comet, 1_000);
    assert.equal(reports.length, 0);
    tick(comet, 1_000);
    assert.deepEqual(reports.map(({ request }) => request), [{
      server: "comet-1",
      sequence: 1,
      base: 0,
      offline: false,
      connections: 4,
      addresses: 1,
      rooms: new Map([["live://1", 2], ["live://2", 1]]),
    }]);
  });

  it("adds those on other comets to what heartbeats say", async () => {
    const comet = await TestComet.start();
    comet.logic.holds.add("report");
    const [first, second] = [await comet.open(), await comet.open()];
    const lonely = await comet.open({ room: "live://2" });
    const roomless = await comet.open({ room: "" });
    assert.equal(await online(comet, first), 2);
    tick(comet);
    // Somebody leaves while the report is on its way: those elsewhere stay as many.
    second.reset();
    await comet.settle();
    comet.logic.reports[0].resolve(new Map([["live://1", 40]]));
    await comet.settle();
    assert.equal(await online(comet, first), 41);
    assert.equal(await online(comet, lonely), 1);
    assert.equal(await online(comet, roomless), 0);
    tick(comet);
    comet.logic.reports[1].resolve(new Map([["live://1", 0], ["live://2", 6]]));
    await comet.settle();
    assert.equal(await online(comet, first), 1);
    assert.equal(await online(comet, lonely), 7);
  });

  it("says what changed since the report that was answered last", async () => {
    const comet = await TestComet.start();
    comet.logic.holds.add("report");
    const rooms = () => {
      const { sequence, base, rooms } = comet.logic.reports.at(-1)!.request;
      return [sequence, base, Object.fromEntries(rooms)];
    };
    const answer = async (elsewhere: [string, number][] = []) => {
      comet.logic.reports.at(-1)!.resolve(new Map(elsewhere));
      await comet.settle();
    };
    const stays = await comet.open({ room: "live://1" });
    const leaves = await comet.open({ room: "live://2" });
    tick(comet);
    assert.deepEqual(rooms(), [1, 0, { "live://1": 1, "live://2": 1 }]);
    await answer([["live://1", 5], ["live://2", 5]]);
    tick(comet);
    assert.deepEqual(rooms(), [2, 1, {}]);
    await answer();
    leaves.end();
    const newcomer = await comet.open({ room: "live://3" });
    tick(comet);
    assert.deepEqual(rooms(), [3, 2, { "live://2": 0, "live://3": 1 }]);
    await answer();
    assert.equal(await online(comet, stays), 6);
    newcomer.send(12, 1, "live://2");
    await comet.settle();
    newcomer.take();
    assert.equal(await online(comet, newcomer), 1, "how many are elsewhere is not known yet");
  });

  it("says everything to a logic that does not know what it stands on, and after a failure", async () => {
    const comet = await TestComet.start();
    comet.logic.holds.add("report");
    const client = await comet.open({ room: "live://1" });
    const { reports } = comet.logic;
    tick(comet);
    reports[0].resolve(new Map([["live://1", 5]]));
    await comet.settle();
    tick(comet);
    reports[1].resolve(undefined);
    await comet.settle();
    assert.deepEqual(reports.map(({ request }) => request.base), [0, 1, 0]);
    assert.deepEqual(reports[2].request.rooms, new Map([["live://1", 1]]));
    reports[2].resolve(new Map());
    await comet.settle();
    assert.equal(await online(comet, client), 1);
    tick(comet);
    reports[3].reject(new Error("logic is away"));
    await comet.settle();
    tick(comet);
    assert.deepEqual(reports.map(({ request }) => request.base), [0, 1, 0, 3, 0]);
  });

  it("has one report under way at a time", async () => {
    const comet = await TestComet.start();
    comet.logic.holds.add("report");
    for (let ticks = 0; ticks < 5; ticks++) tick(comet);
    assert.equal(comet.logic.reports.length, 1);
    comet.logic.reports[0].resolve(new Map());
    await comet.settle();
    tick(comet);
    assert.equal(comet.logic.reports.length, 2);
  });

  it("keeps the last answer when logic fails, counts it and asks again", async () => {
    const comet = await TestComet.start();
    comet.logic.holds.add("report");
    const client = await comet.open();
    tick(comet);
    comet.logic.reports[0].resolve(new Map([["live://1", 10]]));
    await comet.settle();
    tick(comet);
    comet.logic.reports[1].reject(new Error("logic is away"));
    await comet.settle();
    assert.equal(comet.counters.logicFailures, 1);
    assert.equal(await online(comet, client), 11);
    assert.equal(comet.reporter.isFailing, true);
    tick(comet);
    assert.equal(comet.logic.reports.length, 3);
    assert.equal(comet.reporter.isFailing, true);
    comet.logic.reports[2].resolve(new Map());
    await comet.settle();
    assert.equal(comet.reporter.isFailing, false);
  });

  it("goes by the time that has passed, however few ticks came", async () => {
    const comet = await TestComet.start();
    comet.logic.holds.add("report");
    comet.clock.advance(900);
    tick(comet, 1_000);
    assert.equal(comet.logic.reports.length, 1);
  });
});
