import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { nameOf, NODE_LEASE_MS as LEASE_MS } from "../../protocol/cluster/comet_node.ts";
import { type CometNode, NodeUnknown } from "../ports.ts";
import { MemoryNodes } from "./nodes.ts";

function node(server: string): CometNode {
  return {
    server,
    name: nameOf(server),
    region: "west",
    zone: "w1",
    env: "test",
    hostname: "host",
    addresses: ["10.0.0.1"],
    rpc: "",
    version: "0.1.0",
    weight: 10,
    offline: false,
  };
}

const counts = { connections: 2, clientAddresses: 1, rooms: new Map([["live://1", 2]]) };

function watched(clock = new ManualClock()) {
  const nodes = new MemoryNodes(clock);
  const gone: string[] = [];
  nodes.onGone((server) => gone.push(server));
  return { nodes, gone, clock };
}

test("MemoryNodes says when a node registered and reported by its clock", async () => {
  const { nodes, clock } = watched(new ManualClock(5_000));
  await nodes.register(node("a~1"));
  assert.equal((await nodes.list())[0].reportedMs, 5_000);
  clock.advance(1_000);
  await nodes.report("a~1", counts);
  assert.deepEqual(await nodes.list(), [{ ...node("a~1"), ...counts, reportedMs: 6_000 }]);
});

test("MemoryNodes.isAlive() holds for the length of a lease after a report", async () => {
  const { nodes, clock } = watched();
  assert.equal(nodes.isAlive("a~1"), false);
  await nodes.register(node("a~1"));
  clock.advance(LEASE_MS - 1);
  assert.equal(nodes.isAlive("a~1"), true);
  await nodes.report("a~1", counts);
  clock.advance(LEASE_MS - 1);
  assert.equal(nodes.isAlive("a~1"), true);
  clock.advance(1);
  assert.equal(nodes.isAlive("a~1"), false);
});

test("MemoryNodes.onGone() is told of runs that were replaced or left, and of no others", async () => {
  const { nodes, gone, clock } = watched();
  for (const server of ["a~1", "b~1", "c~1"]) await nodes.register(node(server));
  await nodes.setOffline("a~1");
  await nodes.register(node("a~1"));
  assert.deepEqual(gone, []);
  await nodes.register(node("a~2"));
  await nodes.unregister("a~1");
  await nodes.unregister("b~1");
  assert.deepEqual(gone, ["a~1", "b~1"]);
  clock.advance(LEASE_MS);
  await assert.rejects(nodes.report("c~1", counts), NodeUnknown);
  await nodes.register(node("c~1"));
  assert.deepEqual(gone, ["a~1", "b~1"]);
});
