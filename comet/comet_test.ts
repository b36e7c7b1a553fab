import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock, type TimerHandle } from "../base/clock.ts";
import { seededPrng } from "../base/prng.ts";
import { encodeFrame } from "../protocol/frame.ts";
import type { Delivery } from "../protocol/cluster/delivery.ts";
import { NODE_LEASE_MS } from "../protocol/cluster/comet_node.ts";
import { memoryPlatform } from "../tests/memory_platform/mod.ts";
import { FakeLogic } from "../tests/support/fake_logic.ts";
import { MemoryClient, UPGRADE } from "../tests/support/memory_client.ts";
import { testNode } from "../tests/support/test_comet.ts";
import { Comet } from "./comet.ts";
import { cometDefaults, TICK_MS } from "./options.ts";

const address = { hostname: "127.0.0.1", port: 0 };

const node = testNode("c");

/** By how much the timers of a {@linkcode LateClock} are late, in milliseconds. */
const LATE_MS = 8;

/** A clock whose timers are late, as those of a runtime that has something else to do. */
class LateClock extends ManualClock {
  override setTimeout(callback: () => void, delayMs: number): TimerHandle {
    return super.setTimeout(callback, delayMs + LATE_MS);
  }

  override setInterval(callback: () => void, periodMs: number): TimerHandle {
    return super.setInterval(callback, periodMs + LATE_MS);
  }
}

/** Lets everything happen that needs no time. */
async function settleOn(clock: ManualClock): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    clock.advance(0);
    for (let step = 0; step < 10; step++) await Promise.resolve();
  }
}

/** A comet that listens for TCP, and a client that has authenticated. */
async function start(clock = new ManualClock()) {
  const { streams } = memoryPlatform({ clock });
  const logic = new FakeLogic();
  const prng = seededPrng(1);
  const comet = new Comet({
    server: "c",
    streams,
    logic,
    clock,
    running: clock,
    prng,
    options: cometDefaults,
  });
  const { port } = await comet.listen({ address, transport: "tcp" });
  const settle = () => settleOn(clock);
  const connect = () => MemoryClient.connect(streams, port);
  const client = await connect();
  client.send(7, 1, "{}");
  await settle();
  client.take();
  return { clock, comet, logic, client, connect, settle };
}

describe("Comet.listen()", () => {
  it("takes any number of ports for each transport, until the comet stops", async () => {
    const clock = new ManualClock();
    const { streams } = memoryPlatform({ clock });
    const logic = new FakeLogic();
    const prng = seededPrng(1);
    const options = cometDefaults;
    const comet = new Comet({ server: "c", streams, logic, clock, running: clock, prng, options });
    const transports = ["tcp", "websocket", "tcp", "websocket"] as const;
    const ports = [];
    for (const transport of transports) {
      ports.push((await comet.listen({ address, transport })).port);
    }
    for (const [index, port] of ports.entries()) {
      const client = await MemoryClient.connect(streams, port);
      if (transports[index] === "tcp") {
        client.send(7, 1, "{}");
      } else {
        client.write(UPGRADE);
        client.sendBinary(7, 1, "{}");
      }
      await settleOn(clock);
    }
    assert.equal(comet.counters.authenticated, ports.length);
    const stopped = comet.stop();
    await settleOn(clock);
    clock.advance(TICK_MS);
    await stopped;
    for (const port of ports) {
      await assert.rejects(MemoryClient.connect(streams, port), /connection refused/);
    }
  });
});

describe("Comet.stop()", () => {
  it("tells clients that the server goes, waits for them and leaves no timer", async () => {
    const { clock, comet, client, settle, connect } = await start();
    let isStopped = false;
    const stopped = comet.stop().then(() => isStopped = true);
    client.goesWhenTold = false;
    await settle();
    assert.equal(JSON.parse(client.frames()[0].body.toString()).code, 1001);
    await assert.rejects(connect(), /connection refused/);
    clock.advance(TICK_MS);
    await settle();
    assert.equal(isStopped, false);
    client.end();
    await settle();
    clock.advance(TICK_MS);
    await stopped;
    assert.deepEqual([comet.connections, comet.rooms, clock.pending], [0, 0, 0]);
  });

  it("closes as well who was on the way in", async () => {
    const { clock, comet, connect, settle, logic } = await start();
    const late = await connect();
    late.send(7, 1, "{}");
    const stopped = comet.stop();
    for (let step = 0; step < 10; step++) await Promise.resolve();
    assert.equal(comet.connections, 1);
    await settle();
    assert.equal(comet.connections, 1);
    clock.advance(TICK_MS);
    await settle();
    clock.advance(TICK_MS);
    await stopped;
    assert.deepEqual([late.closed, comet.connections, logic.disconnected.length], [true, 0, 2]);
  });

  it("ends at once without clients", async () => {
    const { clock, comet, client, settle } = await start();
    client.reset();
    await settle();
    await comet.stop();
    assert.equal(clock.pending, 0);
  });
});

