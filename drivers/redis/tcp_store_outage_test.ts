import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock, promisesSettled } from "../../base/clock.ts";
import { systemClock } from "../../platform/system_clock.ts";
import { seededPrng } from "../../base/prng.ts";
import { RunningClock } from "../../base/running_clock.ts";
import { withLogLines } from "../../tests/support/log_lines.ts";
import { RedisServer, startRedisCluster } from "../../tests/support/redis_server.ts";
import { SilentProxy } from "../../tests/support/silent_proxy.ts";
import { until, within } from "../contract/waiting.ts";
import { StoreUnavailable } from "../ports.ts";
import type { RedisStore, Script } from "./store.ts";
import { openRedisStore, RedisLimits } from "./tcp_store.ts";

const parts = { clock: systemClock, prng: seededPrng(1) };

const ECHO: Script = { name: "echo", source: "return {KEYS[1], ARGV[1]}" };

/** Whether Redis answers; that it does not must be said in the right way. */
function answers(store: RedisStore, key = "k"): Promise<boolean> {
  return store.run(ECHO, [key], ["x"]).then(() => true, (error) => {
    assert.ok(error instanceof StoreUnavailable, String(error));
    return false;
  });
}

async function withRedis(use: (server: RedisServer) => Promise<void>): Promise<void> {
  const server = await RedisServer.start();
  try {
    await use(server);
  } finally {
    await server.stop();
  }
}

describe("A store whose Redis is away", () => {
  it("connects anew when a connection takes everything and answers nothing", () =>
    withRedis(async (server) => {
      const proxy = await SilentProxy.start(server.port);
      const clock = new ManualClock();
      const store = await openRedisStore(`redis://127.0.0.1:${proxy.port}`, { ...parts, clock });
      try {
        assert.ok(await answers(store));
        proxy.silence();
        const calls = Promise.all([answers(store), answers(store)]);
        clock.advance(RedisLimits.callMsMax - 1);
        const late = answers(store);
        clock.advance(1);
        assert.deepEqual(await within("the deadline", calls), [false, false]);
        assert.equal(await within("what waited behind them", late), false);
        const error = await store.run(ECHO, ["k"], ["x"]).catch((error) => error);
        assert.match(
          error.message,
          /^Cannot run script "echo": it was not answered within 5000 ms/,
        );
        await until("Redis to answer again", () => {
          clock.advance(100);
          return answers(store);
        });
      } finally {
        await store.close();
        await proxy.stop();
      }
    }));

  it("keeps its connection and its calls when its own process stands still", () =>
    withRedis(async (server) => {
      const clock = new RunningClock(systemClock);
      const store = await openRedisStore(server.url, { ...parts, clock });
      try {
        assert.ok(await answers(store));
        const call = answers(store);
        await promisesSettled();
        // Nothing of this process runs meanwhile.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RedisLimits.callMsMax + 500);
        assert.ok(await call, "the answer that waited in the socket");
        assert.ok(await answers(store));
        assert.equal(store.counters.interruptions, 0);
      } finally {
        await store.close();
        clock.stop();
      }
    }));

  it("takes only so many calls and bytes that wait, and fails the rest at once", () =>
    withRedis(async (server) => {
      const clock = new ManualClock();
      const store = await openRedisStore(server.url, { ...parts, clock });
      await server.signal("SIGSTOP");
      const large = new Uint8Array(1 << 20);
      const waiting = Array.from({ length: 64 }, () => store.run(ECHO, ["k"], [large]));
      await assert.rejects(store.run(ECHO, ["k"], ["x"]), {
        name: "StoreUnavailable",
        message: 'Cannot run script "echo": at most 20000 calls and 67108864 bytes may be under ' +
          "way, current values are 64 and 67108864",
      });
      clock.advance(RedisLimits.callMsMax);
      const results = await within("the deadline", Promise.allSettled(waiting));
      assert.ok(results.every(({ status }) => status === "rejected"));
      await server.signal("SIGCONT");
      await until("room for calls", () => {
        clock.advance(100);
        return answers(store);
      });
      await store.close();
    }));

  it("is said once, and that it is back, however many calls fail", () =>
    withRedis(async (server) => {
      await withLogLines(["halley", "redis"], async (lines) => {
        const store = await openRedisStore(server.url, parts);
        await server.signal("SIGKILL");
        for (let call = 0; call < 20; call++) assert.equal(await answers(store), false);
        assert.equal(lines.length, 1, lines.join("\n"));
        assert.match(lines[0], /^warning: Redis is away: ./);
        const before = store.counters.interruptions;
        assert.equal(await answers(store), false);
        assert.ok(store.counters.interruptions > before);
        await server.restart();
        await until("Redis to be back", async () => await answers(store) && lines.length > 1);
        assert.deepEqual(lines.slice(1), ["info: Redis is back"]);
        await store.close();
      });
    }));

  it("can be closed, which ends its waits", () =>
    withRedis(async (server) => {
      const store = await openRedisStore(server.url, parts);
      const waiting = store.waitForEntry("s", "0-0", 60_000);
      assert.ok(await answers(store));
      await server.signal("SIGKILL");
      await within("the end of the wait", waiting);
      assert.equal(await answers(store), false);
      await within("the end", store.close());
      await within("a wait when it is closed", store.waitForEntry("s", "0-0", 60_000));
      await assert.rejects(store.run(ECHO, ["k"], ["x"]), StoreUnavailable);
    }));

  it("goes on with the other masters of a Redis Cluster", { timeout: 60_000 }, async () => {
    const group = await startRedisCluster();
    const store = await openRedisStore(group.url, parts);
    try {
      const keys = Array.from({ length: 24 }, (_, index) => `key-${index}`);
      const answering = async () => {
        const results = await Promise.all(keys.map((key) => answers(store, key)));
        return results.filter((result) => result).length;
      };
      assert.equal(await answering(), keys.length);
      await group.servers[1].signal("SIGKILL");
      await until("one of them to be missed", async () => await answering() < keys.length);
      const others = await answering();
      assert.ok(others > 0, "the others answer");
      // Longer than until it is connected to anew.
      const endMs = systemClock.monotonicMs() + 2_500;
      while (systemClock.monotonicMs() < endMs) assert.equal(await answering(), others);
      await group.servers[1].restart();
      await until("all of them", async () => await answering() === keys.length);
    } finally {
      await store.close();
      await group.stop();
    }
  });
});
