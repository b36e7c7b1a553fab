import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { seededPrng } from "../base/prng.ts";
import { wireComet, wireJob, wireLogic, wireServer } from "../cli/wiring.ts";
import { cometDefaults } from "../comet/options.ts";
import { MemoryModeration } from "../drivers/memory/moderation.ts";
import { MemoryNodes } from "../drivers/memory/nodes.ts";
import { MemoryPushLog } from "../drivers/memory/push_log.ts";
import { MemorySessions } from "../drivers/memory/sessions.ts";
import { logicDefaults } from "../logic/logic.ts";
import { roomDefaults } from "../protocol/room_options.ts";
import { RpcCounters } from "../rpc/counters.ts";
import { memoryPlatform } from "./memory_platform/mod.ts";
import { MemoryClient } from "./support/memory_client.ts";
import { testNode } from "./support/test_comet.ts";

const STEP_MS = 50;
const anyPort = { hostname: "127.0.0.1", port: 0 };
const options = { ...cometDefaults, probeMs: 2_000, rooms: [{ ...roomDefaults, historySize: 10 }] };

/** Drivers, a network and a clock that are the test's. */
function world() {
  const clock = new ManualClock();
  const { streams } = memoryPlatform({ clock });
  const nodes = new MemoryNodes(clock);
  const ports = {
    nodes,
    pushLog: new MemoryPushLog(clock),
    sessions: new MemorySessions(nodes),
    moderation: new MemoryModeration(clock),
  };
  const counters = new RpcCounters();
  const prng = seededPrng(1);
  const parts = { clock, running: clock, prng, streams, secret: "", counters };
  const pass = async (spanMs: number) => {
    for (let leftMs = spanMs; leftMs > 0; leftMs -= STEP_MS) {
      clock.advance(STEP_MS);
      for (let turn = 0; turn < 10; turn++) {
        clock.advance(0);
        for (let step = 0; step < 10; step++) await Promise.resolve();
      }
    }
  };
  const logicOptions = { ...logicDefaults, rooms: options.rooms };
  return { clock, parts, ports, pass, logicOptions };
}

/** Two logics, a job and two comets with links between them. */
async function startCluster() {
  const { parts, ports, pass, logicOptions, clock } = world();
  const logics = [1, 2].map((n) =>
    wireLogic(parts, { id: `logic-${n}~1`, ports, options: logicOptions, hooks: {} })
  );
  const addresses = await Promise.all(logics.map(({ listen }) => listen(anyPort)));
  const comets = await Promise.all([1, 2].map(async (n) => {
    const server = `comet-${n}~1`;
    const wired = wireComet(parts, { server, options, logics: addresses });
    const { port } = await wired.listen(anyPort);
    wired.logics.start();
    const joined = wired.comet.join({
      ...testNode(server),
      name: `comet-${n}`,
      rpc: `127.0.0.1:${port}`,
    });
    return { ...wired, joined };
  }));
  const startJob = (n: number) => {
    const job = wireJob(parts, { owner: `job-${n}~1`, ports });
    job.start();
    return job;
  };
  const stop = async (...roles: readonly { stop(): Promise<void> }[]) => {
    const stopped = Promise.all(roles.map((role) => role.stop()));
    await pass(20_000);
    await stopped;
  };
  return { parts, ports, logics, comets, pass, startJob, stop, clock };
}

describe("The delivery probe", () => {
  it("goes through store, job and fan-out in one process, and counts as nothing else", async () => {
    const { parts, ports, pass, logicOptions } = world();
    const logicSettings = { ports, options: logicOptions, hooks: {} };
    const server = wireServer(parts, { comet: { server: "c~1", options }, logic: logicSettings });
    const { comet, logic, job } = server;
    const joined = comet.join({ ...testNode("c~1"), name: "c" });
    job.start();
    const { port } = await comet.listen({ address: anyPort, transport: "tcp" });
    const client = await MemoryClient.connect(parts.streams, port);
    client.send(7, 1, '{"mid":1,"room_id":"live://1","accepts":[1,1000]}');
    await pass(1_000);
    await joined;
    assert.equal(comet.probe.problem(), undefined);
    assert.equal(logic.probes.problem(), undefined);
    client.take();
    await pass(60_000);
    assert.equal(comet.probe.problem(), undefined);
    assert.equal(logic.probes.problem(), undefined);
    const { probesSent, probesReturned, probesFailed, framesPushed } = comet.counters;
    assert.ok(probesSent >= 30, `${probesSent} were sent`);
    assert.deepEqual([probesReturned, probesFailed, framesPushed], [probesSent, 0, 0]);
    const { pushesAccepted, published, probes } = logic.counters;
    assert.deepEqual([pushesAccepted, published, probes], [0, 0, probesSent]);
    assert.deepEqual([job.counters.delivered, job.counters.probes], [0, probesSent]);
    assert.deepEqual([comet.connections, comet.rooms], [1, 1]);
    assert.deepEqual(await logic.online.total(), { ip_count: 1, conn_count: 1 });
    assert.deepEqual([...(await logic.online.view()).rooms], [["live://1", 1]]);
    const lag = await ports.pushLog.lag();
    assert.ok(lag.every(({ entries }) => entries === 0));
    assert.equal(client.take().length, 0);
    const stopped = server.stop();
    client.end();
    await pass(1_000);
    await stopped;
  });

  it("finds out in a cluster that no job delivers, and that one does again", async () => {
    const { logics, comets, pass, startJob, stop } = await startCluster();
    const problems = () => [
      ...logics.map(({ logic }) => logic.probes.problem()),
      ...comets.map(({ comet }) => comet.probe.problem()),
    ];
    const fine = [undefined, undefined, undefined, undefined];
    let job = startJob(1);
    await pass(8_000);
    assert.deepEqual(problems(), fine);
    await stop(job);
    const told = "every comet says that no push has got there for";
    const [first, second, ...others] = problems();
    assert.ok(first!.startsWith(told) && second!.startsWith(told), `${first} ${second}`);
    for (const problem of others) assert.match(problem!, /^no job has delivered a push/);
    job = startJob(2);
    await pass(10_000);
    assert.deepEqual(problems(), fine);
    // What has waited meanwhile does not come back as anything late.
    for (let turn = 0; turn < 20; turn++) {
      await pass(2_000);
      assert.deepEqual(problems(), fine);
    }
    await stop(job, ...comets, ...logics);
  });

  it("finds nothing wrong when one of two logics goes, and that no logic answers", async () => {
    const { logics, comets, pass, startJob, stop } = await startCluster();
    const job = startJob(1);
    await pass(8_000);
    await stop(logics[0]);
    for (const { comet } of comets) assert.equal(comet.probe.problem(), undefined);
    assert.equal(logics[1].logic.probes.problem(), undefined);
    await stop(logics[1]);
    for (const { comet } of comets) {
      assert.match(comet.probe.problem()!, /^(?:shut|logic does not answer)/);
    }
    await stop(job, ...comets);
  });
});
