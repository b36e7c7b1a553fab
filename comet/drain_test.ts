import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { seededPrng } from "../base/prng.ts";
import { NodeReplaced, NODES_VIEW_MS } from "../protocol/cluster/comet_node.ts";
import { memoryPlatform } from "../tests/memory_platform/mod.ts";
import { FakeLogic } from "../tests/support/fake_logic.ts";
import { MemoryClient } from "../tests/support/memory_client.ts";
import { pushFrames, testNode } from "../tests/support/test_comet.ts";
import { Comet } from "./comet.ts";
import { cometDefaults, DRAIN_GRACE_MS, DRAIN_TOLD_PER_TICK, TICK_MS } from "./options.ts";

const WINDOW_MS = 10_000;

/** From the beginning of a drain to that of its window, where logic answers at once. */
const ANNOUNCED_MS = 2 * TICK_MS + NODES_VIEW_MS;

const AWARE = { extras: { features: ["notices"] } };

/** A registered comet that listens for TCP, on a clock of the test's own. */
class DrainedComet {
  readonly clock = new ManualClock();
  readonly logic = new FakeLogic();
  readonly comet: Comet;
  readonly #streams = memoryPlatform({ clock: this.clock }).streams;
  #port = 0;
  isDrained = false;

  private constructor(drainMs: number) {
    const { clock, logic } = this;
    this.comet = new Comet({
      ...{ server: "c~1", streams: this.#streams, logic, clock, running: clock },
      prng: seededPrng(1),
      options: { ...cometDefaults, drainMs },
    });
  }

  static async start(drainMs = WINDOW_MS): Promise<DrainedComet> {
    const own = new DrainedComet(drainMs);
    await own.comet.join(testNode("c~1"));
    const address = { hostname: "127.0.0.1", port: 0 };
    own.#port = (await own.comet.listen({ address, transport: "tcp" })).port;
    return own;
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) {
      this.clock.advance(0);
      for (let step = 0; step < 10; step++) await Promise.resolve();
    }
  }

  async pass(spanMs: number): Promise<void> {
    for (let leftMs = spanMs; leftMs > 0; leftMs -= TICK_MS) {
      this.clock.advance(Math.min(TICK_MS, leftMs));
      await this.settle();
    }
  }

