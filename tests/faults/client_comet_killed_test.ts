import assert from "node:assert/strict";
import { test } from "node:test";
import { Audience, TALKED_ROOMS } from "../support/audience.ts";
import { urlOf } from "../support/client_events.ts";
import { Cluster } from "../support/cluster.ts";
import { until } from "../support/until.ts";

/** For how long comets are killed, one each five seconds; the environment may say a minute. */
const RUN_MS = Number(process.env.FAULT_SECONDS ?? 10) * 1_000;
const EVERY_MS = 5_000;

const limits = { timeout: RUN_MS + 60_000 };

test(
  "50 clients talk while their comets are killed: each hears all, each failure is told",
  limits,
  async () => {
    const cluster = await Cluster.start({ comets: 2, jobs: 1, config: TALKED_ROOMS });
    const urls = cluster.clientPorts.map(({ ws }) => urlOf(ws));
    const audience = new Audience({ urls, clients: 50, perSecond: 20 });
    try {
      await audience.joined();
      audience.start();
      const beganMs = performance.now();
      let kills = 0;
      while (performance.now() < beganMs + RUN_MS) {
        const comet = cluster.comets[kills % 2];
        const nextMs = beganMs + ++kills * EVERY_MS;
        const { reconnects } = audience;
        await comet.kill();
        await until("clients to leave it", () => audience.reconnects > reconnects);
        await comet.start();
        await until("the next kill", () => performance.now() >= nextMs);
      }
      await audience.check();
      assert.deepEqual(audience.gaps, []);
      const { accepted, failed, reconnects } = audience;
      const counts = `${accepted} were accepted, ${failed} failed`;
      console.log(`${kills} kills, ${reconnects} reconnects: of all messages ${counts}`);
      cluster.checkMemory();
    } catch (error) {
      console.log(cluster.tails());
      throw error;
    } finally {
      audience.close();
      await cluster.stop();
    }
  },
);
