import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { CursorTotals } from "../../sim/types.ts";
import { Cluster } from "../support/cluster.ts";
import { until } from "../support/until.ts";
import { KEPT_ROOMS, LogTraffic } from "../support/log_traffic.ts";
import type { RoleProcess } from "../support/role_process.ts";
import { pushRepeatedly } from "../support/repeated_push.ts";

/** As many as the environment says, to look at more than a test has time for. */
const CLIENTS = Number(process.env.FAULT_CLIENTS ?? 200);

const ROOMS = 2;

/** For how long a comet stands still, longer than until it is given up, in milliseconds. */
const STOPPED_MS = Number(process.env.FAULT_STOPPED_MS ?? 0);

const limits = { timeout: 60_000 };

/** What is checked and what with. */
interface Faults {
  readonly cluster: Cluster;
  readonly traffic: LogTraffic;
}

describe("rooms with history over Redis", () => {
  let faults: Faults | undefined;
  before(async () => {
    const cluster = await Cluster.start({ comets: 2, jobs: 1, config: KEPT_ROOMS });
    const { clientPorts: comets, pushTargets: logics } = cluster;
    const traffic = new LogTraffic({ comets, logics, clients: CLIENTS, rooms: ROOMS });
    faults = { cluster, traffic };
    await traffic.start();
  });
  after(async () => {
    await faults?.traffic.stop();
    await faults?.cluster.stop();
  });

  /** Runs a fault between pushes; behind it everybody has everything, and was told of so much. */
  const run =
    (told: Partial<CursorTotals>, fault: (faults: Faults) => Promise<void>) => async () => {
      const { cluster, traffic } = faults!;
      try {
        const { epochs, gaps } = await traffic.check();
        await traffic.pushed(10);
        await fault(faults!);
        await traffic.pushed(10);
        await traffic.followers.joined();
        const after = await traffic.check();
        const change = { epochs: after.epochs - epochs, gaps: after.gaps - gaps };
        assert.deepEqual(change, { epochs: 0, gaps: 0, ...told });
        cluster.checkMemory();
      } catch (error) {
        console.log(cluster.tails());
        throw error;
      }
    };

  test(
    "a push that 20 callers send to two logics at once with one id is stored once",
    limits,
    run({}, async ({ cluster }) => {
      await pushRepeatedly(cluster.logics.map(({ addresses }) => addresses.http), "repeated");
    }),
  );

  test(
    "a comet is killed: its clients go on elsewhere where they were, by one read for each room",
    limits,
    run({}, async ({ cluster, traffic: { followers } }) => {
      const [held, other] = await byConnections(cluster);
      const killedMs = performance.now();
      await held.kill();
      await until("all connections to end", () => followers.losses >= CLIENTS);
      await followers.joined();
      const backMs = Math.round(performance.now() - killedMs);
      const { comet_history_reads_total: reads } = await other.metrics();
      note(`${CLIENTS} clients of a killed comet were back after ${backMs} ms, by ${reads} reads`);
      assert.ok(reads <= ROOMS, `${reads} reads of history`);
      await held.start();
    }),
  );

  test(
    "a comet that the cluster had given up keeps its clients, who miss nothing",
    limits,
    run({}, async ({ cluster, traffic }) => {
      const [held] = await byConnections(cluster);
      const { losses } = traffic.followers;
      const before = await held.metrics();
      const [job] = cluster.jobs;
      await until("both comets", async () => (await job.metrics()).job_comets === 2);
      const { job_gone_total: gone } = await job.metrics();
      const stoppedMs = performance.now();
      held.signal("SIGSTOP");
      await until("the cluster to give the comet up", async () => {
        return (await job.metrics()).job_gone_total > gone;
      });
      await until("some time", () => performance.now() > stoppedMs + STOPPED_MS);
      held.signal("SIGCONT");
      await traffic.pushed(1);
      await traffic.check();
      const reads = (await held.metrics()).comet_history_reads_total -
        before.comet_history_reads_total;
      const stoodMs = Math.round(performance.now() - stoppedMs);
      note(`a comet that was given up had all ${stoodMs} ms after it stopped, by ${reads} reads`);
      assert.equal(traffic.followers.losses, losses, "all clients stayed");
      assert.ok(reads > 0, "it has read what jobs had given up to bring");
    }),
  );

  test(
    "Redis is killed and started again with what it had written: nothing is missing",
    limits,
    run({}, async ({ cluster: { redis }, traffic }) => {
      const { losses } = traffic.followers;
      await redis.signal("SIGKILL");
      const { repeats } = traffic;
      await until("pushes to fail", () => traffic.repeats > repeats + ROOMS);
      await redis.restart();
      await traffic.pushed(1);
      assert.equal(traffic.followers.losses, losses, "all clients stayed");
    }),
  );

  test(
    "Redis comes back empty: every client is told that its rooms begin anew",
    limits,
    run({ epochs: CLIENTS * ROOMS }, async ({ cluster: { redis }, traffic }) => {
      const { losses } = traffic.followers;
      await redis.signal("SIGKILL");
      await redis.forget();
      await redis.restart();
      await traffic.pushed(1);
      assert.equal(traffic.followers.losses, losses, "all clients stayed");
    }),
  );
});

/** The comet that has all clients, and the one that has none. */
async function byConnections({ comets: [first, second] }: Cluster): Promise<RoleProcess[]> {
  const { comet_connections: connections } = await first.metrics();
  return connections === CLIENTS ? [first, second] : [second, first];
}

function note(text: string): void {
  console.log(`rooms with history: ${text}`);
}
