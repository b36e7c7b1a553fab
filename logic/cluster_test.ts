import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { MemoryNodes } from "../drivers/memory/nodes.ts";
import type { Node, NodeState } from "../drivers/ports.ts";
import { Cluster } from "./cluster.ts";

class CountedNodes extends MemoryNodes {
  lists = 0;
  failing = false;
  override async list(): Promise<readonly NodeState[]> {
    this.lists++;
    if (this.failing) throw new Error("registry is away");
    return await super.list();
  }
}

function node(server: string): Node {
  return {
    server,
    region: "",
    zone: "",
    env: "",
    name: server,
    rpc: "",
    hostname: "",
    addresses: [],
    version: "",
    weight: 1,
    offline: false,
  };
}

async function setUp() {
  const clock = new ManualClock();
  const nodes = new CountedNodes(clock);
  for (const server of ["a", "b"]) await nodes.register(node(server));
  return { clock, nodes, cluster: new Cluster(nodes, clock) };
}

function report(server: string, rooms: Record<string, number>, connections = 0, addresses = 0) {
  return { server, connections, addresses, rooms: new Map(Object.entries(rooms)) };
}

test("Cluster.view() sums up what all live nodes reported", async () => {
  const { cluster } = await setUp();
  await cluster.report(report("a", { "live://1": 3, "live://2": 1 }, 5, 4));
  await cluster.report(report("b", { "live://1": 2 }, 7, 6));
  const view = await cluster.view();
  assert.equal(view.connections, 12);
  assert.equal(view.clientAddresses, 10);
  assert.deepEqual(view.rooms, new Map([["live://1", 5], ["live://2", 1]]));
});

test("Cluster.report() is in the very next view, and what is gone is gone", async () => {
  const { cluster } = await setUp();
  await cluster.report(report("a", { "live://1": 3, "live://2": 1 }, 5, 4));
  await cluster.report(report("b", { "live://1": 2 }));
  const view = await cluster.report(report("a", { "live://1": 1 }, 1, 1));
  assert.deepEqual(view.rooms, new Map([["live://1", 3]]));
  assert.equal(view.connections, 1);
});

test("Cluster asks the registry at most once a second, however many ask it", async () => {
  const { clock, nodes, cluster } = await setUp();
  await Promise.all([cluster.view(), cluster.view(), cluster.report(report("a", { r: 1 }))]);
  await cluster.view();
  assert.equal(nodes.lists, 1);
  clock.advance(999);
  await cluster.view();
  assert.equal(nodes.lists, 1);
  clock.advance(1);
  await cluster.view();
  assert.equal(nodes.lists, 2);
});

test("Cluster learns of others' reports and of nodes that are gone within a second", async () => {
  const { clock, nodes, cluster } = await setUp();
  await cluster.view();
  await nodes.report("b", { connections: 9, clientAddresses: 9, rooms: new Map([["r", 9]]) });
  clock.advance(1_000);
  assert.equal((await cluster.view()).connections, 9);
  await nodes.unregister("b");
  clock.advance(1_000);
  const view = await cluster.view();
  assert.equal(view.connections, 0);
  assert.deepEqual(view.rooms, new Map());
  assert.deepEqual(view.nodes.map(({ server }) => server), ["a"]);
});

test("Cluster.report() takes a node in that registered after the view was taken", async () => {
  const { nodes, cluster } = await setUp();
  await cluster.view();
  await nodes.register(node("c"));
  const view = await cluster.report(report("c", { r: 4 }, 4, 4));
  assert.deepEqual(view.rooms, new Map([["r", 4]]));
  assert.equal(view.nodes.length, 3);
});

test("Cluster.view() fails with the registry and recovers with it", async () => {
  const { nodes, cluster } = await setUp();
  nodes.failing = true;
  await assert.rejects(cluster.view(), /registry is away/);
  nodes.failing = false;
  assert.equal((await cluster.view()).nodes.length, 2);
});
