import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseAddress } from "../../options/address.ts";
import { until } from "../support/until.ts";
import { faultSeed } from "../support/fault_suite.ts";
import { childrenOf, isRunning } from "../support/processes.ts";
import { PushTraffic } from "../support/push_traffic.ts";
import { ANY_PORT, RoleProcess } from "../support/role_process.ts";

const WORKERS = 2;

/** Longer than links between machines wait for a sign of life, in milliseconds. */
const STOPPED_MS = 3_300;
const RECOVERY_MS_MAX = 10_000;

/** Connections of each worker, as logic knows them. */
async function connectionsByWorker(parent: RoleProcess): Promise<number[]> {
  const url = `${parent.addresses.http}/goim/nodes/instances`;
  const { data } = await (await fetch(url)).json() as {
    data: { metadata: { conn_count: string } }[];
  };
  return data.map(({ metadata }) => Number(metadata.conn_count)).sort((a, b) => a - b);
}

/** Runs a server with worker processes under load, and ends all of it whatever happens. */
async function withWorkers(
  use: (
    parent: RoleProcess,
    traffic: PushTraffic,
    note: (text: string) => void,
  ) => Promise<void>,
): Promise<void> {
  const seed = faultSeed();
  const parent = new RoleProcess({
    command: "start",
    name: "parent",
    flags: { workers: String(WORKERS), tcp: ANY_PORT, ws: ANY_PORT, http: ANY_PORT },
    upMessage: "listening",
  });
  let traffic: PushTraffic | undefined;
  let workers: number[] = [];
  try {
    await parent.start();
    workers = await childrenOf(parent.pid!);
    const { tcp, websocket, http } = parent.addresses;
    const ports = { tcp: parseAddress(tcp)!.port, ws: Number(new URL(websocket).port) };
    const { hostname, port } = new URL(http);
    traffic = await PushTraffic.start({
      // Which worker takes a client is the system's choice.
      comets: [ports, ports, ports, ports],
      logics: [{ hostname, port: Number(port) }],
      seed,
    });
    traffic.resume();
    await use(parent, traffic, (text) => console.log(`workers: ${text} (FAULT_SEED=${seed})`));
  } catch (error) {
    console.log(`this run failed (FAULT_SEED=${seed})\n${parent.tail()}`);
    throw error;
  } finally {
    await traffic?.stop();
    if (parent.pid !== undefined) workers.push(...await childrenOf(parent.pid));
    await parent.kill();
    for (const pid of workers) if (await isRunning(pid)) process.kill(pid, "SIGKILL");
  }
}

describe("a server with worker processes", () => {
  test("starts a worker that was killed again, and the others notice nothing", {
    timeout: 60_000,
  }, () =>
    withWorkers(async (parent, traffic, note) => {
      const all = traffic.members.length;
      await until("the counts of both workers", async () => {
        const counts = await connectionsByWorker(parent);
        return counts.length === WORKERS && counts[0] + counts[1] === all;
      });
      const counts = await connectionsByWorker(parent);
      const workers = await childrenOf(parent.pid!);
      assert.equal(workers.length, WORKERS);
      assert.ok(counts[0] > 0, "the system gave each worker some clients");

      const killedMs = performance.now();
      process.kill(workers[0], "SIGKILL");
      await until("its clients to be closed", () =>
        traffic.connections.some(({ closedMs }) => closedMs !== undefined));
      const recoveredMs = await traffic.recovered(killedMs);
      await until("all clients", () =>
        traffic.members.every(({ connection }) => connection));
      const closed = traffic.connections.filter(({ closedMs }) => closedMs !== undefined).length;
      assert.ok(counts.includes(closed), `${closed} of ${counts} connections were closed`);

      await until("a new worker", async () => {
        const present = await childrenOf(parent.pid!);
        return present.length === WORKERS && present.some((pid) => !workers.includes(pid));
      });
      await until("the counts of both workers", async () => {
        const present = await connectionsByWorker(parent);
        return present.length === WORKERS && present[0] + present[1] === all;
      });
      await until("the count in each room", () =>
        traffic.members.every(({ online }) =>
          online === 4
        ));
      await traffic.check();
      note(
        `recovered ${recoveredMs} ms after SIGKILL of a worker with ${closed} of ${all} clients`,
      );
      assert.ok(recoveredMs < RECOVERY_MS_MAX);
    }));

  test("goes on with all clients after each of its processes stood still", {
    timeout: 60_000,
  }, () =>
    withWorkers(async (parent, traffic, note) => {
      await traffic.recovered(performance.now());
      const [worker] = await childrenOf(parent.pid!);
      for (const pid of [parent.pid!, worker]) {
        const stoppedMs = performance.now();
        process.kill(pid, "SIGSTOP");
        await until("some time", () => performance.now() > stoppedMs + STOPPED_MS);
        const continuedMs = performance.now();
        process.kill(pid, "SIGCONT");
        const recoveredMs = await traffic.recovered(continuedMs);
        note(
          `recovered ${recoveredMs} ms after SIGCONT of ${
            pid === worker ? "a" : "the parent of"
          } worker`,
        );
      }
      assert.ok(traffic.connections.every(({ closedMs }) => closedMs === undefined));
      await traffic.check();
    }));

  test(
    "leaves no worker behind when it is killed itself",
    { timeout: 60_000 },
    () =>
      withWorkers(async (parent, traffic, note) => {
        const workers = await childrenOf(parent.pid!);
        assert.equal(workers.length, WORKERS);
        await traffic.recovered(performance.now());
        const killedMs = performance.now();
        await parent.kill();
        for (const pid of workers) {
          await until(`the end of worker ${pid}`, async () => !await isRunning(pid));
        }
        note(`all gone ${Math.round(performance.now() - killedMs)} ms after SIGKILL of the parent`);
        await until(
          "the clients to be closed",
          () => traffic.members.every(({ connection }) => connection === undefined),
        );
      }),
  );
});
