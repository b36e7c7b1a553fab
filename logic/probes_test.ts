import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { MemoryPushLog } from "../drivers/memory/push_log.ts";
import { PROBE_AGE_MS_MAX, type ProbeRequest, sentMsOf } from "../protocol/cluster/probe.ts";
import { LogicCounters } from "./counters.ts";
import { Probes } from "./probes.ts";

function setUp() {
  const clock = new ManualClock();
  const log = new MemoryPushLog(clock);
  const counters = new LogicCounters();
  const probes = new Probes(log, clock, clock, counters);
  const ask = (server: string, fields: Partial<ProbeRequest> = {}) =>
    probes.probe({
      server,
      partition: 0,
      sentMs: clock.monotonicMs(),
      ageMs: undefined,
      pushes: true,
      ...fields,
    });
  return { clock, log, counters, probes, ask };
}

describe("Probes", () => {
  it("pushes to the comet's own room, in the partition that it names, without history", async () => {
    const { log, counters, ask } = setUp();
    const partition = log.partitions + 2;
    const reply = await ask("c~1", { partition, sentMs: 77 });
    assert.deepEqual(reply, { stored: true, partitions: log.partitions });
    const lease = (await log.acquire(2, "job"))!;
    assert.deepEqual([counters.probes, counters.probesFailed, counters.pushesAccepted], [1, 0, 0]);
    const [{ message }] = await log.read(lease, 9);
    assert.ok(message.kind === "room");
    assert.deepEqual([message.room, message.stream, sentMsOf(message.body)], [
      "://c~1",
      undefined,
      77,
    ]);
    const noted = await ask("c~1", { pushes: false });
    assert.equal(noted.stored, false);
    assert.equal(counters.probes, 1);
  });

  it("says when the store does not take pushes, or takes too long", async () => {
    const { clock, log, counters, ask } = setUp();
    log.append = () => Promise.reject(new Error("full"));
    assert.equal((await ask("c~1")).stored, false);
    log.append = () => new Promise(() => {});
    const late = ask("c~1");
    clock.advance(2_000);
    assert.equal((await late).stored, false);
    assert.equal(counters.probesFailed, 2);
  });

  it("finds nothing wrong while no comet has asked, and then what comets say", async () => {
    const { clock, probes, ask } = setUp();
    clock.advance(10 * PROBE_AGE_MS_MAX);
    assert.equal(probes.problem(), undefined);
    // The first pushes need a while to come back.
    for (let passedMs = 0; passedMs < PROBE_AGE_MS_MAX; passedMs += 2_000) {
      await ask("c~1");
      assert.equal(probes.problem(), undefined);
      clock.advance(2_000);
    }
    await ask("c~1");
    clock.advance(1_000);
    assert.equal(probes.problem(), "every comet says that no push has got there for 11 s");
    await ask("d~1", { ageMs: 1_500 });
    assert.equal(probes.problem(), undefined);
    assert.equal(probes.problem(true), "no push has got to a worker for 11 s");
    assert.equal(probes.ageMs, 1_500);
    await ask("c~1", { ageMs: 100 });
    assert.equal(probes.problem(true), undefined);
    // Who was well before it went is never said to be otherwise.
    for (let passedMs = 0; passedMs <= 7_000; passedMs += 100) {
      assert.equal(probes.problem(), undefined);
      clock.advance(100);
    }
    assert.equal(probes.problem(), "no comet is connected");
    await ask("e~1", { ageMs: 0 });
    assert.equal(probes.problem(), undefined);
  });

  it("finds a worker that says nothing any more, until it or its next run has had a push", async () => {
    const { clock, probes, ask } = setUp();
    const pass = async (spanMs: number, ...workers: readonly string[]) => {
      for (let passedMs = 0; passedMs < spanMs; passedMs += 2_000) {
        for (const worker of workers) await ask(worker, { ageMs: 100 });
        clock.advance(2_000);
      }
    };
    await pass(20_000, "w-1~1", "w-2~1");
    assert.equal(probes.problem(true), undefined);
    await pass(20_000, "w-2~1");
    assert.equal(probes.problem(true), "no push has got to a worker for 22 s");
    await ask("w-1~1", { ageMs: 100 });
    assert.equal(probes.problem(true), undefined);
    await pass(20_000, "w-2~1");
    // The next run has the time that the first one had.
    await ask("w-1~2");
    assert.equal(probes.problem(true), undefined);
    await pass(6_000, "w-1~2", "w-2~1");
    assert.equal(probes.problem(true), undefined);
  });
});
