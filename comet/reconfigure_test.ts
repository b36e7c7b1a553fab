import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { seededPrng } from "../base/prng.ts";
import { roomDefaults, type RoomOptions } from "../protocol/room_options.ts";
import { pushFrames } from "../tests/support/test_comet.ts";
import { roomDelivery } from "../tests/support/deliveries.ts";
import { memoryPlatform } from "../tests/memory_platform/mod.ts";
import { FakeLogic } from "../tests/support/fake_logic.ts";
import { MemoryClient, UPGRADE } from "../tests/support/memory_client.ts";
import { RoomStore } from "../tests/support/room_store.ts";
import { testNode } from "../tests/support/test_comet.ts";
import { Comet } from "./comet.ts";
import { cometDefaults, type CometOptions, TICK_MS } from "./options.ts";

const EXTRAS = { features: ["rooms", "notices"] };

/** A comet whose options change while it runs, on what a test owns. */
async function setUp(given: Partial<CometOptions> = {}) {
  const clock = new ManualClock();
  const { streams } = memoryPlatform({ clock });
  const logic = new FakeLogic();
  const parts = { streams, logic, clock, running: clock, prng: seededPrng(1) };
  const options = { ...cometDefaults, pingMs: 0, ...given };
  const comet = new Comet({ server: "c", options, ...parts });
  const address = { hostname: "127.0.0.1", port: 0 };
  const { port } = await comet.listen({ address, transport: "tcp" });
  const web = await comet.listen({ address, transport: "websocket" });
  const settle = async () => {
    for (let turn = 0; turn < 40; turn++) {
      clock.advance(0);
      for (let step = 0; step < 10; step++) await Promise.resolve();
    }
  };
  const advance = async (spanMs: number) => {
    for (let leftMs = spanMs; leftMs > 0; leftMs -= TICK_MS) {
      clock.advance(Math.min(TICK_MS, leftMs));
      await settle();
    }
  };
  await Promise.all([comet.join(testNode("c")), settle()]);
  const connect = () => MemoryClient.connect(streams, port);
  /** What a web client behind a proxy is answered. */
  const upgrade = async (address: string) => {
    const client = await MemoryClient.connect(streams, web.port);
    const head = new TextDecoder().decode(UPGRADE).replace(/\r\n$/, "");
    client.write(new TextEncoder().encode(`${head}x-forwarded-for: ${address}\r\n\r\n`));
    await settle();
    return client.take().toString("latin1").slice(9, 12);
  };
  const open = async (token: object = {}) => {
    const client = await connect();
    client.send(7, 1, JSON.stringify({ extras: EXTRAS, ...token }));
    await settle();
    client.take();
    return client;
  };
  return {
    comet,
    logic,
    settle,
    advance,
    connect,
    upgrade,
    open,
    reconfigure: (other: Partial<CometOptions>) => comet.reconfigure({ ...options, ...other }),
  };
}

const rooms = (...types: (Partial<RoomOptions> & { type: string })[]) =>
  types.map((type) => ({ ...roomDefaults, ...type }));

describe("Comet.reconfigure()", () => {
  it("holds for clients that come, and for the next thing that those here do", async () => {
    const { comet, reconfigure, connect, open, advance, settle } = await setUp();
    const [busy, member] = [await open(), await open()];
    reconfigure({ connectionsMax: 3, handshakeMs: 500, operationsMax: 1, roomsMax: 1 });
    const silent = await connect();
    const tooMany = await connect();
    await settle();
    assert.equal(comet.connections, 3);
    assert.equal(comet.counters.refusedFull, 1);
    assert.equal(tooMany.closed, true);
    await advance(800);
    assert.equal(silent.closed, true);
    assert.equal(comet.counters.handshakeTimeouts, 1);
    for (const id of [1, 2]) member.send(64, id, JSON.stringify({ room: `r://${id}` }));
    await settle();
    assert.match(member.lines().join(), /"code":0.*"code":-429/);
    for (let sent = 0; sent < 20; sent++) busy.send(2, 1);
    await settle();
    assert.equal(comet.counters.tooManyOperations, 1);
    assert.equal(comet.connections, 1);
  });

  it("changes how often clients may publish, and how much", async () => {
    const types = rooms({ type: "r", upstream: "publish" });
    const { comet, reconfigure, open, settle } = await setUp({ rooms: types });
    const client = await open({ room: "r://1" });
    reconfigure({ rooms: types, publishRate: 1, publishBurst: 2 });
    for (let n = 1; n <= 3; n++) client.send(70, n, JSON.stringify({ room: "r://1", body: n }));
    await settle();
    assert.equal(comet.counters.publishesTooMany, 1);
    reconfigure({ rooms: types, publishRate: 0 });
    client.send(70, 4, JSON.stringify({ room: "r://1", body: 4 }));
    await settle();
    assert.equal(comet.counters.publishesTooMany, 1);
    reconfigure({ rooms: rooms({ type: "r", upstream: "publish", messageBytesMax: 1 }) });
    client.send(70, 5, JSON.stringify({ room: "r://1", body: "too long" }));
    await settle();
    assert.match(client.lines().at(-1)!, /"code":-400/);
  });

  it("changes which proxies are believed", async () => {
    const { reconfigure, upgrade } = await setUp({ addressConnectionsMax: 1 });
    const statuses = [await upgrade("192.0.2.1"), await upgrade("192.0.2.2")];
    reconfigure({ addressConnectionsMax: 1, trustedProxies: ["127.0.0.0/8"] });
    statuses.push(await upgrade("192.0.2.1"), await upgrade("192.0.2.2"));
    assert.deepEqual(statuses, ["101", "429", "101", "101"]);
  });

  it("gives rooms their new options, but begins histories only in rooms that were empty", async () => {
    const { comet, logic, reconfigure, open, settle, advance } = await setUp({
      rooms: rooms({ type: "old", historySize: 10 }),
    });
    const store = new RoomStore("old://1");
    for (let offset = 1; offset <= 10; offset++) store.append();
    logic.readHistory = (query) => Promise.resolve(store.read({ ...query, room: "old://1" }));
    const [old, young] = [await open({ room: "old://1" }), await open({ room: "young://1" })];
    reconfigure({
      rooms: rooms(
        { type: "old", historySize: 3, slow: "latest" },
        { type: "young", historySize: 10 },
      ),
    });
    const logged = comet.logs.get("old://1")!;
    assert.deepEqual([logged.options.historySize, logged.options.slow], [3, "latest"]);
    assert.deepEqual([logged.log.frames.first, logged.log.head], [8, 10]);
    // Who is in it goes on, and so does who comes while it is not empty.
    const next = await open({ room: "young://1" });
    assert.equal(comet.logs.get("young://1"), undefined);
    const delivery = comet.deliver([roomDelivery("young://1", pushFrames("x"))]);
    await settle();
    await delivery;
    for (const client of [young, next]) assert.equal(client.take().length, 16 + 1);
    for (const client of [young, next, old]) client.end();
    await advance(2 * TICK_MS);
    await open({ room: "young://1" });
    assert.notEqual(comet.logs.get("young://1"), undefined);
  });
});
