import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { seededPrng } from "../base/prng.ts";
import { RunningClock } from "../base/running_clock.ts";
import { MemoryNodes } from "../drivers/memory/nodes.ts";
import { memoryPlatform } from "../tests/memory_platform/mod.ts";
import { encodeFrame } from "../protocol/frame.ts";
import { NodeUnknown } from "../protocol/cluster/comet_node.ts";
import { FakeLogic } from "../tests/support/fake_logic.ts";
import { MemoryClient } from "../tests/support/memory_client.ts";
import { testNode } from "../tests/support/test_comet.ts";
import { Comet } from "./comet.ts";
import { cometDefaults, type CometOptions, TICK_MS } from "./options.ts";

const address = { hostname: "127.0.0.1", port: 0 };
const SERVER = "c~1";

/** A comet in a process that can stand still. */
async function start(changed: Partial<CometOptions> = {}, kernelBufferBytes = 262_144) {
  const clock = new ManualClock();
  const { streams } = memoryPlatform({ clock, kernelBufferBytes });
  const logic = new FakeLogic();
  const comet = new Comet({
    server: SERVER,
    streams,
    logic,
    clock,
    running: new RunningClock(clock),
    prng: seededPrng(1),
    options: { ...cometDefaults, ...changed },
  });
  const { port } = await comet.listen({ address, transport: "tcp" });
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) {
      clock.advance(0);
      for (let step = 0; step < 10; step++) await Promise.resolve();
    }
  };
  const connect = () => MemoryClient.connect(streams, port);
  const open = async (token = "{}") => {
    const client = await connect();
    await settle();
    client.send(7, 1, token);
    await settle();
    client.take();
    return client;
  };
  const advance = async (spanMs: number) => {
    for (let leftMs = spanMs; leftMs > 0; leftMs -= TICK_MS) {
      clock.advance(Math.min(leftMs, TICK_MS));
      await settle();
    }
  };
  return { clock, comet, logic, connect, open, settle, advance };
}

/** Operations of the frames that a client got. */
function operations(client: MemoryClient): number[] {
  return client.frames().map(({ op }) => op);
}

describe("A comet whose process stood still", () => {
  it("closes what has expired meanwhile soon after, and nobody for silence", async () => {
    const { clock, comet, open, settle, advance } = await start({ heartbeatMs: 10_000 });
    const expired = await open('{"expiresInMs":5000}');
    const later = await open('{"expiresInMs":18000}');
    const lasting = await open();
    await advance(1_000);
    clock.stall(15_000);
    await settle();
    await advance(400);
    const codes = [expired, later, lasting].map((client) =>
      client.frames().map(({ body }) => JSON.parse(body.toString()).code)
    );
    assert.deepEqual(codes, [[4011], [], []]);
    await advance(1_500);
    assert.deepEqual(operations(later), []);
    await advance(200);
    assert.deepEqual(JSON.parse(later.frames()[0].body.toString()).code, 4011);
    assert.deepEqual([operations(lasting), comet.counters.expired], [[], 2]);
    assert.equal(comet.counters.heartbeatTimeouts, 0);
  });

  it("reads the heartbeats that wait in its sockets before it judges them", async () => {
    const { clock, open, advance, settle } = await start({ heartbeatMs: 4_000 });
    const clients = await Promise.all(Array.from({ length: 20 }, () => open()));
    await advance(3_900);
    clock.stall(8_000);
    for (const client of clients) client.send(2, 1);
    await settle();
    await advance(3_900);
    for (const client of clients) assert.deepEqual(operations(client), [3]);
  });

  it("gives those who were silent before it the rest of their time, and no more", async () => {
    const { clock, open, advance } = await start({ heartbeatMs: 4_000 });
    const client = await open();
    await advance(1_000);
    clock.stall(60_000);
    await advance(2_300);
    assert.equal(client.ended, false);
    await advance(1_000);
    assert.equal(client.ended, true);
  });

  it("lets in whose auth waits in its socket", async () => {
    const { clock, connect, comet, advance, settle } = await start({ handshakeMs: 1_000 });
    const client = await connect();
    await settle();
    await advance(900);
    clock.stall(15_000);
    client.send(7, 1, "{}");
    const late = await connect();
    late.send(7, 1, "{}");
    await settle();
    await advance(1_000);
    assert.deepEqual([...operations(client), ...operations(late)], [8, 8]);
    assert.equal(comet.counters.authenticated, 2);
  });

  it("does not take those for slow who have read meanwhile", async () => {
    const { clock, comet, open, advance, settle } = await start({ slowReaderMs: 1_000 }, 1_000);
    const client = await open();
    client.pause();
    const frames = encodeFrame(1000, 0, new Uint8Array(20_000));
    const from = { partition: 0, token: 1, epoch: "", head: 0, positions: [1] };
    await comet.deliver([{ kind: "room", ...from, room: "live://1", frames }]);
    await advance(900);
    clock.stall(15_000);
    client.resume();
    await settle();
    await advance(2_000);
    assert.deepEqual(operations(client), [1000]);
    assert.equal(comet.counters.slowReaders, 0);
  });

  it("keeps its clients in a cluster when it was for less than its lease", async () => {
    const { clock, comet, logic, open, advance } = await start();
    const nodes = new MemoryNodes(clock);
    logic.register = async (node) => {
      await nodes.register(node);
      return { openAfterMs: 0, leaseMs: nodes.leaseMs };
    };
    logic.report = async ({ server, rooms, connections }) => {
      await nodes.report(server, { connections, clientAddresses: 1, rooms });
      return new Map();
    };
    await comet.join({ ...testNode("c"), server: SERVER });
    const client = await open();
    await advance(2_000);
    clock.stall(8_500);
    await advance(2_000);
    const frames = encodeFrame(1000, 0, new Uint8Array(8));
    const from = { partition: 0, token: 1, epoch: "", head: 0, positions: [1] };
    await comet.deliver([{ kind: "room", ...from, room: "live://1", frames }]);
    await advance(100);
    assert.deepEqual(operations(client), [1000]);
    assert.equal(comet.counters.logicFailures, 0);
  });

  for (
    const [where, leaseMs] of [["in one process", Infinity], ["in a cluster", 10_000]] as const
  ) {
    it(`${where} ${leaseMs === Infinity ? "is given up by nobody" : "has been given up"}`, async () => {
      const { clock, comet, logic, open, advance } = await start();
      const nodes = new MemoryNodes(clock, leaseMs);
      logic.register = async (node) => {
        await nodes.register(node);
        return { openAfterMs: 0, leaseMs: nodes.leaseMs };
      };
      let unknown = 0;
      logic.report = async ({ server, rooms, ...counts }) => {
        await nodes.report(server, { ...counts, clientAddresses: 1, rooms }).catch((error) => {
          if (error instanceof NodeUnknown) unknown++;
          throw error;
        });
        return new Map();
      };
      await comet.join({ ...testNode("c"), server: SERVER });
      const client = await open();
      await advance(2_000);
      clock.stall(15_000);
      const frames = encodeFrame(1000, 0, new Uint8Array(8));
      const from = { partition: 0, token: 1, epoch: "", head: 0, positions: [1] };
      const delivered = comet.deliver([{ kind: "room", ...from, room: "live://1", frames }]);
      if (leaseMs === Infinity) await delivered;
      else await assert.rejects(delivered, { code: "unavailable" });
      await advance(3_000);
      assert.deepEqual(operations(client), leaseMs === Infinity ? [1000] : [6]);
      assert.equal(unknown, leaseMs === Infinity ? 0 : 1);
    });
  }
});
