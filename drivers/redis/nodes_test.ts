import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ManualClock, sleep } from "../../base/clock.ts";
import { systemClock } from "../../platform/system_clock.ts";
import { seededPrng } from "../../base/prng.ts";
import { ObservedStore } from "../../tests/support/observed_store.ts";
import { type StartedStore, startRedisStore } from "../../tests/support/redis_stores.ts";
import { RedisServer } from "../../tests/support/redis_server.ts";
import type { CometNode } from "../ports.ts";
import { NODE_KEYS } from "./node_scripts.ts";
import { RedisNodes, RUNS_AGE_MS_MAX } from "./nodes.ts";
import { partsOf } from "./store.ts";
import { openRedisStore } from "./tcp_store.ts";

const leaseMs = 1_000;

let started: StartedStore;
let names = 0;

/** A node of its own for each test, and two processes that see it. */
async function setUp() {
  const name = `comet-${++names}`;
  const node: CometNode = {
    server: `${name}~1`,
    name,
    region: "",
    zone: "",
    env: "",
    hostname: "",
    addresses: [],
    rpc: "",
    version: "",
    weight: 1,
    offline: false,
  };
  const clock = new ManualClock();
  const store = new ObservedStore(started.store);
  const nodes = new RedisNodes(store, clock, leaseMs);
  const elsewhere = new RedisNodes(started.store, new ManualClock(), leaseMs);
  await elsewhere.register(node);
  const isLive = async () => (await nodes.live()).some(({ server }) => server === node.server);
  const report = (rooms = new Map<string, number>()) =>
    elsewhere.report(node.server, { connections: 1, clientAddresses: 1, rooms });
  /** Lets time pass under watch. */
  const watch = async (spanMs: number) => {
    for (let leftMs = spanMs; leftMs > 0; leftMs -= 250) {
      clock.advance(Math.min(250, leftMs));
      await nodes.live();
    }
  };
  return { node, clock, store, nodes, elsewhere, isLive, report, watch };
}

