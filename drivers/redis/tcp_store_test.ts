import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../../platform/system_clock.ts";
import { seededPrng } from "../../base/prng.ts";
import {
  redisCli,
  RedisServer,
  startRedisCluster,
  startRedisSentinel,
} from "../../tests/support/redis_server.ts";
import { within } from "../../tests/support/raw_client.ts";
import { until } from "../contract/waiting.ts";
import { StoreUnavailable } from "../ports.ts";
import { RedisModeration } from "./moderation.ts";
import { RedisPushLog } from "./push_log.ts";
import type { RedisStore, Script } from "./store.ts";
import { openRedisStore } from "./tcp_store.ts";

const parts = { clock: systemClock, prng: seededPrng(1) };

const ECHO: Script = { name: "echo", source: "return {KEYS[1], ARGV[1], 7, false}" };
const FAIL: Script = { name: "fail", source: "return redis.error_reply('WRONG on purpose')" };

const every = Uint8Array.from({ length: 256 }, (_, byte) => byte);

async function withRedis(use: (server: RedisServer, store: RedisStore) => Promise<void>) {
  const server = await RedisServer.start();
  try {
    const store = await openRedisStore(server.url, parts);
    try {
      await use(server, store);
    } finally {
      await store.close();
    }
  } finally {
    await server.stop();
  }
}

