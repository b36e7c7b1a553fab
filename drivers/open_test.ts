import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../base/clock.ts";
import { seededPrng } from "../base/prng.ts";
import {
  startClusterStore,
  type StartedStore,
  startRedisStore,
  startUpstashStore,
} from "../tests/support/redis_stores.ts";
import { freePort } from "../tests/support/free_port.ts";
import { openDrivers } from "./open.ts";
import { StoreUnavailable } from "./ports.ts";

const options = {
  clock: systemClock,
  running: systemClock,
  prng: seededPrng(1),
  partitions: 4,
  partitionBytesMax: 1_000_000,
};
const starts = {
  redis: startRedisStore,
  "redis cluster": startClusterStore,
  upstash: startUpstashStore,
};

describe("openDrivers()", () => {
  async function withStore(start: () => Promise<StartedStore>, run: (at: StartedStore) => unknown) {
    const started = await start();
    try {
      await run(started);
    } finally {
      await started.stop();
    }
  }

  for (const [name, start] of Object.entries(starts)) {
    it(`opens all drivers over ${name}`, async () => {
      await withStore(start, async ({ url, token }) => {
        const drivers = await openDrivers(url, { ...options, token });
        const { pushLog, nodes, sessions } = drivers;
        assert.equal(pushLog.partitions, 4);
        const lease = await pushLog.acquire(1, "job~1");
        assert.ok(lease !== undefined);
        const body = Uint8Array.from({ length: 256 }, (_, byte) => byte);
        const message = { kind: "room", room: "live://1", operation: 1_000, body } as const;
        const position = await pushLog.append(1, message);
        const [entry] = await pushLog.read(lease, 10);
        assert.equal(entry.position, position);
        assert.deepEqual(new Uint8Array(entry.message.body), body);

        await nodes.register({
          server: "comet~1",
          name: "comet",
          region: "",
          zone: "",
          env: "",
          hostname: "",
          addresses: [],
          rpc: "",
          version: "",
          weight: 1,
          offline: false,
        });
        const session = { server: "comet~1", connectionId: 1, mid: 7n, key: "x" };
        const limits = { perMidMax: 1, perKeyMax: 1, whenFull: "refuse" } as const;
        assert.ok((await sessions.add(session, limits)).added);
        assert.deepEqual(await sessions.byMids([7n]), [session]);
        assert.equal(drivers.counters.interruptions, 0);
        await drivers.close();
        await assert.rejects(nodes.live(), StoreUnavailable);
      });
    });
  }

  it("refuses another number of partitions than others use", async () => {
    await withStore(startUpstashStore, async ({ url, token }) => {
      await (await openDrivers(url, { ...options, token })).close();
      await assert.rejects(
        openDrivers(url, { ...options, token, partitions: 5 }),
        /partitions must be 4/,
      );
    });
  });

  it("says whether it is worth asking again", async () => {
    const port = await freePort();
    for (const url of [`redis://127.0.0.1:${port}`, `http://127.0.0.1:${port}`]) {
      await assert.rejects(openDrivers(url, { ...options, token: "any" }), StoreUnavailable);
    }
    await withStore(startUpstashStore, async ({ url }) => {
      for (const token of ["wrong", undefined]) {
        await assert.rejects(openDrivers(url, { ...options, token }), (error: Error) => {
          assert.ok(!(error instanceof StoreUnavailable));
          assert.match(error.message, /token/);
          return true;
        });
      }
    });
    await assert.rejects(openDrivers("ftp://127.0.0.1", options), /Cannot read URL of Redis/);
  });
});
