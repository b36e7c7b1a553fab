import assert from "node:assert/strict";
import { test } from "node:test";
import { NODE_LEASE_MS } from "../../protocol/cluster/comet_node.ts";
import { until } from "../support/until.ts";
import { type Faults, faultSuite } from "../support/fault_suite.ts";

/** From the moment that Redis is back: connections are tried again every second at most. */
const RECOVERY_MS_MAX = 10_000;

/**
 * Does something to Redis and checks that everyone goes on when it is back.
 *
 * @param away Settles when Redis is back.
 */
async function withoutRedis(
  { cluster, traffic, note }: Faults,
  what: string,
  away: () => Promise<void>,
): Promise<void> {
  const connections = traffic.connections.length;
  const pushes = traffic.pushes.length;
  await traffic.recovered(performance.now());
  await away();
  const backMs = performance.now();
  const recoveredMs = await traffic.recovered(backMs);
  const during = traffic.pushes.slice(pushes).filter(({ sentMs }) => sentMs < backMs);
  const failed = during.filter(({ acceptedMs }) => acceptedMs === undefined).length;
  assert.equal(traffic.connections.length, connections, "all clients stayed");
  assert.ok(traffic.connections.every(({ closedMs }) => closedMs === undefined));
  const beatenMs = traffic.members.map(({ beatenMs }) => performance.now() - beatenMs);
  assert.ok(Math.max(...beatenMs) < 5_000, "heartbeats were answered");
  const grown = ["logic", "job", "comet"].map((role) => `${role} ${cluster.growthMiB(role)}`);
  note(
    `recovered ${recoveredMs} ms after ${what}; of ${during.length} pushes, ${failed} failed; ` +
      `memory grew by (MiB) ${grown.join(", ")}`,
  );
  assert.ok(recoveredMs < RECOVERY_MS_MAX);
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

faultSuite("Redis", {}, (run) => {
  test(
    "is stopped for 5 s",
    { timeout: 60_000 },
    run((faults) =>
      withoutRedis(faults, "5 s without an answer of Redis", async () => {
        await faults.cluster.redis.signal("SIGSTOP");
        await pause(5_000);
        await faults.cluster.redis.signal("SIGCONT");
      })
    ),
  );

  test(
    "is killed and started again after 3 s with what it had written",
    { timeout: 60_000 },
    run((faults) =>
      withoutRedis(faults, "the restart of Redis", async () => {
        await faults.cluster.redis.signal("SIGKILL");
        await pause(3_000);
        await faults.cluster.redis.restart();
      })
    ),
  );

  test(
    "is away for longer than any lease: pushes fail, clients stay, and no process grows",
    { timeout: 90_000 },
    run(async (faults) => {
      const { cluster, traffic } = faults;
      await withoutRedis(faults, "a long time without Redis", async () => {
        await cluster.redis.signal("SIGKILL");
        const goneMs = performance.now();
        await until(
          "pushes to fail",
          () => traffic.pushes.some(({ sentMs, code }) => sentMs > goneMs && code === -500),
        );
        await pause(NODE_LEASE_MS + 2_000 - (performance.now() - goneMs));
        await cluster.redis.restart();
      });
      await until("the comets to be known", async () => {
        const counts = await Promise.all(cluster.logics.map((logic) => logic.metrics()));
        return counts.every((one) => one.cluster_comets === cluster.comets.length);
      });
      await until("the counts of who is online", async () => {
        const total = await cluster.call(0, "GET", "online/total") as { conn_count: number };
        return total.conn_count === traffic.members.length;
      });
    }),
  );
});