/** Tries until it goes well. */
async function eventually<Result>(what: string, act: () => Promise<Result>): Promise<Result> {
  const tries = async () => {
    while (true) {
      try {
        return await act();
      } catch (error) {
        assert.ok(error instanceof StoreUnavailable, String(error));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  return await within(what, tries(), 20_000);
}

describe("openRedisStore()", () => {
  it("runs scripts with bytes of every value, numbers and nothing", () =>
    withRedis(async (_, store) => {
      for (let round = 0; round < 2; round++) {
        const [key, bytes, number, nothing] = await store.run(ECHO, ["k"], [every]) as never[];
        assert.equal(new TextDecoder().decode(key), "k");
        assert.deepEqual(Uint8Array.from(bytes), every);
        assert.deepEqual([number, nothing], [7, null]);
      }
    }));

  it("tells a script that fails from a Redis that is away", () =>
    withRedis(async (server, store) => {
      const failure = await store.run(FAIL, ["k"], []).catch((error) => error);
      assert.match(failure.message, /^Cannot run script "fail": WRONG on purpose/);
      assert.ok(!(failure instanceof StoreUnavailable));
      const before = store.counters.interruptions;
      await server.signal("SIGKILL");
      const calls = Array.from({ length: 50 }, () => store.run(ECHO, ["k"], ["x"]));
      for (const result of await Promise.allSettled(calls)) {
        assert.equal(result.status, "rejected");
        assert.ok(result.reason instanceof StoreUnavailable, String(result.reason));
      }
      assert.ok(store.counters.interruptions > before);
      await server.restart();
      assert.ok(await eventually("Redis to be back", () => store.run(ECHO, ["k"], ["x"])));
    }));

  it(
    "gives up a call that is not answered in time",
    { timeout: 30_000 },
    () =>
      withRedis(async (server, store) => {
        const startMs = systemClock.monotonicMs();
        await server.signal("SIGSTOP");
        await assert.rejects(store.run(ECHO, ["k"], ["x"]), StoreUnavailable);
        const tookMs = systemClock.monotonicMs() - startMs;
        assert.ok(tookMs < 15_000, `${tookMs} ms`);
        await server.signal("SIGCONT");
        assert.ok(await eventually("Redis to answer again", () => store.run(ECHO, ["k"], ["x"])));
      }),
  );

  it("waits for an entry until there is one, or until it is closed", () =>
    withRedis(async (_, store) => {
      const add: Script = {
        name: "add",
        source: "return redis.call('XADD', KEYS[1], '5-0', 'a', 'b')",
      };
      const waiting = store.waitForEntry("s", "0-0", 60_000);
      await store.run(add, ["s"], []);
      await within("the wait", waiting);
      await within("an entry that is there", store.waitForEntry("s", "4-0", 60_000));
      const idle = store.waitForEntry("s", "5-0", 60_000);
      await store.run(ECHO, ["k"], ["x"]);
      await store.close();
      await within("the end of the wait", idle);
    }));

  it("says in one line that nobody answers, and not what the password is", async () => {
    for (const form of ["redis://", "redis-cluster://", "redis-sentinel://"]) {
      const url = `${form}u:secret@127.0.0.1:1${form === "redis-sentinel://" ? "/name" : ""}`;
      const error = await openRedisStore(url, parts).catch((error) => error);
      assert.ok(error instanceof StoreUnavailable, String(error));
      assert.match(error.message, /^Cannot connect to Redis: [^\n]+$/);
      assert.doesNotMatch(error.message, /secret/);
    }
  });

  it("shows user and password, and is told when they are wrong", async () => {
    const user = ["--user", "halley", "on", ">p@ss word", "~halley:*", "+@all"];
    const server = await RedisServer.start({ args: user });
    try {
      const at = `127.0.0.1:${server.port}`;
      const wrong = openRedisStore(`redis://halley:wrong@${at}`, parts).catch((error) => error);
      assert.match((await wrong).message, /^Cannot connect to Redis: WRONGPASS/);
      assert.ok(!(await wrong instanceof StoreUnavailable));
      const store = await openRedisStore(`redis://halley:p%40ss%20word@${at}`, parts);
      assert.ok(await store.run(ECHO, ["halley:k"], ["x"]));
      await store.close();
    } finally {
      await server.stop();
    }
  });

  it("works on a Redis Cluster of three masters", { timeout: 60_000 }, async () => {
    const group = await startRedisCluster();
    try {
      const store = await openRedisStore(group.url, parts);
      const log = await RedisPushLog.open(store, { partitions: 8, partitionBytesMax: 1 << 20 });
      for (let partition = 0; partition < 8; partition++) {
        const lease = (await log.acquire(partition, "job~1"))!;
        const waiting = log.read(lease, 10);
        const message = { kind: "room", room: "r://1", operation: 5, body: every } as const;
        const { position } = await log.append(partition, message);
        const [entry] = await within("the entry", waiting, 5_000);
        assert.equal(entry.position, position);
        await log.ack(lease, [position]);
      }
      await store.close();
    } finally {
      await group.stop();
    }
  });

  it("follows the master that a Sentinel names", { timeout: 60_000 }, async () => {
    const group = await startRedisSentinel();
    const [master, replica, sentinel] = group.servers;
    const asked = (...args: string[]) => redisCli(sentinel.port, "SENTINEL", ...args);
    const portOf: Script = {
      name: "port",
      source: "return tonumber(string.match(redis.call('INFO', 'server'), 'tcp_port:(%d+)'))",
    };
    try {
      const store = await openRedisStore(group.url, parts);
      assert.equal(await store.run(portOf, ["k"], []), master.port);
      const moderation = new RedisModeration(store, parts.prng);
      const rules = { perSecondMax: 0, burst: 1, slowModeMs: 3_600_000, duplicateWindowMs: 0 };
      const said = { sender: "m1", room: "live://1", digest: "a", publishId: "id" };
      assert.deepEqual(await moderation.admit(said, rules), { admitted: true });
      await moderation.mute(2n, "", 3_600_000);
      await until(
        "the replica to have it",
        async () => (await redisCli(replica.port, "KEYS", "halley:*")).split("\n").length === 3,
      );
      const waiting = store.waitForEntry("s", "0-0", 60_000);
      // A replica has to be known for a while.
      await until(
        "the failover to begin",
        async () => await asked("FAILOVER", "halley").catch(() => "") === "OK",
      );
      await until(
        "the Sentinel to name the replica",
        async () =>
          (await asked("GET-MASTER-ADDR-BY-NAME", "halley")).includes(String(replica.port)),
      );
      // The old master goes on taking writes for ten seconds, and forgets them then.
      const portNow = () => eventually("an answer", () => store.run(portOf, ["k"], []));
      await within(
        "the store to be at the new master",
        until("it", async () => await portNow() === replica.port),
        4_000,
      );
      await within("the end of a wait at the old one", waiting, 4_000);
      const again = store.waitForEntry("s", "0-0", 60_000);
      const add = "return redis.call('XADD', KEYS[1], '5-0', 'a', 'b')";
      await eventually("a write", () => store.run({ name: "add", source: add }, ["s"], []));
      await within("an entry at the new one", again, 1_500);
      assert.deepEqual(await moderation.admit(said, rules), { admitted: true });
      for (const other of [{ publishId: "other" }, { sender: "m2" }]) {
        assert.equal((await moderation.admit({ ...said, ...other }, rules)).admitted, false);
      }
      await store.close();
    } finally {
      await group.stop();
    }
  });

  it("goes on when the master dies that a Sentinel named", { timeout: 60_000 }, async () => {
    const group = await startRedisSentinel();
    const silent = await RedisServer.start({ sentinel: true });
    await silent.signal("SIGSTOP");
    try {
      // A Sentinel that stands still holds nothing up: one alone is given up after 5 s.
      const url = group.url.replace("//", `//127.0.0.1:${silent.port},`);
      const store = await within("the store to open", openRedisStore(url, parts), 4_000);
      assert.ok(await store.run(ECHO, ["k"], ["x"]));
      const where: Script = { name: "role", source: "return redis.call('SET', KEYS[1], ARGV[1])" };
      await group.servers[0].signal("SIGKILL");
      await eventually("the replica to be the master", () => store.run(where, ["k"], ["after"]));
      await store.close();
    } finally {
      await silent.stop();
      await group.stop();
    }
  });
});
