import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../platform/system_clock.ts";
import { seededPrng } from "../base/prng.ts";
import {
  startClusterStore,
  type StartedStore,
  startRedisStore,
  startUpstashStore,
} from "../tests/support/redis_stores.ts";
import { freePort } from "../tests/support/free_port.ts";
import { testNode } from "../tests/support/test_comet.ts";
import { openDrivers, openStore } from "./open.ts";
import { StoreUnavailable } from "./ports.ts";

type At = Omit<StartedStore, "store">;

const options = {
  clock: systemClock,
  running: systemClock,
  prng: seededPrng(1),
  partitions: 4,
  partitionBytesMax: 1_000_000,
};
const node = { ...testNode("comet~1"), name: "comet" };
const session = { server: "comet~1", connectionId: 1, mid: 7n, key: "x" };
const limits = { perMidMax: 1, perKeyMax: 1, whenFull: "refuse" } as const;
const body = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const message = { kind: "room", room: "live://1", operation: 1_000, body } as const;
const memory = async () => ({ url: "memory:", token: "", stop: async () => {} });
const starts = {
  memory,
  redis: startRedisStore,
  "redis cluster": startClusterStore,
  upstash: startUpstashStore,
};

describe("openDrivers()", () => {
  async function withStore(start: () => Promise<At>, run: (at: At) => unknown) {
    const started = await start();
    try {
      await run(started);
    } finally {
      await started.stop();
    }
  }

  it("opens each port at the URL that it is given, and a URL once", async () => {
    await withStore(startRedisStore, async ({ url }) => {
      const urls = { pushLog: "memory:", nodes: "memory:", sessions: url, moderation: url };
      const drivers = await openDrivers(urls, { ...options, nodeLeaseMs: 7_000 });
      assert.equal(drivers.stores.length, 2);
      assert.equal(drivers.nodes.leaseMs, 7_000);
      await drivers.nodes.register(node);
      assert.ok((await drivers.sessions.add(session, limits)).added);
      assert.deepEqual(await drivers.sessions.byMids([7n]), [session]);
      assert.equal((await drivers.pushLog.append(0, message)).position, 1, "as in memory");
      assert.equal(await drivers.problem(), undefined);
      await drivers.close();
    });
  });

  it("opens sessions in memory on nodes in memory alone", async () => {
    await withStore(startRedisStore, async ({ url }) => {
      const urls = { pushLog: url, nodes: url, sessions: "memory:", moderation: url };
      await assert.rejects(openDrivers(urls, options), /the nodes must be in memory, too/);
    });
  });

  it("leaves a store open whose push log is closed", async () => {
    await withStore(startRedisStore, async ({ url }) => {
      const store = await openStore(url, options);
      const pushLog = await store.openPushLog!(options);
      await pushLog.close();
      await assert.rejects(
        pushLog.append(0, message),
        new StoreUnavailable("Cannot append to push log: it is closed"),
      );
      assert.equal(await store.problem(), undefined);
      await (await store.openNodes!()).live();
      assert.equal(store.counters.interruptions, 0);
      await store.close();
      assert.equal((await store.problem())?.kind, "away");
    });
  });

  for (const [name, start] of Object.entries(starts)) {
    it(`opens all drivers over ${name}`, async () => {
      await withStore(start, async ({ url, token }) => {
        const drivers = await openDrivers(url, { ...options, token });
        const { pushLog, nodes, sessions } = drivers;
        assert.equal(pushLog.partitions, 4);
        const lease = await pushLog.acquire(1, "job~1");
        assert.ok(lease !== undefined);
        const { position } = await pushLog.append(1, message);
        const [entry] = await pushLog.read(lease, 10);
        assert.equal(entry.position, position);
        assert.deepEqual(new Uint8Array(entry.message.body), message.body);

        await nodes.register(node);
        assert.ok((await sessions.add(session, limits)).added);
        assert.deepEqual(await sessions.byMids([7n]), [session]);
        assert.equal(drivers.stores[0].counters.interruptions, 0);
        await drivers.close();
        if (name !== "memory") await assert.rejects(nodes.live(), StoreUnavailable);
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
    await assert.rejects(
      openDrivers("ftp://127.0.0.1", options),
      /Cannot open store: its URL must/,
    );
  });
});
