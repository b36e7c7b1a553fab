import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import type { Node } from "../ports.ts";
import { MemoryNodes } from "./nodes.ts";

function node(server: string): Node {
  return {
    server,
    region: "west",
    zone: "w1",
    env: "test",
    hostname: `${server}-host`,
    addresses: ["10.0.0.1"],
    version: "0.1.0",
    weight: 10,
    offline: false,
  };
}

const counts = { connections: 2, clientAddresses: 1, rooms: new Map([["live://1", 2]]) };

async function listed(nodes: MemoryNodes): Promise<string[]> {
  return (await nodes.list()).map(({ server }) => server);
}

test("MemoryNodes.register() lists a node with no counts until it reports", async () => {
  const nodes = new MemoryNodes(new ManualClock(5_000));
  await nodes.register(node("a"));
  assert.deepEqual(await nodes.list(), [
    { ...node("a"), connections: 0, clientAddresses: 0, rooms: new Map(), reportedMs: 5_000 },
  ]);
});

test("MemoryNodes.report() stores counts and their time", async () => {
  const clock = new ManualClock();
  const nodes = new MemoryNodes(clock);
  await nodes.register(node("a"));
  clock.advance(1_000);
  await nodes.report("a", counts);
  assert.deepEqual(await nodes.list(), [{ ...node("a"), ...counts, reportedMs: 1_000 }]);
});

test("MemoryNodes.report() refuses a node that is not registered", async () => {
  const nodes = new MemoryNodes(new ManualClock());
  await assert.rejects(nodes.report("x", counts), /node "x" is not registered/);
});

test("MemoryNodes lets a lease run out without reports and renews it with each", async () => {
  const clock = new ManualClock();
  const nodes = new MemoryNodes(clock);
  await nodes.register(node("silent"));
  await nodes.register(node("well"));
  clock.advance(29_999);
  await nodes.report("well", counts);
  assert.deepEqual(await listed(nodes), ["silent", "well"]);
  clock.advance(1);
  assert.deepEqual(await listed(nodes), ["well"]);
  assert.equal(nodes.isAlive("silent"), false);
  assert.equal(nodes.isAlive("well"), true);
});

test("MemoryNodes.report() brings a node back that was only slow", async () => {
  const clock = new ManualClock();
  const nodes = new MemoryNodes(clock, 10_000);
  const gone: string[] = [];
  nodes.onGone((server) => gone.push(server));
  await nodes.register(node("a"));
  clock.advance(60_000);
  assert.equal(nodes.isAlive("a"), false);
  await nodes.report("a", counts);
  assert.equal(nodes.isAlive("a"), true);
  assert.deepEqual(gone, []);
});

test("MemoryNodes.register() of a known node drops its old state and says that it was gone", async () => {
  const nodes = new MemoryNodes(new ManualClock());
  const gone: string[] = [];
  nodes.onGone((server) => gone.push(server));
  await nodes.register(node("a"));
  await nodes.report("a", counts);
  await nodes.setOffline("a");
  assert.deepEqual(gone, []);
  await nodes.register(node("a"));
  assert.deepEqual(gone, ["a"]);
  const [{ connections, rooms, offline }] = await nodes.list();
  assert.deepEqual({ connections, rooms, offline }, {
    connections: 0,
    rooms: new Map(),
    offline: false,
  });
});

test("MemoryNodes.unregister() takes a node out at once", async () => {
  const nodes = new MemoryNodes(new ManualClock());
  const gone: string[] = [];
  nodes.onGone((server) => gone.push(server));
  await nodes.register(node("a"));
  await nodes.unregister("a");
  await nodes.unregister("never there");
  assert.deepEqual(await nodes.list(), []);
  assert.deepEqual(gone, ["a"]);
});

test("MemoryNodes.setOffline() keeps a node listed, and its reports do not undo it", async () => {
  const nodes = new MemoryNodes(new ManualClock());
  await nodes.register(node("a"));
  await nodes.setOffline("a");
  await nodes.setOffline("never there");
  await nodes.report("a", counts);
  const [{ offline, connections }] = await nodes.list();
  assert.deepEqual([offline, connections], [true, 2]);
});
