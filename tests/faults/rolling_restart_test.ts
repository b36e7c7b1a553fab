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
import type { RoleProcess } from "../support/role_process.ts";
import { jsonOf, type SimProcess, startSim } from "../support/sim_process.ts";
import { until } from "../support/until.ts";

/** As many as the environment says, to look at more than a test has time for. */
const CLIENTS = Number(process.env.FAULT_CLIENTS ?? 30);
const TALKERS = Number(process.env.FAULT_TALKERS ?? 10);
/** Pushes a second. */
const RATE = process.env.FAULT_RATE ?? "50";
const DRAIN_WINDOW = process.env.FAULT_DRAIN_WINDOW ?? "1s";
/** How often each process is restarted. */
const ROUNDS = Number(process.env.FAULT_ROUNDS ?? 1);

const limits = { timeout: 60_000 + ROUNDS * 100_000 };

/** Publishes that a busy machine has held up come many at once. */
const CONFIG =
  '[upstream]\npublish-rate = 0\npublish-mid-rate = 0\n[[rooms]]\ntype = "sim"\nhistory-size = 10000\n' +
  TALKED_ROOMS;

/** `halley sim`, on this same runtime, until it is told to end. */
function startRolling({ comets, logics }: Cluster): SimProcess {
  const targets = comets.flatMap(({ addresses: { tcp, websocket } }) => [
    `tcp://${tcp}`,
    `ws://${new URL(websocket).host}`,
  ]);
  const apis = logics.map(({ addresses: { http } }) => http);
  const flags = ["--rooms", "2", "--rooms-each", "2", "--heartbeat", "8s", "--duration", "1h"];
  return startSim(
    [
      ...[
        "--scenario",
        "rolling",
        "--json",
        "--clients",
        String(CLIENTS),
        "--rate",
        RATE,
        ...flags,
      ],
      ...["--target", targets.join(), "--api", apis.join()],
    ],
    {},
    limits.timeout,
  );
}

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
      config: CONFIG,
      cometFlags: () => Promise.resolve({ "drain-window": DRAIN_WINDOW }),
    });
    const sim = startRolling(cluster);
    const urls = cluster.clientPorts.map(({ ws }) => urlOf(ws));
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
      await audience.accepts(5);
    };
    const signal = async (role: RoleProcess) => role.signal("SIGTERM");
    try {
      await audience.joined();
      await until("clients of the simulator", () => /^all stay/m.test(sim.stderr()), 60_000);
      audience.start();
      for (let round = 0; round < ROUNDS; round++) {
        for (const job of cluster.jobs) await replace(job, () => signal(job));
        const [first, second] = cluster.logics;
        await replace(first, () => signal(first));
        await replace(second, () => drain("--target", second.addresses.http));
        const [one, other] = cluster.comets;
        await replace(one, () => signal(one));
        const said = await drain("--target", http, "--comet", other.name);
        assert.match(
          said,
          /comet-1~\w+: \d+ connections are left\n(.*\n)*comet-1~\w+ has ended\n$/,
        );
        await until("its end", () => other.upMs === undefined);
        await other.start();
      }
      process.kill(sim.pid, "SIGINT");
      await audience.check();
      const run = await sim.ended;
      assert.equal(run.code, 0, `${run.stdout}\n${run.stderr}`);
      Object.assign(found, await refusals(cluster));
      assert.deepEqual(found, {}, "nobody was turned away");
      assert.deepEqual([audience.gaps, audience.failures], [[], []]);
      assert.equal(audience.reconnects, 0, "those of the library were connected all the time");
      const seen = jsonOf(run);
      assert.deepEqual([seen.closed_1001, seen.connect_retries], [0, undefined]);
      assert.equal(seen.client_failures.join("\n"), "");
      const moved = seen.moved as number;
      // Those of both comets, each as its comet goes.
      assert.ok(moved >= ROUNDS * CLIENTS * 1.5, `${moved} were sent elsewhere in time`);
      console.log(`rolling restart: ${run.stdout}`);
      cluster.checkMemory();
    } catch (error) {
      console.log(cluster.tails(), sim.stderr());
      throw error;
    } finally {
      audience.close();
      await sim.stop();
      await cluster.stop();
    }
  },
);
