import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cluster } from "../support/cluster.ts";
import { until } from "../support/until.ts";
import { type Faults, faultSuite } from "../support/fault_suite.ts";
import type { RoleProcess } from "../support/role_process.ts";

const KILLS = 10;

/** How often a job stands still at most, until it is refused. */
const STOPS_MAX = 6;

/** A lease runs for 3 s after its owner's last sign, and others look every second. */
const TAKEOVER_MS_MAX = 10_000;

/** What a comet counts that it refuses because of an old fencing token. */
const REFUSED = "comet_deliveries_fenced_total";

/** The job that delivers the pushes to a room, as soon as there is one. */
async function ownerOf(cluster: Cluster, room: string): Promise<RoleProcess> {
  let owner: RoleProcess | undefined;
  await until(`a job that delivers to ${room}`, async () => {
    owner = await cluster.ownerOf(room);
    return owner !== undefined;
  });
  return owner!;
}

/** A counter over some processes. */
async function sumOf(roles: readonly RoleProcess[], metric: string): Promise<number> {
  const counts = await Promise.all(roles.map((role) => role.metrics()));
  return counts.reduce((sum, one) => sum + one[metric], 0);
}

/** Has a job with pushes in hand stand still until another has its lease, and says how long that was. */
async function standStill({ cluster, traffic }: Faults): Promise<number> {
  const { room } = traffic.members[0];
  const stopped = await ownerOf(cluster, room);
  const before = await stopped.metrics();
  // A comet that takes nothing leaves the job with more than the batch on its way.
  const [comet] = cluster.comets;
  comet.signal("SIGSTOP");
  await until("pushes that wait", async () => (await stopped.metrics()).job_lane_bytes > 4_000);
  const stoppedMs = performance.now();
  stopped.signal("SIGSTOP");
  comet.signal("SIGCONT");
  await until("another job to take over", async () => {
    const owner = await cluster.ownerOf(room);
    return owner !== undefined && owner !== stopped;
  });
  stopped.signal("SIGCONT");
  await until("the job to find out and to deliver again", async () => {
    const after = await stopped.metrics();
    return after.job_leases_lost_total > before.job_leases_lost_total &&
      after.job_leases_total > before.job_leases_total;
  });
  return await traffic.recovered(stoppedMs);
}

faultSuite("a job", { logics: 2, comets: 3, jobs: 2 }, (run) => {
  const timeout = 120_000;

  test(
    "that owns a partition is killed ten times: no push is lost, doubled or out of order",
    { timeout },
    run(async ({ cluster, traffic, note }) => {
      const { room } = traffic.members[0];
      const recoveries: number[] = [];
      const restarts: Promise<void>[] = [];
      const [comet] = cluster.comets;
      for (let kill = 0; kill < KILLS; kill++) {
        const owner = await ownerOf(cluster, room);
        // Every other time with pushes in hand, which only some comets have taken.
        const inHand = kill % 2 === 1;
        if (inHand) {
          comet.signal("SIGSTOP");
          await until(
            "pushes that wait",
            async () => (await owner.metrics()).job_lane_bytes > 4_000,
          );
        }
        const killedMs = performance.now();
        await owner.kill();
        if (inHand) comet.signal("SIGCONT");
        restarts.push(owner.start());
        recoveries.push(await traffic.recovered(killedMs));
      }
      await Promise.all(restarts);
      const repeated = await sumOf(cluster.comets, "comet_frames_repeated_total");
      note(
        `recovered ${recoveries.join(", ")} ms after each SIGKILL of the owner; ` +
          `${repeated} frames came to comets once more`,
      );
      assert.ok(repeated > 0, "no push was sent again: the kills missed");
      assert.ok(Math.max(...recoveries) < TAKEOVER_MS_MAX);
    }),
  );

  test(
    "that is stopped for longer than its lease, with pushes in hand, is refused when it goes on",
    { timeout },
    run(async (faults) => {
      const { cluster, note } = faults;
      const counted = async () => [
        await sumOf(cluster.comets, REFUSED),
        await sumOf(cluster.jobs, "job_fenced_total"),
      ];
      const before = await counted();
      let after = before;
      const recoveries: number[] = [];
      // Comets close their links to a job that is silent for about as long as a lease: where they
      // are first, it knows that its lease is lost before it can send anything.
      while (after.some((count, index) => count === before[index])) {
        assert.ok(recoveries.length < STOPS_MAX, "it was never refused");
        recoveries.push(await standStill(faults));
        after = await counted();
      }
      const [refused, fenced] = after.map((count, index) => count - before[index]);
      note(
        `recovered ${recoveries.join(", ")} ms after each SIGSTOP; ` +
          `comets refused ${refused} deliveries, ${fenced} pushes of the stopped job`,
      );
      assert.ok(Math.max(...recoveries) < TAKEOVER_MS_MAX);
    }),
  );
});
