import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddress } from "../../options/address.ts";
import { randomBelow, seededPrng } from "../../base/prng.ts";
import { until } from "../support/until.ts";
import { CuttingProxy } from "../support/cutting_proxy.ts";
import { faultSuite } from "../support/fault_suite.ts";

/** Connections that are cut between jobs and comets, and between comets and logics. */
const CUTS = { toComets: 16, toLogics: 11 } as const;

/** Clients that move meanwhile. */
const MOVES = 40;

/** Most bytes that a connection lives for: a batch or two of pushes. */
const BYTES_MAX = 3_000;

/** Waits between dials grow up to 2.6 s. */
const RECOVERY_MS_MAX = 10_000;

const toComets: CuttingProxy[] = [];
const toLogics: CuttingProxy[] = [];

/** A proxy in front of an address. */
async function proxyTo(address: string, proxies: CuttingProxy[]): Promise<string> {
  const proxy = await CuttingProxy.start(parseAddress(address)!.port, seededPrng(proxies.length));
  proxies.push(proxy);
  return proxy.address;
}

function cutsOf(proxies: readonly CuttingProxy[]): number {
  return proxies.reduce((sum, { cuts }) => sum + cuts, 0);
}

const options = {
  logicAddresses: (rpc: readonly string[]) =>
    Promise.all(rpc.map((address) => proxyTo(address, toLogics))),
  cometFlags: async (_index: number, rpc: string) => ({
    "advertise-rpc": await proxyTo(rpc, toComets),
  }),
  stop: async () => {
    await Promise.all([...toComets, ...toLogics].map((proxy) => proxy.stop()));
  },
};

faultSuite("RPC through a network that cuts", options, (run) => {
  test(
    "from job to comet in mid-frame, again and again: each push arrives once and in order",
    { timeout: 60_000 },
    run(async ({ cluster, traffic, note }) => {
      for (const proxy of toComets) proxy.cut(BYTES_MAX);
      let repeated = 0;
      await until("cuts, and batches that are sent again", async () => {
        const counts = await Promise.all(cluster.comets.map((comet) => comet.metrics()));
        repeated = counts.reduce((sum, one) => sum + one.comet_frames_repeated_total, 0);
        return cutsOf(toComets) >= CUTS.toComets && repeated > 0;
      });
      const healedMs = performance.now();
      for (const proxy of toComets) proxy.heal();
      const recoveredMs = await traffic.recovered(healedMs);
      const cuts = cutsOf(toComets);
      note(
        `recovered ${recoveredMs} ms after the last of ${cuts} cuts between job and comet; ` +
          `${repeated} frames came to comets once more`,
      );
      assert.ok(traffic.connections.every(({ closedMs }) => closedMs === undefined));
      assert.ok(recoveredMs < RECOVERY_MS_MAX);
    }),
  );

  test(
    "from comet to logic in mid-frame while clients come and go: all get in, and miss nothing",
    { timeout: 60_000 },
    run(async ({ cluster, traffic, note }) => {
      const before = cutsOf(toLogics);
      for (const proxy of toLogics) proxy.cut(BYTES_MAX);
      let moves = 0;
      await until("cuts, and clients that move", () => {
        const member = traffic.members[randomBelow(traffic.prng, traffic.members.length)];
        if (member.connection !== undefined) {
          member.move(randomBelow(traffic.prng, cluster.comets.length));
          moves++;
        }
        return cutsOf(toLogics) - before >= CUTS.toLogics && moves >= MOVES;
      });
      const healedMs = performance.now();
      for (const proxy of toLogics) proxy.heal();
      await until("all clients", () => traffic.members.every(({ connection }) => connection));
      const recoveredMs = await traffic.recovered(performance.now());
      const inAfterMs = performance.now() - healedMs;
      await until("the counts of who is online", async () => {
        const total = await cluster.call(0, "GET", "online/total") as { conn_count: number };
        return total.conn_count === traffic.members.length;
      });
      const cuts = cutsOf(toLogics) - before;
      note(
        `all of ${moves} clients that moved were in ${Math.round(inAfterMs)} ms after the last ` +
          `of ${cuts} cuts between comet and logic`,
      );
      assert.ok(recoveredMs < RECOVERY_MS_MAX);
    }),
  );
});