  connect(): Promise<MemoryClient> {
    return MemoryClient.connect(this.#streams, this.#port);
  }

  async open(token: object = AWARE): Promise<MemoryClient> {
    const client = await this.connect();
    client.send(7, 1, JSON.stringify(token));
    await this.settle();
    client.take();
    return client;
  }

  async openAll(count: number, token: object = AWARE): Promise<MemoryClient[]> {
    const clients = [];
    for (let index = 0; index < count; index++) clients.push(await this.open(token));
    return clients;
  }

  drain(): void {
    void this.comet.drain().then(() => this.isDrained = true);
  }
}

/** The delays of the notices that have come. */
function delaysOf(client: MemoryClient): number[] {
  return client.frames().filter(({ op }) => op === 72).map(({ body }) => {
    const { type, delay_ms } = JSON.parse(body.toString());
    assert.equal(type, "moving");
    return delay_ms;
  });
}

describe("Comet.drain()", () => {
  it("first has the cluster send nobody here, and lets in who comes meanwhile", async () => {
    const own = await DrainedComet.start();
    own.logic.holds.add("report");
    const first = await own.open();
    own.drain();
    await own.pass(TICK_MS);
    assert.deepEqual(own.logic.reports.map(({ request }) => request.offline), [true]);
    const late = await own.open();
    await own.pass(1_500);
    assert.deepEqual([delaysOf(first), delaysOf(late)], [[], []], "logic has not answered");
    own.logic.reports[0].resolve(new Map());
    await own.pass(ANNOUNCED_MS);
    assert.deepEqual([delaysOf(first), delaysOf(late)], [[0], [WINDOW_MS / 2]]);
    await assert.rejects(own.connect(), /connection refused/);
  });

  it("waits for a report that says so, and not for one that was on its way before", async () => {
    const own = await DrainedComet.start();
    const client = await own.open();
    own.logic.holds.add("report");
    await own.pass(1_500);
    own.drain();
    const [{ request, resolve }] = own.logic.reports;
    assert.equal(request.offline, false);
    resolve(new Map());
    await own.pass(2 * TICK_MS);
    assert.equal(own.logic.reports[1].request.offline, true);
    await own.pass(NODES_VIEW_MS);
    assert.deepEqual(delaysOf(client), []);
    own.logic.reports[1].resolve(new Map());
    await own.pass(ANNOUNCED_MS);
    assert.deepEqual(delaysOf(client), [0]);
  });

  it("goes on without the cluster when that cannot be told", async () => {
    const own = await DrainedComet.start();
    own.logic.report = () => Promise.reject(new Error("away"));
    const client = await own.open();
    own.drain();
    await own.pass(2_900);
    assert.deepEqual(delaysOf(client), []);
    await own.pass(200);
    assert.deepEqual(delaysOf(client), [0]);
  });

  it("tells each client with notices one delay, evenly spread, and waits for all to go", async () => {
    const own = await DrainedComet.start();
    const clients = await own.openAll(50);
    own.drain();
    await own.pass(ANNOUNCED_MS);
    const delays = clients.map(delaysOf);
    assert.deepEqual(delays, clients.map((_, index) => [index * WINDOW_MS / 50]));
    await own.pass(WINDOW_MS);
    assert.deepEqual(clients.flatMap(delaysOf), [], "nobody is told twice");
    assert.equal(own.isDrained, false);
    for (const client of clients) client.end();
    await own.pass(TICK_MS);
    assert.equal(own.isDrained, true);
    assert.equal(own.comet.counters.drainMoved, 50);
    assert.equal(own.comet.counters.drainClosed, 0);
  });

  it("closes who does not know notices at its place, with 1001", async () => {
    const own = await DrainedComet.start();
    const goim = await own.openAll(10, {});
    own.drain();
    await own.pass(ANNOUNCED_MS);
    for (let closed = 1; closed <= 10; closed++) {
      await own.pass(WINDOW_MS / 10);
      assert.equal(goim.filter((client) => client.ended).length, closed);
      const [last] = goim[closed - 1].frames();
      assert.deepEqual([last.op, JSON.parse(last.body.toString()).code], [6, 1001]);
    }
    await own.pass(TICK_MS);
    assert.equal(own.isDrained, true);
    assert.equal(own.comet.counters.drainClosed, 10);
  });

  it("sends pushes on until the last client has gone", async () => {
    const own = await DrainedComet.start();
    const client = await own.open({ ...AWARE, room: "live://1" });
    own.drain();
    await own.pass(ANNOUNCED_MS + WINDOW_MS);
    client.take();
    await own.comet.deliver([{
      ...{ kind: "room", partition: 0, token: 1, room: "live://1", positions: [1] },
      ...{ epoch: "", head: 0, frames: pushFrames("late") },
    }]);
    await own.settle();
    assert.deepEqual(client.lines(), ["1000:0:late"]);
  });

  it("tells who authenticates later, once it is its turn", async () => {
    const own = await DrainedComet.start();
    const [known] = await own.openAll(1);
    const stranger = await own.connect();
    await own.settle();
    own.drain();
    await own.pass(ANNOUNCED_MS + WINDOW_MS / 4);
    stranger.send(7, 1, JSON.stringify(AWARE));
    await own.settle();
    stranger.take();
    await own.pass(WINDOW_MS / 2);
    assert.deepEqual([delaysOf(known), delaysOf(stranger)], [[0], [0]]);
  });

  it("leaves who authenticates after its turn until the end", async () => {
    const own = await DrainedComet.start();
    await own.openAll(1);
    const stranger = await own.connect();
    await own.settle();
    own.drain();
    await own.pass(ANNOUNCED_MS + WINDOW_MS / 2 + 2 * TICK_MS);
    assert.equal(stranger.ended, false);
  });

  it("is over some time after the window for those who have not gone, whom a stop closes", async () => {
    const own = await DrainedComet.start();
    const [client] = await own.openAll(1);
    own.drain();
    await own.pass(ANNOUNCED_MS + WINDOW_MS + DRAIN_GRACE_MS - TICK_MS);
    assert.equal(own.isDrained, false);
    await own.pass(TICK_MS);
    assert.equal(own.isDrained, true);
    client.take();
    const stopped = own.comet.stop();
    await own.pass(TICK_MS);
    assert.equal(JSON.parse(client.frames()[0].body.toString()).code, 1001);
    await own.pass(TICK_MS);
    await stopped;
    assert.equal(own.clock.pending, 0);
  });

  it("tells so many in a tick, and still each before it is its turn", async () => {
    const own = await DrainedComet.start(1_000);
    const count = 2 * DRAIN_TOLD_PER_TICK + 500;
    const clients = await own.openAll(count);
    own.drain();
    await own.pass(ANNOUNCED_MS);
    assert.equal(own.comet.counters.drainMoved, DRAIN_TOLD_PER_TICK);
    await own.pass(TICK_MS);
    assert.equal(own.comet.counters.drainMoved, 2 * DRAIN_TOLD_PER_TICK);
    await own.pass(TICK_MS);
    assert.equal(own.comet.counters.drainMoved, count);
    const delays = clients.map(delaysOf);
    assert.ok(delays.every((told) => told.length === 1));
    assert.deepEqual(delays.at(-1), [1_000 - 2 * TICK_MS]);
  });

  it("is done at once without clients, without a window, and where another has its place", async () => {
    const empty = await DrainedComet.start();
    const shut = await DrainedComet.start(0);
    await shut.open();
    const replaced = await DrainedComet.start();
    await replaced.open();
    replaced.logic.report = () => Promise.reject(new NodeReplaced());
    await replaced.pass(1_500);
    for (const own of [empty, shut, replaced]) {
      own.drain();
      await own.settle();
      assert.equal(own.isDrained, true);
    }
  });

  it("asked twice is one drain", async () => {
    const own = await DrainedComet.start();
    const [client] = await own.openAll(1);
    own.drain();
    await own.pass(ANNOUNCED_MS);
    own.drain();
    await own.pass(WINDOW_MS / 2);
    assert.deepEqual(delaysOf(client), [0]);
  });
});
