import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeState } from "../drivers/ports.ts";
import { Balancer, currentWeights } from "./balancer.ts";

function node(server: string, change: Partial<NodeState> = {}): NodeState {
  return {
    server,
    region: "west",
    zone: "",
    env: "",
    name: server,
    rpc: "",
    hostname: server,
    addresses: [`${server}.addr`],
    version: "",
    weight: 10,
    offline: false,
    connections: 0,
    clientAddresses: 0,
    rooms: new Map(),
    reportedMs: 1,
    ...change,
  };
}

function chosen(balancer: Balancer, region?: string): string[] {
  return balancer.choose(region).map(({ server }) => server);
}

/** Weights and connections of the nodes, and what the formula gives by hand. */
const WEIGHTS: readonly [string, readonly [number, number][], readonly number[]][] = [
  // ratio = w / Σw, load = 0.5 · conns / Σconns, w + round((ratio − load) · Σconns)
  ["nobody is connected", [[10, 0], [30, 0]], [10, 30]],
  // ratio 1/2 each; loads 1/2 and 0: 10 + round(0 · 100), 10 + round(0.5 · 100)
  ["one has everyone", [[10, 100], [10, 0]], [10, 60]],
  // ratio 1/4, 3/4; loads 0.25 each: 10 + 0, 30 + round(0.5 · 200)
  ["equal load under unequal weights", [[10, 100], [30, 100]], [10, 130]],
  // ratio 1/6, 1/3, 1/2; Σconns 600; loads 1/12, 1/6, 1/4: 1 + 50, 2 + 100, 3 + 150
  ["load in proportion", [[1, 100], [2, 200], [3, 300]], [51, 102, 153]],
  // ratio 1/101; load 0.5; 1 + round((0.00990 − 0.5) · 1000) = 1 − 490, kept at 1; 100 + 990
  ["never below 1", [[1, 1_000], [100, 0]], [1, 1_090]],
  // ratio 1; load 0.5; 1 + round(0.5 · 4,000,000), kept at 2^20
  ["never above 2^20", [[1, 4_000_000]], [1_048_576]],
  // own region: w = 16, Σw = 26, Σconns = 20, loads 0.25 each:
  // 16 + round((16/26 − 0.25) · 20) = 16 + round(7.308), 10 + round((10/26 − 0.25) · 20) = 10 + round(2.692)
  ["a weight raised for its region", [[16, 10], [10, 10]], [23, 13]],
  ["a weight of 0", [[0, 0], [0, 0]], [1, 1]],
];

for (const [name, nodes, expected] of WEIGHTS) {
  test(`currentWeights() by hand: ${name}`, () => {
    const given = nodes.map(([weight, connections]) => ({ weight, connections }));
    assert.deepEqual(currentWeights(given), expected);
  });
}

test("Balancer.choose() is empty when there is no node", () => {
  assert.deepEqual(chosen(new Balancer()), []);
});

test("Balancer.choose() puts the least loaded of equals first, and at most 5", () => {
  const balancer = new Balancer();
  const loads = [50, 10, 30, 60, 20, 40];
  balancer.update(loads.map((connections) => node(`n${connections}`, { connections })));
  assert.deepEqual(chosen(balancer), ["n10", "n20", "n30", "n40", "n50"]);
});

test("Balancer.choose() prefers the caller's own region", () => {
  const balancer = new Balancer();
  balancer.update([node("a", { region: "west" }), node("b", { region: "east" })]);
  assert.deepEqual(chosen(balancer, "east"), ["b", "a"]);
});

test("Balancer.choose() leaves nodes out that are leaving", () => {
  const balancer = new Balancer();
  balancer.update([node("a", { offline: true }), node("b")]);
  assert.deepEqual(chosen(balancer), ["b"]);
});

test("Balancer counts one connection more for the first node until its next report", () => {
  const balancer = new Balancer();
  const [a, b] = [node("a", { connections: 10 }), node("b", { connections: 10 })];
  balancer.update([a, b]);
  assert.deepEqual(chosen(balancer), ["a", "b"]);
  balancer.update([a, b]);
  // a has 11 by now: 10 + round((0.5 − 5.5/21) · 21) = 15 against 10 + round((0.5 − 5/21) · 21) = 16.
  assert.deepEqual(chosen(balancer), ["b", "a"], "the same report does not undo it");
  balancer.update([a, { ...b, reportedMs: 2 }]);
  assert.deepEqual(chosen(balancer), ["b", "a"], "10 of b's new report against 11");
});

test("Balancer spreads clients over equal nodes between two reports", () => {
  const balancer = new Balancer();
  balancer.update([node("a"), node("b"), node("c")]);
  const firsts = new Map<string, number>();
  for (let client = 0; client < 300; client++) {
    const [first] = chosen(balancer);
    firsts.set(first, (firsts.get(first) ?? 0) + 1);
  }
  for (const count of firsts.values()) assert.ok(Math.abs(count - 100) <= 2, `${count} of 300`);
});

test("Balancer.update() refuses to lose more than half of the nodes at once", () => {
  const balancer = new Balancer();
  const all = ["a", "b", "c", "d", "e"].map((server) => node(server));
  assert.equal(balancer.update(all), true);
  assert.equal(balancer.update([]), false);
  assert.equal(balancer.update(all.slice(0, 2)), false);
  assert.equal(chosen(balancer).length, 5);
  assert.equal(balancer.update(all.slice(0, 3)), true);
  assert.equal(balancer.update(all.slice(0, 2)), true);
  assert.equal(balancer.update(all.slice(0, 1)), true);
  assert.deepEqual(chosen(balancer), ["a"]);
});

test("Balancer.update() takes a node that came back under another name", () => {
  const balancer = new Balancer();
  balancer.update([node("old")]);
  assert.equal(balancer.update([node("new")]), true);
  assert.deepEqual(chosen(balancer), ["new"]);
});
