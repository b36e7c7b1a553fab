import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { randomBelow, seededPrng } from "../base/prng.ts";
import { MemoryNodes } from "../drivers/memory/nodes.ts";
import type { CometNode, NodeState } from "../drivers/ports.ts";
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

function node(server: string): CometNode {
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
  const counts = { connections, addresses, rooms: new Map(Object.entries(rooms)) };
  return { server, sequence: 1, base: 0, offline: false, ...counts };
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
  await cluster.report(report("a", { "live://1": 1 }, 1, 1));
  const view = await cluster.view();
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
  await cluster.report(report("c", { r: 4 }, 4, 4));
  const view = await cluster.view();
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

/** A comet's side of its reports: what it holds, and how many are elsewhere as it was told. */
class Comet {
  readonly rooms = new Map<string, number>();
  readonly elsewhere = new Map<string, number>();
  readonly #changed = new Map<string, number>();
  #sequence = 0;
  #base = 0;

  constructor(readonly server: string) {}

  set(room: string, members: number): void {
    if (members > 0) this.rooms.set(room, members);
    else this.rooms.delete(room);
    this.#changed.set(room, members);
  }

  /** @returns How many rooms the report and its answers had. */
  async report(cluster: Cluster): Promise<number> {
    const told = await this.#send(cluster, this.#base) ?? await this.#send(cluster, 0);
    for (const [room, members] of told!) this.elsewhere.set(room, members);
    const size = this.#changed.size + told!.size;
    this.#changed.clear();
    return size;
  }

  async #send(cluster: Cluster, base: number) {
    const { server } = this;
    if (base === 0) this.elsewhere.clear();
    // A copy, as what crosses a wire is.
    const rooms = new Map(base === 0 ? this.rooms : this.#changed);
    const counts = { connections: 1, addresses: 1, rooms };
    const sequence = ++this.#sequence;
    const answer = await cluster.report({ server, sequence, base, offline: false, ...counts });
    this.#base = answer === undefined ? 0 : sequence;
    return answer;
  }

  /** Forgets what it was answered, as after a failure. */
  fail(): void {
    this.#base = 0;
  }
}

test("Cluster.report() tells each comet how many are elsewhere in its rooms, whatever changes", async () => {
  const SEED = 22;
  const prng = seededPrng(SEED);
  const clock = new ManualClock();
  const nodes = new CountedNodes(clock, Infinity);
  // Two logics of one registry: a comet changes between them now and then.
  const clusters = [new Cluster(nodes, clock), new Cluster(nodes, clock)];
  const comets = ["a", "b", "c"].map((server) => new Comet(server));
  for (const { server } of comets) await nodes.register(node(server));
  for (let round = 0; round < 300; round++) {
    const comet = comets[randomBelow(prng, comets.length)];
    for (let changes = randomBelow(prng, 4); changes > 0; changes--) {
      comet.set(`r${randomBelow(prng, 6)}`, randomBelow(prng, 4));
    }
    if (randomBelow(prng, 10) === 0) comet.fail();
    const cluster = clusters[randomBelow(prng, 20) === 0 ? 1 : 0];
    await comet.report(cluster);
    if (randomBelow(prng, 5) > 0) continue;
    clock.advance(1_000);
    for (let again = 0; again < 2; again++) {
      for (const each of comets) await each.report(clusters[0]);
    }
    const view = await clusters[0].view();
    const total = (room: string) =>
      comets.reduce((sum, { rooms }) => sum + (rooms.get(room) ?? 0), 0);
    for (let index = 0; index < 6; index++) {
      const room = `r${index}`;
      assert.equal(view.rooms.get(room) ?? 0, total(room), `round ${round}, ${room}`);
      for (const { server, rooms, elsewhere } of comets) {
        const here = rooms.get(room);
        if (here === undefined) continue;
        const message = `round ${round}, ${room} on ${server} (seed ${SEED})`;
        assert.equal(elsewhere.get(room) ?? 0, total(room) - here, message);
      }
    }
  }
});

test("Cluster.report() takes and tells only what changed, and looks at no other room", async () => {
  const clock = new ManualClock();
  const nodes = new CountedNodes(clock, Infinity);
  const cluster = new Cluster(nodes, clock);
  const comets = ["a", "b"].map((server) => new Comet(server));
  for (const comet of comets) {
    await nodes.register(node(comet.server));
    for (let room = 0; room < 1_000; room++) comet.set(`r${room}`, 1);
  }
  const [a, b] = comets;
  assert.equal(await a.report(cluster), 1_000);
  assert.equal(await b.report(cluster), 2_000);
  assert.equal(await a.report(cluster), 1_000);
  for (const comet of comets) {
    clock.advance(1_000);
    assert.equal(await comet.report(cluster), 0);
  }
  a.set("r7", 2);
  assert.equal(await a.report(cluster), 1);
  assert.equal(await b.report(cluster), 1);
  assert.equal(b.elsewhere.get("r7"), 2);
});

test("Cluster.report() asks for everything when it does not know what a report stands on", async () => {
  const { nodes, cluster } = await setUp();
  const changes = { ...report("a", { r: 1 }), sequence: 9, base: 8 };
  assert.equal(await cluster.report(changes), undefined);
  assert.deepEqual((await cluster.view()).rooms, new Map());
  await cluster.report(report("a", { r: 1 }));
  assert.equal(await cluster.report(changes), undefined);
  await nodes.unregister("a");
  await assert.rejects(cluster.report({ ...changes, base: 1 }), /not registered/);
});
