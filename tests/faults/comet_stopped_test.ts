import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cluster } from "../support/cluster.ts";
import { until } from "../support/until.ts";
import { faultSuite } from "../support/fault_suite.ts";
import type { ConnectionRecord } from "../support/push_checker.ts";

/** How long the comet is stopped, and how long before is measured to compare, in milliseconds. */
const STOPPED_MS = 4_000;
const BEFORE_MS = 2_000;

/** How much longer half of the pushes to the other comets may take: so many times, and more. */
const TIMES_MAX = 5;
const SLACK_MS = 50;

/**
 * How long any push may be held up by a comet that is stopped for much longer, in milliseconds; a
 * busy machine alone holds up some by a good part of that.
 */
const HELD_UP_MS_MAX = 1_500;

/** Pushes that jobs have dropped because a comet was slow. */
async function shedBy(cluster: Cluster): Promise<number> {
  const counts = await Promise.all(cluster.jobs.map((job) => job.metrics()));
  return counts.reduce((sum, one) => sum + one.job_shed_total, 0);
}

/** Whether jobs have brought to their comets what waited for long. */
async function isDrained(cluster: Cluster): Promise<boolean> {
  const counts = await Promise.all(cluster.jobs.map((job) => job.metrics()));
  return counts.every((one) => one.job_lane_bytes < 1024 * 1024);
}

/** The value below which a share of ascending values lies. */
function quantile(ascending: readonly number[], share: number): number {
  assert.ok(ascending.length > 100, `${ascending.length} latencies are too few`);
  return ascending[Math.floor((ascending.length - 1) * share)];
}

faultSuite("a comet", {}, (run) => {
  test(
    "that stops reading holds up nobody else, and gives its clients all they missed",
    { timeout: 60_000 },
    run(async ({ cluster, traffic, note }) => {
      const [stopped] = cluster.comets;
      const held = new Set(traffic.on(0).map(({ connection }) => connection));
      const elsewhere = (connection: ConnectionRecord) => !held.has(connection);
      const startMs = performance.now();
      await until("pushes to compare with", () => performance.now() > startMs + BEFORE_MS);
      const stoppedMs = performance.now();
      stopped.signal("SIGSTOP");
      const recoveredMs = await traffic.recovered(stoppedMs, elsewhere);
      await until("some time", () => performance.now() > stoppedMs + STOPPED_MS);
      const continuedMs = performance.now();
      stopped.signal("SIGCONT");
      const allMs = await traffic.recovered(stoppedMs) + stoppedMs - continuedMs;

      const before = traffic.latencies(startMs, stoppedMs, elsewhere);
      const during = traffic.latencies(stoppedMs, continuedMs, elsewhere);
      const figures = [before, during].map((latencies) =>
        [0.5, 0.99, 1].map((share) => quantile(latencies, share))
      );
      const text = figures.map((times) => times.map((ms) => ms.toFixed(1)).join("/"));
      note(
        `recovered ${recoveredMs} ms after SIGSTOP of a comet for the clients of the others, ` +
          `whose pushes took ${text[0]} ms before and ${text[1]} ms meanwhile (50/99/100 %); ` +
          `its own had all ${Math.round(allMs)} ms after SIGCONT`,
      );
      const [[usualMs], [medianMs, , worstMs]] = figures;
      assert.ok(medianMs < usualMs * TIMES_MAX + SLACK_MS, `${text[0]} became ${text[1]}`);
      assert.ok(worstMs < HELD_UP_MS_MAX, `${text[0]} became ${text[1]}`);
      assert.ok(traffic.connections.every(({ closedMs }) => closedMs === undefined));
    }),
  );

  test(
    "that takes nothing while more is pushed than may wait for it loses pushes, and nobody else does",
    { timeout: 60_000 },
    run(async ({ cluster, traffic, note }) => {
      const [stopped] = cluster.comets;
      const held = traffic.on(0);
      const connections = new Set(held.map(({ connection }) => connection));
      const elsewhere = (connection: ConnectionRecord) => !connections.has(connection);
      stopped.signal("SIGSTOP");
      const stoppedMs = performance.now();
      await until("a while", () => performance.now() > stoppedMs + 1_500);
      const fatMs = performance.now();
      let fatPushes = 0;
      const pushFat = async () => {
        const room = `push/room?operation=1&type=fat&room=${fatPushes}`;
        await cluster.call(fatPushes++ % 2, "POST", room, "x".repeat(60_000));
      };
      // Faster than the comet is given up.
      while (await shedBy(cluster) === 0) await Promise.all(Array.from({ length: 20 }, pushFat));
      const recoveredMs = await traffic.recovered(fatMs, elsewhere);
      stopped.signal("SIGCONT");
      const during = traffic.latencies(fatMs, performance.now(), elsewhere);
      const worstMs = Math.round(during.at(-1)!);
      note(
        `${fatPushes} pushes of 60 kB filled the lanes of a stopped comet; ` +
          `meanwhile a push to the others took ${worstMs} ms at most`,
      );
      assert.ok(recoveredMs < HELD_UP_MS_MAX && worstMs < HELD_UP_MS_MAX);
      // While a lane is full, more is shed.
      await until("the lanes to be drained", () => isDrained(cluster));
      // They have missed some, as the counter says, and begin anew.
      traffic.excuse(connections);
      for (const member of held) member.move(0);
      await until(
        "its clients to be back",
        () =>
          held.every(({ connection }) => connection !== undefined && !connections.has(connection)),
      );
      await traffic.recovered(performance.now());
    }),
  );

  test(
    "that the cluster had given up closes its clients, who come back and miss nothing from then on",
    { timeout: 60_000 },
    run(async ({ cluster, traffic, note }) => {
      const [stopped] = cluster.comets;
      const held = traffic.on(0);
      const before = held.map(({ connection }) => connection!);
      assert.ok(held.length > 0);
      stopped.signal("SIGSTOP");
      await until("the cluster to give the comet up", async () => {
        const counts = await Promise.all(cluster.logics.map((logic) => logic.metrics()));
        const jobs = await Promise.all(cluster.jobs.map((job) => job.metrics()));
        return counts.every((one) => one.cluster_comets === cluster.comets.length - 1) &&
          jobs.every((one) =>
            one.job_comets === cluster.comets.length - 1 && one.job_gone_total > 0
          );
      });
      for (const member of held) member.stay();
      const continuedMs = performance.now();
      stopped.signal("SIGCONT");
      await until(
        "its clients to be closed",
        () => before.every(({ closedMs }) => closedMs !== undefined),
      );
      await until("its clients to be back", () => traffic.on(0).length === held.length);
      const backMs = performance.now() - continuedMs;
      const recoveredMs = await traffic.recovered(continuedMs);
      note(
        `${held.length} clients were back on a comet ${Math.round(backMs)} ms after it went on; ` +
          `recovered after ${recoveredMs} ms`,
      );
    }),
  );
});
