import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { systemClock } from "../../platform/system_clock.ts";
import { seededPrng } from "../../base/prng.ts";
import { withLogLines } from "../../tests/support/log_lines.ts";
import { redisCli, RedisServer } from "../../tests/support/redis_server.ts";
import { testNode } from "../../tests/support/test_comet.ts";
import { openUpstashGateway, type UpstashGateway } from "../../tests/support/upstash_gateway.ts";
import { append, bodies, keepAll, pushOf, readPage } from "../contract/history_model.ts";
import { positions, room, texts } from "../contract/push_log_model.ts";
import { type Drivers, openDrivers } from "../open.ts";
import { type CometNode, type Retention, StoreRefused } from "../ports.ts";

const node: CometNode = { ...testNode("comet~1"), name: "comet" };
const counts = { connections: 1, clientAddresses: 1, rooms: new Map([["live://1", 1]]) };
const limits = { perMidMax: 9, perKeyMax: 9, whenFull: "refuse" } as const;

let server: RedisServer;
let gateway: UpstashGateway;

function open(url: string, clock = systemClock): Promise<Drivers> {
  const partitionBytesMax = 1 << 20;
  const options = { clock, running: clock, prng: seededPrng(1), partitions: 2, partitionBytesMax };
  return openDrivers(url, { ...options, token: "a token" });
}

/** Says how much memory it may use; 1 is full, 0 is no limit. */
const limit = (bytes: number) => redisCli(server.port, "CONFIG", "SET", "maxmemory", String(bytes));

before(async () => {
  server = await RedisServer.start();
  gateway = await openUpstashGateway(server.url);
});
after(async () => {
  await gateway.close();
  await server.stop();
});

for (const way of ["TCP", "REST"]) {
  const url = () => way === "TCP" ? server.url : gateway.url;

  describe(`A full Redis over ${way}`, () => {
    let drivers: Drivers;

    beforeEach(async () => {
      await limit(0);
      await redisCli(server.port, "FLUSHALL");
    });

    const withFull = async (run: () => Promise<void>, prepare = async () => {}) => {
      drivers = await open(url());
      try {
        await prepare();
        await limit(1);
        await run();
      } finally {
        await drivers.close();
      }
    };

    it("refuses pushes, and lets jobs get rid of those that are there", async () => {
      await withFull(async () => {
        const { pushLog, stores: [{ counters }] } = drivers;
        const refused = { name: "StoreRefused", message: /\bOOM\b/ };
        await assert.rejects(pushLog.append(1, room("none")), refused);
        assert.ok(await pushLog.append(1, room("none")).catch((e) => e) instanceof StoreRefused);
        assert.deepEqual([counters.refusals, counters.interruptions], [2, 0]);
        assert.deepEqual(await pushLog.join("job~1"), ["job~1"]);
        const lease = (await pushLog.acquire(0, "job~1"))!;
        assert.equal((await pushLog.acquire(0, "job~1"))!.token, lease.token);
        assert.deepEqual(await pushLog.claim(lease), []);
        const entries = await pushLog.read(lease, 10);
        assert.deepEqual(texts(entries), ["before"]);
        assert.equal((await pushLog.claim(lease)).length, 1);
        await pushLog.ack(lease, positions(entries));
        await pushLog.release(lease);
        await pushLog.leave("job~1");
        assert.deepEqual(await pushLog.lag(), Array(2).fill({ entries: 0, bytes: 0 }));
      }, async () => void await drivers.pushLog.append(0, room("before")));
    });

    const refusesWhole = async (retention: Retention) => {
      const push = pushOf("b", { mediaMs: 1 });
      const options = { retention, publishId: "id" };
      await withFull(async () => {
        const { pushLog } = drivers;
        const keys = await redisCli(server.port, "DBSIZE");
        await assert.rejects(append(pushLog, push, options), StoreRefused);
        await assert.rejects(append(pushLog, pushOf("new", { room: "live://2" })), StoreRefused);
        assert.equal(await redisCli(server.port, "DBSIZE"), keys);
        assert.deepEqual(bodies(await readPage(pushLog)), ["a"]);
        await limit(0);
        assert.equal((await append(pushLog, push, options)).stream?.offset, 2);
        assert.deepEqual(bodies(await readPage(pushLog)), ["a", "b"]);
        assert.deepEqual(bodies(await readPage(pushLog, { fromMs: 0 }, retention)), ["b"]);
      }, async () => void await append(drivers.pushLog, "a"));
    };

    it("refuses a push to a room with history whole, and stores it when there is room", async () => {
      for (const by of ["offset", "media"] as const) {
        await redisCli(server.port, "FLUSHALL");
        await refusesWhole({ ...keepAll, by });
        await limit(0);
      }
    });

    it("keeps comets and clients, and lets others come", async () => {
      const old = { server: node.server, connectionId: 1, mid: 5n, key: "old" };
      await withFull(async () => {
        const { nodes, sessions, stores: [{ counters }] } = drivers;
        await nodes.report(node.server, counts);
        assert.deepEqual((await nodes.list())[0].rooms, counts.rooms);
        const late = { ...node, server: "late~1", name: "late" };
        await nodes.register(late);
        await nodes.report(late.server, { ...counts, rooms: new Map() });
        await sessions.renew([old]);
        const young = { server: late.server, connectionId: 1, mid: 5n, key: "young" };
        assert.ok((await sessions.add(young, limits)).added);
        assert.deepEqual(await sessions.byMids([5n]), [old, young]);
        assert.ok(await sessions.remove(old));
        await nodes.setOffline(node.server);
        await nodes.unregister(node.server);
        assert.deepEqual((await nodes.live()).map(({ name }) => name), ["late"]);
        assert.deepEqual([counters.refusals, counters.interruptions], [0, 0]);
      }, async () => {
        await drivers.nodes.register(node);
        await drivers.sessions.add(old, limits);
      });
    });

    it("lets a process start, with an empty log as well", async () => {
      for (const prepare of [() => limit(1), () => redisCli(server.port, "FLUSHALL")]) {
        await prepare();
        const drivers = await open(url());
        assert.equal(drivers.pushLog.partitions, 2);
        await drivers.close();
      }
    });

    it("is said to throw pushes away where it does", async () => {
      const policy = (name: string) =>
        redisCli(server.port, "CONFIG", "SET", "maxmemory-policy", name);
      await withLogLines(["halley", "redis"], async (lines) => {
        for (const name of ["noeviction", "allkeys-lru", "volatile-ttl"]) {
          await policy(name);
          await (await open(url())).close();
        }
        await policy("noeviction");
        const said = "warning: Redis may throw pushes away: maxmemory-policy must be noeviction, " +
          "it is ";
        assert.deepEqual(lines, [`${said}allkeys-lru`, `${said}volatile-ttl`]);
      });
    });

    it("is said once, and that it is over, while other calls go well", async () => {
      await withLogLines(["halley", "redis"], async (lines) => {
        const clock = new ManualClock();
        const drivers = await open(url(), clock);
        try {
          await limit(1);
          for (let second = 0; second < 20; second++) {
            await assert.rejects(drivers.pushLog.append(0, room("none")), StoreRefused);
            clock.advance(2_000);
            await drivers.pushLog.join("job~1");
          }
          assert.equal(lines.length, 1, lines.join("\n"));
          assert.match(lines[0], /^warning: Redis refuses to write: .*OOM command not allowed/);
          await limit(0);
          await drivers.pushLog.append(0, room("room"));
          assert.deepEqual(lines.slice(1), ["info: Redis writes again"]);
        } finally {
          await drivers.close();
        }
      });
    });
  });
}
