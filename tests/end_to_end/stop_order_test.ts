import assert from "node:assert/strict";
import { test } from "node:test";
import { systemPrng } from "../../base/prng.ts";
import { openDrivers } from "../../drivers/open.ts";
import { startLogic } from "../../mod.ts";
import { selectPlatform } from "../../platform/select.ts";
import { systemClock } from "../../platform/system_clock.ts";
import { RawClient, within } from "../support/raw_client.ts";
import { redisCli, RedisServer } from "../support/redis_server.ts";
import { Roles } from "../support/roles.ts";

const ANY_PORT = { hostname: "127.0.0.1", port: 0 };

/** Settles when nobody listens on a port. */
async function closed(port: number): Promise<void> {
  const { streams } = await selectPlatform();
  const handler = { open() {}, data() {}, drain() {}, end() {}, close() {} };
  const options = { hostname: "127.0.0.1", port, pendingBytesMax: 0, handler };
  for (;;) {
    const conn = await streams.dial(options).catch(() => undefined);
    if (conn === undefined) return;
    conn.evict();
  }
}

test("a comet that stops tells logic of its clients, and a logic that stops waits for its hooks", () =>
  Roles.use(async (roles) => {
    const called = Promise.withResolvers<void>();
    const mayEnd = Promise.withResolvers<void>();
    const order: string[] = [];
    roles.hooks = {
      async disconnected() {
        called.resolve();
        await mayEnd.promise;
        order.push("hook");
      },
    };
    const rpc = await roles.addLogic();
    const comet = await roles.addComet("comet-1", rpc);
    const client = await RawClient.open(comet.port);
    await comet.stop();
    await within("the hook", called.promise);
    const stopped = roles.stopLogic(rpc).then(() => order.push("logic"));
    // A logic that does not wait has stopped by the time its port is found closed.
    await within("the end of its port", closed(rpc));
    mayEnd.resolve();
    await stopped;
    assert.deepEqual(order, ["hook", "logic"]);
    client.close();
  }));

test("what used Redis leaves no connection, whether it stopped or could not start", async () => {
  const redis = await RedisServer.start();
  const { port, url } = redis;
  const nobody = async () => {
    // The one that asks is there.
    while ((await redisCli(port, "CLIENT", "LIST")).trim().split("\n").length > 1);
  };
  try {
    const logic = await startLogic({ redis: url, http: ANY_PORT, rpc: "127.0.0.1:0" });
    const rpc = `127.0.0.1:${logic.http.port}`;
    await assert.rejects(startLogic({ redis: url, http: ANY_PORT, rpc }), /Cannot listen/);
    await logic.close();
    await within("the end of all connections", nobody());
    const parts = { clock: systemClock, running: systemClock, prng: systemPrng() };
    const options = { ...parts, partitions: 5, partitionBytesMax: 1_000_000 };
    await assert.rejects(openDrivers(url, options), /partitions must be 8/);
    const may = ["~*", "+@connection", "+eval", "+evalsha"];
    await redisCli(port, "ACL", "SETUSER", "weak", "on", ">weak", ...may);
    const weak = `redis://weak:weak@127.0.0.1:${port}`;
    await assert.rejects(openDrivers(weak, options), /Cannot use Redis: the user of Redis may not/);
    await within("the end of all connections", nobody());
  } finally {
    await redis.stop();
  }
});