describe("RedisNodes", () => {
  before(async () => {
    started = await startRedisStore();
  });
  after(async () => {
    await started.stop();
  });

  it("takes a silent node out for everyone, but only after a whole lease of its own watch", async () => {
    const { node, clock, nodes, elsewhere, isLive, watch } = await setUp();
    clock.advance(50 * leaseMs);
    assert.equal(await isLive(), true);
    await watch(leaseMs - 1);
    assert.equal(await isLive(), true);
    assert.ok((await elsewhere.live()).some(({ server }) => server === node.server));
    await watch(1);
    assert.equal(await isLive(), false);
    assert.equal((await nodes.runs()).isAlive(node.server), false);
    assert.ok(!(await elsewhere.live()).some(({ server }) => server === node.server));
  });

  it("takes nobody out that reports while it is being taken out", async () => {
    const { store, isLive, report, watch } = await setUp();
    await isLive();
    await watch(leaseMs - 1);
    store.before = async (script) => {
      if (script.name === "remove-node") await report();
    };
    await watch(1);
    assert.ok(store.calls.includes("remove-node"));
    assert.equal(await isLive(), true);
  });

  it("counts a lease anew after Redis was away, for however long", async () => {
    const { clock, store, nodes, isLive, watch } = await setUp();
    await isLive();
    await watch(leaseMs - 1);
    store.before = () => Promise.reject(new Error("away"));
    await assert.rejects(nodes.live(), /away/);
    clock.advance(20 * leaseMs);
    await assert.rejects(nodes.live(), /away/);
    store.before = undefined;
    assert.equal(await isLive(), true);
    await watch(leaseMs - 1);
    assert.equal(await isLive(), true);
    await watch(1);
    assert.equal(await isLive(), false);
  });

  it("counts a lease anew after an interruption that no read met", async () => {
    const { store, isLive, watch } = await setUp();
    await isLive();
    await watch(leaseMs - 1);
    store.counters.interruptions++;
    assert.equal(await isLive(), true);
    await watch(leaseMs - 1);
    assert.equal(await isLive(), true);
    await watch(1);
    assert.equal(await isLive(), false);
  });

  it("counts a lease anew after a pause of this process, or a read that took long", async () => {
    const { clock, store, isLive, watch } = await setUp();
    await isLive();
    await watch(leaseMs - 1);
    clock.advance(leaseMs / 2 + 1);
    assert.equal(await isLive(), true);
    await watch(leaseMs - 1);
    store.before = async () => clock.advance(leaseMs / 2 + 1);
    assert.equal(await isLive(), true);
    store.before = undefined;
    await watch(leaseMs - 1);
    assert.equal(await isLive(), true);
    await watch(1);
    assert.equal(await isLive(), false);
  });

  it("keeps nodes for a lease when Redis has lost them, for them to come back", async () => {
    const [back, away] = [await setUp(), await setUp()];
    await back.isLive();
    await away.isLive();
    const script = { name: "lose", source: "return redis.call('DEL', unpack(KEYS))" };
    await started.store.run(script, NODE_KEYS, []);
    assert.deepEqual([await back.isLive(), await away.isLive()], [true, true]);
    assert.deepEqual([await back.isLive(), back.store.counters.losses], [true, 1]);
    await back.elsewhere.register(back.node);
    const replacement = { ...away.node, server: `${away.node.name}~2` };
    for (const { watch, isLive } of [back, away]) {
      await watch(leaseMs - 250);
      assert.equal(await isLive(), true);
    }
    await back.report();
    await back.watch(250);
    await away.watch(250);
    assert.deepEqual([await back.isLive(), await away.isLive()], [true, false]);
    await away.elsewhere.register(replacement);
    const runs = await away.nodes.runs(0);
    assert.deepEqual(
      [runs.isAlive(replacement.server), runs.isReplaced(away.node.server)],
      [true, true],
    );
  });

  it("asks for details and rooms only when they changed, and sends rooms only then", async () => {
    const { node, store, nodes, elsewhere, report } = await setUp();
    const sent = new ObservedStore(started.store);
    const reporting = new RedisNodes(sent, new ManualClock(), leaseMs);
    const counts = { connections: 1, clientAddresses: 1 };
    const rooms = new Map([["live://1", 1]]);
    await reporting.report(node.server, { ...counts, rooms });
    await reporting.report(node.server, { ...counts, rooms: new Map(rooms) });
    assert.deepEqual(sent.argumentCounts, [5, 6, 5]);

    for (let times = 0; times < 3; times++) {
      await report(rooms);
      await nodes.list();
    }
    assert.equal(store.calls.filter((name) => name === "read-rooms").length, 1);
    const details = store.replies.map((reply) => partsOf(reply).length);
    assert.deepEqual(details.filter((_, index) => store.calls[index] === "read-nodes"), [4, 3, 3]);

    await report(new Map([["live://1", 2]]));
    await elsewhere.setOffline(node.server);
    const state = (await nodes.list()).find(({ server }) => server === node.server);
    assert.deepEqual([state?.offline, state?.rooms], [true, new Map([["live://1", 2]])]);
  });

  it("reads once for all who ask at the same time, and once more for those who ask later", async () => {
    const { clock, store, nodes } = await setUp();
    const reads = () => store.calls.filter((name) => name === "read-nodes").length;
    await Promise.all(Array.from({ length: 20 }, () => nodes.live()));
    assert.equal(reads(), 2);
    await nodes.runs();
    assert.equal(reads(), 2);
    clock.advance(RUNS_AGE_MS_MAX);
    await Promise.all([nodes.runs(), nodes.runs()]);
    assert.ok(reads() <= 4);
  });

  it("finds what it registered itself at once", async () => {
    const { node, nodes } = await setUp();
    await nodes.live();
    const later = { ...node, server: `${node.name}~2` };
    await nodes.register(later);
    assert.equal((await nodes.runs()).isAlive(later.server), true);
    await nodes.unregister(later.server);
    assert.equal((await nodes.runs()).isAlive(later.server), false);
  });

  it("keeps nodes over the end of Redis and its restart, and goes on watching them", async () => {
    const server = await RedisServer.start({ appendOnly: true });
    const parts = { clock: systemClock, prng: seededPrng(1) };
    const store = await openRedisStore(server.url, parts);
    const nodes = new RedisNodes(store, systemClock, 400);
    const node = { ...(await setUp()).node };
    let askedMs = 0;
    /** Looks again and again, as a job does, until it sees what is wanted. */
    const until = async (wanted: (live: readonly CometNode[] | undefined) => boolean) => {
      const endMs = systemClock.monotonicMs() + 10_000;
      for (;; await sleep(systemClock, 20)) {
        askedMs = systemClock.monotonicMs();
        if (wanted(await nodes.live().catch(() => undefined))) return;
        assert.ok(systemClock.monotonicMs() < endMs, "it did not come");
      }
    };
    try {
      await nodes.register(node);
      await until((live) => live?.length === 1);
      await server.signal("SIGKILL");
      await until((live) => live === undefined);
      await sleep(systemClock, 500);
      await server.restart();
      // The first view after it has the node, although its last report is older than a lease.
      let first: readonly CometNode[] | undefined;
      await until((live) => (first = live) !== undefined);
      assert.deepEqual(first, [node]);
      const seenMs = askedMs;
      await until((live) => live?.length === 0);
      assert.ok(systemClock.monotonicMs() - seenMs >= 350);
    } finally {
      await store.close();
      await server.stop();
    }
  });
});
