import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { Cluster } from "../support/cluster.ts";
import { KEPT_ROOMS, LogTraffic } from "../support/log_traffic.ts";
import type { RoleProcess } from "../support/role_process.ts";
import { until } from "../support/until.ts";

/** As many as the environment says, to look at more than a test has time for. */
const CLIENTS = Number(process.env.FAULT_CLIENTS ?? 30);

/** For how long a comet stands still in the middle, and Redis is away, in milliseconds. */
const STOPPED_MS = Number(process.env.FAULT_STOPPED_MS ?? 1_000);

/** How many stay with a comet that sends them elsewhere. */
const STAY_PUT = 5;

const limits = { timeout: 90_000 };

interface Faults {
  readonly cluster: Cluster;
  readonly traffic: LogTraffic;
  /** The comet that has all clients, and the one that they are to go to. */
  readonly going: RoleProcess;
  readonly other: RoleProcess;
}

async function standStill(): Promise<void> {
  const sinceMs = performance.now();
  await until("some time", () => performance.now() > sinceMs + STOPPED_MS, 60_000);
}

/** Settles when some clients have been told to go, and not all. */
async function inTheMiddle({ going, other }: Faults): Promise<void> {
  await until("some to have moved", async () => (await other.metrics()).comet_connections > 0);
  const { comet_connections: left } = await going.metrics();
  assert.ok(left > 0, "some are still there");
}

/** Whoever connects to a port all the time, and says nothing. */
class Strangers {
  refused = 0;
  readonly #sockets: Socket[] = [];
  readonly #timer;

  constructor(port: number) {
    this.#timer = setInterval(() => {
      for (let count = 0; count < 5; count++) {
        const socket = connect(port, "127.0.0.1");
        socket.on("error", () => this.refused++);
        this.#sockets.push(socket);
      }
    }, 25);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
  }
}

describe("a comet that is drained", () => {
  let cluster: Cluster;
  let traffic: LogTraffic;
  before(async () => {
    cluster = await Cluster.start({ comets: 2, logics: 1, jobs: 1, config: KEPT_ROOMS });
    const { clientPorts: comets, pushTargets: logics } = cluster;
    traffic = new LogTraffic({ comets, logics, clients: CLIENTS, rooms: 2, stayPut: STAY_PUT });
    await traffic.start();
  });
  after(async () => {
    await traffic?.stop();
    await cluster?.stop();
  });

  /** Drains the comet that has the clients; behind it nobody misses anything. */
  const run = (wantedEnd: string, fault: (faults: Faults) => Promise<void>) => async () => {
    try {
      const [first, second] = cluster.comets;
      const { comet_connections: here } = await first.metrics();
      const faults = { cluster, traffic, going: first, other: second };
      if (here < CLIENTS) [faults.going, faults.other] = [second, first];
      const { ended } = faults.going;
      faults.going.signal("SIGTERM");
      await fault(faults);
      assert.equal(await ended, wantedEnd, faults.going.tail());
      await traffic.pushed(5);
      await traffic.followers.joined();
      const { gaps, epochs } = await traffic.check();
      assert.deepEqual([gaps, epochs], [0, 0]);
      cluster.checkMemory();
    } catch (error) {
      console.log(cluster.tails());
      throw error;
    }
  };

  test(
    "goes, though it stands still and Redis is away, strangers flood it, clients stay put, and the other goes as well",
    limits,
    run("0", async (faults) => {
      const { going, other, cluster: { redis, logics: [{ addresses: { http } }] } } = faults;
      const strangers = new Strangers(Number(going.addresses.tcp.split(":")[1]));
      try {
        await inTheMiddle(faults);
        // Asked again it says how far it is, and goes on.
        const body = JSON.stringify({ server: going.name });
        const asked = await (await fetch(`${http}/v1/drain`, { method: "POST", body })).json();
        assert.deepEqual([asked.code, asked.data.server.split("~")[0]], [0, going.name]);
        going.signal("SIGSTOP");
        await standStill();
        going.signal("SIGCONT");
        await redis.signal("SIGSTOP");
        await standStill();
        await redis.signal("SIGCONT");
        await until("all but those who stay to have moved", async () => {
          return (await other.metrics()).comet_connections >= CLIENTS - STAY_PUT;
        });
        assert.ok(strangers.refused > 0);
        assert.ok((await going.metrics()).comet_connections >= STAY_PUT);
      } finally {
        strangers.stop();
      }
      // There is no other: its clients come to the next one.
      const { ended } = other;
      other.signal("SIGTERM");
      assert.equal(await ended, "0", other.tail());
      await other.start();
      await going.ended;
      await going.start();
    }),
  );

  test(
    "may be killed in the middle of it",
    limits,
    run("SIGKILL", async (faults) => {
      await inTheMiddle(faults);
      faults.going.signal("SIGKILL");
    }),
  );
});