describe("Comet.close()", () => {
  it("closes the connection with this id, and ignores one that is gone", async () => {
    const { comet, client, settle, logic } = await start();
    const close = { code: 4004, reason: "replaced", reconnect: false };
    await comet.control.close({ connectionId: 1, close });
    await settle();
    assert.equal(client.ended, false);
    client.send(4, 1, "x");
    await settle();
    assert.equal(logic.received.length, 1);
    await comet.control.close({ connectionId: 2 ** 20, close });
    await settle();
    assert.equal(client.frames().at(-1)!.op, 6);
    assert.deepEqual([client.closed, comet.connections], [true, 0]);
    await comet.control.close({ connectionId: 2 ** 20, close });
  });
});

describe("Comet.deliver()", () => {
  const frames = encodeFrame(1000, 0, new TextEncoder().encode("push"));
  const push = (position: number): Delivery => ({
    ...{ kind: "room", partition: 0, token: 1, room: "live://1", frames },
    epoch: "",
    head: 0,
    positions: [position],
  });

  /** A registered comet whose reports logic takes when it is told to. */
  async function startRegistered() {
    const started = await start();
    const { comet, clock, logic, settle } = started;
    await comet.join(node);
    logic.holds.add("report");
    clock.advance(cometDefaults.reportMs);
    logic.reports.at(-1)!.resolve(new Map());
    await settle();
    return started;
  }

  it("takes nothing while the cluster may have given it up, and asks", async () => {
    const { comet, clock, logic, client, settle } = await startRegistered();
    await comet.deliver([push(1)]);
    const reports = logic.reports.length;
    clock.advance(2 * NODE_LEASE_MS);
    await settle();
    assert.equal(logic.reports.length, reports + 1);
    await assert.rejects(comet.deliver([push(2)]), { code: "unavailable", temporary: true });
    assert.equal(comet.counters.deliveriesRefused, 1);
    logic.reports.at(-1)!.resolve(new Map());
    await settle();
    // It was sent long ago: what logic has thought of since is not known.
    await assert.rejects(comet.deliver([push(2)]), { code: "unavailable" });
    clock.advance(cometDefaults.reportMs);
    await settle();
    logic.reports.at(-1)!.resolve(new Map());
    await settle();
    await comet.deliver([push(2)]);
    await settle();
    assert.equal(client.frames().length, 2);
  });
});

describe("Comet", () => {
  it("closes silent clients within a tick of their deadlines, however late each tick is", async () => {
    const { clock, connect, settle } = await start(new LateClock());
    const clients = [];
    for (let index = 0; index < 50; index++) {
      const client = await connect();
      client.send(7, 1, "{}");
      await settle();
      clients.push({ client, deadlineMs: clock.monotonicMs() + cometDefaults.heartbeatMs });
      clock.advance(37);
    }
    clock.advance(clients[0].deadlineMs - clock.monotonicMs() - 1);
    for (const { client, deadlineMs } of clients) {
      while (!client.ended) {
        clock.advance(1);
        await Promise.resolve();
      }
      const lateMs = clock.monotonicMs() - deadlineMs;
      assert.ok(0 <= lateMs && lateMs <= TICK_MS + LATE_MS, `${lateMs} ms late`);
    }
  });

  it("reports by its own clock", async () => {
    const { clock, logic } = await start();
    logic.holds.add("report");
    clock.advance(cometDefaults.reportMs);
    assert.equal(logic.reports.length, 1);
    assert.equal(logic.reports[0].request.connections, 1);
  });
});
