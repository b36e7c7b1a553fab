import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { systemClock } from "../../platform/system_clock.ts";
import { seededPrng } from "../../base/prng.ts";
import { redisCli, RedisServer } from "../../tests/support/redis_server.ts";
import { LossyStore } from "../../tests/support/lossy_store.ts";
import { leaseOf, plain, positions, room, texts } from "../contract/push_log_model.ts";
import { LeaseLost, StoreUnavailable } from "../ports.ts";
import { RedisPushLog } from "./push_log.ts";
import { openRedisStore } from "./tcp_store.ts";

const options = { partitions: 2, partitionBytesMax: 1 << 24, leaseMs: 60_000 };

describe("RedisPushLog", () => {
  let server: RedisServer;
  let store: LossyStore;
  let log: RedisPushLog;

  before(async () => {
    server = await RedisServer.start();
    const parts = { clock: systemClock, prng: seededPrng(1) };
    store = new LossyStore(await openRedisStore(server.url, parts));
  });
  after(async () => {
    await store?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    await redis("FLUSHALL");
    log = await RedisPushLog.open(store, options);
  });

  const redis = (...args: string[]) => redisCli(server.port, ...args);

  it("stores a push once whose append is sent twice", async () => {
    store.mayRepeat = true;
    store.repeat = "append-push";
    const { position: first } = await log.append(0, room("once"));
    const { position: second } = await log.append(0, room("once"));
    store.mayRepeat = false;
    assert.ok(second > first);
    const lease = (await log.acquire(0, "job"))!;
    await log.claim(lease);
    assert.deepEqual((await log.read(lease, 10)).map(({ position }) => position), [first, second]);
    assert.match(await redis("--scan", "--pattern", "halley:{p0}:once:*"), /^\S+\n\S+$/);
  });

  it("reads entries of versions that kept no history", async () => {
    const lease = await leaseOf(log, 0, "a");
    const fields = ["kind", "room", "operation", "1000", "room", "live://1", "body", "old"];
    await redis("XADD", "halley:{p0}:push", "5-0", ...fields);
    const [{ position, message }] = await log.read(lease, 1);
    assert.deepEqual([position, plain(message)], [5, room("old")]);
  });

  it("takes nothing beyond what was taken by a call that nobody was answered", async () => {
    const lease = (await log.acquire(0, "job"))!;
    await log.claim(lease);
    for (const fault of ["lose", "repeat"] as const) {
      const { position: first } = await log.append(0, room("first"));
      store[fault] = "take-pushes";
      await assert.rejects(log.read(lease, 1), StoreUnavailable);
      const { position: next } = await log.append(0, room("next"));
      await assert.rejects(log.read(lease, 1), /taken by a call that was not answered/);
      const pending = positions(await log.claim(lease));
      assert.equal(pending.at(-1), first);
      assert.deepEqual(positions(await log.read(lease, 10)), [next]);
    }
  });

  it("stores entries whose fields people can read", async () => {
    const { position } = await log.append(0, room("hello"));
    const body = new TextEncoder().encode("hi");
    await log.append(0, { kind: "keys", server: "c~1", keys: ["a", "b"], operation: 7, body });
    await log.append(0, { kind: "broadcast", speed: 5, operation: 8, body });
    const [first, second, third] = (await redis("XRANGE", "halley:{p0}:push", "-", "+"))
      .split(/\d+-0\n?/).slice(1).map((text) => text.trim().split("\n"));
    assert.deepEqual(
      first,
      ["kind", "room", "operation", "1000", "room", "live://1", "body", "hello"],
    );
    assert.deepEqual(
      second,
      ["kind", "keys", "operation", "7", "server", "c~1", "keys", '["a","b"]', "body", "hi"],
    );
    assert.deepEqual(third, ["kind", "broadcast", "operation", "8", "speed", "5", "body", "hi"]);
    const found = await redis("XRANGE", "halley:{p0}:push", `${position}-0`, `${position}-0`);
    assert.match(found, /^\d+-0\nkind\nroom\n/);
  });

  it("refuses another number of partitions than the others have", async () => {
    await assert.rejects(RedisPushLog.open(store, { ...options, partitions: 3 }), {
      message: "Cannot open push log: partitions must be 2, as for all others that use this " +
        "Redis, current value is 3",
    });
  });

  it("goes on when Redis has lost everything, with positions and tokens that grow", async () => {
    const { position: before } = await log.append(0, room("lost"));
    const lease = await leaseOf(log, 0, "a");
    await log.read(lease, 10);
    await redis("FLUSHALL");
    await assert.rejects(log.claim(lease), LeaseLost);
    const next = await leaseOf(log, 0, "a");
    assert.ok(next.token > lease.token);
    assert.deepEqual(await log.claim(next), []);
    const { position } = await log.append(0, room("x"));
    assert.ok(position > before);
    assert.deepEqual(texts(await log.read(next, 10)), ["x"]);
  });

  it("makes its consumer group again when it is gone, and misses nothing", async () => {
    const lease = await leaseOf(log, 0, "a");
    for (const text of ["a", "b"]) await log.append(0, room(text));
    assert.deepEqual(texts(await log.read(lease, 1)), ["a"]);
    await redis("XGROUP", "DESTROY", "halley:{p0}:push", "job");
    assert.deepEqual(await log.claim(lease), []);
    assert.deepEqual(texts(await log.read(lease, 10)), ["a", "b"]);
  });

  it("shows entries again that were taken by a call whose answer got lost", async () => {
    const lease = await leaseOf(log, 0, "a");
    for (const text of ["a", "b", "c"]) await log.append(0, room(text));
    store.lose = "take-pushes";
    await assert.rejects(log.read(lease, 2), StoreUnavailable);
    assert.deepEqual(texts(await log.claim(lease)), ["a", "b"]);
    assert.deepEqual(texts(await log.read(lease, 2)), ["c"]);
  });

  it("counts bytes right when the answer to ack() got lost", async () => {
    const lease = await leaseOf(log, 0, "a");
    await log.append(0, room("a"));
    await log.append(0, room("b"));
    const taken = positions(await log.read(lease, 10));
    store.lose = "acknowledge-pushes";
    await assert.rejects(log.ack(lease, taken.slice(0, 1)), StoreUnavailable);
    await log.ack(lease, taken.slice(0, 1));
    const [{ entries, bytes }] = await log.lag();
    assert.deepEqual([entries, bytes], [1, 256 + 1]);
    await log.ack(lease, taken);
    assert.deepEqual((await log.lag())[0], { entries: 0, bytes: 0 });
  });

  it("claims what many owners left behind, oldest first, and forgets these owners", async () => {
    const count = 1_300;
    const appended = await Promise.all(
      Array.from({ length: count }, (_, index) => log.append(0, room(String(index)))),
    );
    const given = appended.map(({ position }) => position);
    for (let owner = 0; owner < 4; owner++) {
      const lease = await leaseOf(log, 0, `owner-${owner}`);
      await log.read(lease, count / 4);
      await log.release(lease);
    }
    const lease = await leaseOf(log, 0, "last");
    assert.deepEqual(positions(await log.claim(lease)), given.toSorted((a, b) => a - b));
    const consumers = await redis("XINFO", "CONSUMERS", "halley:{p0}:push", "job");
    assert.deepEqual(consumers.match(/owner-\d|last/g), ["last"]);
    await log.ack(lease, given);
    assert.deepEqual((await log.lag())[0], { entries: 0, bytes: 0 });
  });

  it("passes over entries that are pending and no longer there", async () => {
    const lease = await leaseOf(log, 0, "a");
    for (const text of ["a", "b", "c"]) await log.append(0, room(text));
    const [, b] = positions(await log.read(lease, 10));
    await redis("XDEL", "halley:{p0}:push", `${b}-0`);
    assert.deepEqual(texts(await log.claim(lease)), ["a", "c"]);
    assert.deepEqual(texts(await log.claim(lease)), ["a", "c"]);
  });

  it("leaves out and forgets entries that it cannot read", async () => {
    const before = store.counters.pushesUnreadable;
    const lease = await leaseOf(log, 0, "a");
    const { position } = await log.append(0, room("a"));
    const add = (id: string, ...fields: string[]) =>
      redis("XADD", "halley:{p0}:push", id, ...fields);
    await add(`${position + 1}-0`, "kind", "odd", "operation", "1", "body", "x");
    await add(`${position + 2}-0`, "no", "body");
    await add("*", "kind", "room", "operation", "1", "room", "its id is of its own", "body", "x");
    await log.append(0, room("b"));
    assert.deepEqual(texts(await log.read(lease, 10)), ["a", "b"]);
    assert.deepEqual(texts(await log.claim(lease)), ["a", "b"]);
    assert.equal((await log.lag())[0].entries, 2);
    assert.equal(store.counters.pushesUnreadable - before, 3);
  });
});
