import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { scriptArgs } from "../../platform/select.ts";
import { Audience, TALKED_ROOMS } from "../support/audience.ts";
import { urlOf } from "../support/client_events.ts";
import { Cluster } from "../support/cluster.ts";
import { KEPT_ROOMS, LogTraffic } from "../support/log_traffic.ts";
import type { RoleProcess } from "../support/role_process.ts";
import { until } from "../support/until.ts";

/** As many as the environment says, to look at more than a test has time for. */
const CLIENTS = Number(process.env.FAULT_CLIENTS ?? 30);
const TALKERS = Number(process.env.FAULT_TALKERS ?? 10);
/** How often each process is restarted. */
const ROUNDS = Number(process.env.FAULT_ROUNDS ?? 1);

const limits = { timeout: 60_000 + ROUNDS * 60_000 };

/** `halley drain`, on this same runtime. */
async function drain(...flags: string[]): Promise<string> {
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const args = [...scriptArgs, "mod.ts", "drain", ...flags];
  return (await promisify(execFile)(process.execPath, args, { cwd })).stdout;
}

/** Counts that say that somebody was turned away. */
async function refusals({ comets, logics }: Cluster): Promise<Record<string, number>> {
  const all: Record<string, number> = {};
  for (const role of [...comets, ...logics]) {
    for (const [name, value] of Object.entries(await role.metrics())) {
      const isRefusal = /^comet_.*(refused|failures|timeouts)_.*total$/.test(name) &&
        !/accept_failures|logic_failures/.test(name);
      if (isRefusal && value > 0) all[`${role.name} ${name}`] = value;
    }
  }
  return all;
}

test(
  "comets, logics and jobs are replaced one after the other: nothing lost, nothing twice, nobody refused",
  limits,
  async () => {
    const cluster = await Cluster.start({
      ...{ comets: 2, logics: 2, jobs: 2 },
      config: KEPT_ROOMS + TALKED_ROOMS,
    });
    const { clientPorts: comets, pushTargets: logics } = cluster;
    const traffic = new LogTraffic({ comets, logics, clients: CLIENTS, rooms: 2 });
    const urls = comets.map(({ ws }) => urlOf(ws));
    const audience = new Audience({ urls, clients: TALKERS, perSecond: 30 });
    const [http] = cluster.logics.map(({ addresses }) => addresses.http);
    const found: Record<string, number> = {};
    /** What was found of who was turned away is gone with the process. */
    const replace = async (role: RoleProcess, end: () => Promise<unknown>) => {
      Object.assign(found, await refusals(cluster));
      const { ended } = role;
      await end();
      assert.equal(await ended, "0", role.tail());
      await role.start();
      await traffic.pushed(5);
      await audience.accepts(5);
    };
    const signal = async (role: RoleProcess) => role.signal("SIGTERM");
    try {
      await traffic.start();
      await audience.joined();
      audience.start();
      for (let round = 0; round < ROUNDS; round++) {
        for (const job of cluster.jobs) await replace(job, () => signal(job));
        const [first, second] = cluster.logics;
        await replace(first, () => signal(first));
        await replace(second, () => drain("--target", second.addresses.http));
        const { moves } = traffic.followers;
        const [one, other] = cluster.comets;
        await replace(one, () => signal(one));
        await traffic.followers.joined();
        const said = await drain("--target", http, "--comet", other.name);
        assert.match(
          said,
          /comet-1~\w+: \d+ connections are left\n(.*\n)*comet-1~\w+ has ended\n$/,
        );
        await until("its end", () => other.upMs === undefined);
        await other.start();
        await traffic.followers.joined();
        assert.ok(traffic.followers.moves >= moves + CLIENTS, "all were sent elsewhere in time");
      }
      const { gaps, epochs } = await traffic.check();
      await audience.check();
      Object.assign(found, await refusals(cluster));
      assert.deepEqual(found, {}, "nobody was turned away");
      assert.equal(traffic.followers.refusals, 0);
      assert.deepEqual([gaps, epochs, audience.gaps, audience.failed], [0, 0, [], 0]);
      assert.equal(audience.reconnects, 0, "those of the library were connected all the time");
      const { repeats, followers: { losses } } = traffic;
      console.log(`rolling restart: ${losses} moves, ${repeats} pushes were sent again`);
      cluster.checkMemory();
    } catch (error) {
      console.log(cluster.tails());
      throw error;
    } finally {
      audience.close();
      await traffic.stop();
      await cluster.stop();
    }
  },
);
