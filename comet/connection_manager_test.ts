import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MemoryClient } from "../tests/support/memory_client.ts";
import { UPGRADE } from "../tests/support/memory_client.ts";
import { clientFrame } from "../tests/support/websocket_frames.ts";
import { connectReply } from "../tests/support/fake_logic.ts";
import { NOTHING_LEFT, pushFrames, TestComet } from "../tests/support/test_comet.ts";
import { rawFrame, readRawFrames } from "../tests/support/raw_client.ts";
import { TICK_MS } from "./options.ts";
import { broadcastDelivery, keysDelivery, roomDelivery } from "../tests/support/deliveries.ts";

/** The close code in the last frame over TCP, which is the only one with op 6. */
function closeCode(client: MemoryClient): number {
  const frames = client.frames();
  assert.deepEqual(frames.map(({ op }) => op).indexOf(6), frames.length - 1);
  const close = JSON.parse(frames.at(-1)!.body.toString());
  assert.deepEqual(Object.keys(close), ["code", "reason", "reconnect"]);
  return close.code;
}

describe("ConnectionManager's handshake deadline", () => {
  it("closes who has not authenticated in time, never early and at most a tick late", async () => {
    for (const offsetMs of [0, 1, 50, 99]) {
      const comet = await TestComet.start({ handshakeMs: 1_000 });
      await comet.advance(offsetMs);
      const client = await comet.connect();
      await comet.advance(999);
      assert.equal(client.ended, false, `early at ${offsetMs}`);
      await comet.advance(1 + TICK_MS);
      assert.equal(client.ended, true, `late at ${offsetMs}`);
      assert.equal(client.take().length, 0);
      assert.equal(comet.counters.handshakeTimeouts, 1);
      assert.deepEqual(comet.left(), NOTHING_LEFT);
    }
  });

  it("is not put off by anything but auth, and says 4000 on WebSocket", async () => {
    const comet = await TestComet.start({ handshakeMs: 1_000 });
    const tcp = await comet.connect();
    const webSocket = await comet.connectWebSocket();
    webSocket.write(UPGRADE);
    for (let elapsedMs = 0; elapsedMs < 900; elapsedMs += 100) {
      tcp.send(2, 1);
      webSocket.sendBinary(2, 1);
      webSocket.write(clientFrame(9));
      await comet.advance(100);
    }
    assert.equal(tcp.ended || webSocket.ended, false);
    webSocket.take();
    await comet.advance(100 + TICK_MS);
    assert.deepEqual([tcp.ended, tcp.take().length], [true, 0]);
    const [close] = webSocket.messages();
    assert.deepEqual([close.opcode, close.payload.readUInt16BE(0)], [8, 4000]);
  });

  it("holds while logic thinks, and what logic answers later is undone", async () => {
    const comet = await TestComet.start({ handshakeMs: 1_000 });
    comet.logic.holds.add("connect");
    const client = await comet.connect();
    client.send(7, 1, "{}");
    await comet.advance(1_000 + TICK_MS);
    assert.deepEqual([client.closed, comet.counters.handshakeTimeouts], [true, 1]);
    comet.logic.connects[0].resolve(connectReply({ mid: 5n, key: "k" }));
    await comet.settle();
    const { connectionId } = comet.logic.connects[0].request;
    assert.deepEqual(comet.logic.disconnected, [
      { server: "comet-1", connectionId, mid: 5n, key: "k" },
    ]);
    assert.equal(comet.connections.channels.byKey("k"), undefined);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });
});

describe("ConnectionManager's heartbeat deadline", () => {
  it("closes who sent no heartbeat, never early and at most a tick late", async () => {
    for (const offsetMs of [0, 1, 50, 99]) {
      const comet = await TestComet.start({ heartbeatMs: 2_000 });
      await comet.advance(offsetMs);
      const client = await comet.open();
      await comet.advance(1_500);
      client.send(2, 1);
      await comet.advance(1_999);
      assert.deepEqual([client.ended, client.frames().length], [false, 1]);
      await comet.advance(1 + TICK_MS);
      assert.deepEqual([client.ended, closeCode(client)], [true, 4002]);
      assert.equal(comet.counters.heartbeatTimeouts, 1);
      assert.deepEqual(comet.left(), NOTHING_LEFT);
    }
  });

  it("is put off by heartbeats alone", async () => {
    const comet = await TestComet.start({ heartbeatMs: 1_000 });
    const client = await comet.open();
    for (let elapsedMs = 0; elapsedMs < 1_000 + TICK_MS; elapsedMs += 100) {
      client.send(12, 1, "live://2");
      client.send(14, 1, "7");
      client.send(4, 1, "x");
      client.send(999, 1, "x");
      await comet.advance(100);
    }
    assert.equal(client.ended, true);
    assert.equal(closeCode(client), 4002);
  });
});

describe("ConnectionManager.open()", () => {
  it("turns away who comes when the comet is full, and takes the next when one has gone", async () => {
    const comet = await TestComet.start({ connectionsMax: 2 });
    const [first, second] = [await comet.open(), await comet.connectWebSocket()];
    const third = await comet.connect();
    assert.deepEqual([third.closed, comet.counters.refusedFull], [true, 1]);
    assert.deepEqual([first.closed, second.closed, comet.counters.accepted], [false, false, 2]);
    first.reset();
    await comet.settle();
    const fourth = await comet.open();
    assert.deepEqual([fourth.closed, comet.counters.refusedFull], [false, 1]);
    second.reset();
    fourth.reset();
    await comet.settle();
    assert.deepEqual(comet.left(), NOTHING_LEFT);
    assert.equal(comet.counters.closed, comet.counters.accepted);
  });
});

describe("ConnectionManager.close()", () => {
  const close = { code: 4004, reason: "why", reconnect: false };

  it("says farewell once and evicts who does not go", async () => {
    const comet = await TestComet.start({ closeMs: 500 });
    const client = await comet.open();
    client.goesWhenTold = false;
    const [channel] = comet.channels();
    comet.connections.close(channel, close);
    comet.connections.close(channel, close);
    await comet.settle();
    assert.deepEqual([client.ended, client.closed], [true, false]);
    assert.deepEqual(client.lines(), [`6:0:${JSON.stringify(close)}`]);
    assert.equal(comet.logic.disconnected.length, 1);
    client.send(2, 1);
    await comet.advance(499);
    assert.equal(client.closed, false);
    await comet.advance(1 + TICK_MS);
    assert.deepEqual([client.closed, client.take().length], [true, 0]);
    assert.equal(comet.logic.disconnected.length, 1);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  it("takes the channel out of room and key at once", async () => {
    const comet = await TestComet.start();
    const client = await comet.open({ key: "k", room: "live://9" });
    client.goesWhenTold = false;
    comet.connections.close(comet.channels()[0], close);
    await comet.deliver([
      roomDelivery("live://9", pushFrames("room")),
      keysDelivery(["k"], 1000, pushFrames("key")),
      broadcastDelivery(1000, pushFrames("all")),
    ]);
    await comet.settle();
    assert.deepEqual(client.frames().map(({ op }) => op), [6]);
    assert.deepEqual(comet.left(), { ...NOTHING_LEFT, channels: 1, addresses: 1, timers: 1 });
  });

  it("gets its word through a full queue", async () => {
    const comet = await TestComet.start({ kernelBufferBytes: 100, closeMs: 5_000 });
    const client = await comet.open();
    client.pause();
    const [channel] = comet.channels();
    while (comet.connections.write(channel, rawFrame(1000, 0, new Uint8Array(50))) < 2);
    comet.connections.close(channel, close);
    client.resume();
    for (let turn = 0; turn < 100; turn++) await comet.turn();
    assert.equal(client.ended, true);
    assert.equal(closeCode(client), 4004);
  });

  it("answers a client that has ended, whatever came with its end", async () => {
    const comet = await TestComet.start();
    const client = await comet.open();
    client.send(2, 7);
    client.end();
    await comet.settle();
    assert.deepEqual(client.frames().map(({ op }) => op), [3, 6]);
    assert.equal(client.closed, true);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });
});

describe("ConnectionManager's slow-reader deadline", () => {
  const small = { kernelBufferBytes: 1_000, slowReaderMs: 1_000 };

  it("closes who has not emptied the queue in time: what waits is discarded, then 4003", async () => {
    const comet = await TestComet.start(small);
    const client = await comet.open();
    client.pause();
    const large = pushFrames(new Uint8Array(700));
    for (let push = 0; push < 10; push++) await comet.deliver([roomDelivery("live://1", large)]);
    await comet.advance(999);
    assert.deepEqual([comet.counters.slowReaders, comet.channels()[0].state], [0, 1]);
    await comet.advance(1 + TICK_MS);
    assert.equal(comet.counters.slowReaders, 1);
    client.resume();
    await comet.settle();
    const frames = client.frames();
    // One that the kernel had taken, one that had begun: none is cut.
    assert.deepEqual(frames.map(({ op }) => op), [1000, 1000, 6]);
    assert.equal(JSON.parse(frames[2].body.toString()).code, 4003);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  it("counts what does not fit the queue", async () => {
    const comet = await TestComet.start(small);
    const client = await comet.open();
    client.pause();
    const frames = pushFrames("x".repeat(1_000), "y".repeat(1_000));
    for (let push = 0; push < 100; push++) {
      await comet.deliver([roomDelivery("live://1", frames, 2)]);
    }
    const { framesPushed, framesDropped } = comet.counters;
    assert.equal(framesPushed + framesDropped, 200);
    const [{ conn }] = comet.channels();
    assert.ok(conn.pendingBytes <= 64 * 1024 && conn.pendingBytes > 62 * 1024);
    assert.equal(framesPushed, 2 * Math.floor((64 * 1024 + 1_000) / frames.length));
    client.resume();
    for (let turn = 0; turn < 400; turn++) await comet.turn();
    assert.equal(client.frames().length, framesPushed);
  });

  it("is called off when the queue is empty in time, however often it fills", async () => {
    const comet = await TestComet.start(small);
    const client = await comet.open();
    const frames = pushFrames("z".repeat(2_000));
    for (let round = 0; round < 5; round++) {
      client.pause();
      await comet.deliver([roomDelivery("live://1", frames)]);
      await comet.advance(900);
      client.resume();
      await comet.settle();
      assert.equal(client.frames().length, 1);
      assert.equal(comet.connections.timers, 1);
    }
    await comet.advance(5_000);
    assert.deepEqual([comet.counters.slowReaders, client.ended], [0, false]);
  });

  it("runs as well when the queue drops what it has never held", async () => {
    const comet = await TestComet.start(small);
    const client = await comet.open();
    const [channel] = comet.channels();
    // As where a write of any size is sent for all the runtime knows, until the next one.
    Object.defineProperty(channel, "conn", {
      value: { write: () => 2, discardPending: () => 0, end() {}, evict: () => client.reset() },
    });
    comet.connections.write(channel, rawFrame(1000, 0));
    await comet.advance(1_000 + TICK_MS);
    assert.equal(comet.counters.slowReaders, 1);
  });
});

describe("ConnectionManager's books", () => {
  it("are empty after clients of every kind have gone in every way", async () => {
    const comet = await TestComet.start({ handshakeMs: 1_000, heartbeatMs: 1_000, closeMs: 500 });
    comet.logic.holds.add("receive");
    const partial = rawFrame(4, 1, "cut short").subarray(0, 20);
    const whole = rawFrame(4, 1, "waits for logic");
    const ways: ((client: MemoryClient) => void)[] = [
      (client) => client.end(),
      (client) => client.reset(),
      (client) => client.goesWhenTold = false,
      (client) => client.write(new Uint8Array(100).fill(255)),
      (client) => {
        client.write(partial);
        client.reset();
      },
      (client) => client.write(clientFrame(2, partial, { isFinal: false })),
      (client) => {
        for (let frame = 0; frame < 3; frame++) client.write(whole);
        client.write(clientFrame(2, whole));
        client.write(clientFrame(2, whole));
      },
    ];
    for (const way of ways) {
      for (
        const make of ["connect", "connectWebSocket", "open", "openBinary", "openText"] as const
      ) {
        way(await comet[make]());
        await comet.settle();
      }
    }
    await comet.advance(2_000);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
    assert.equal(comet.counters.closed, comet.counters.accepted);
    assert.equal(comet.logic.disconnected.length, comet.counters.authenticated);
    for (const { resolve } of comet.logic.receives) resolve();
    await comet.settle();
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  it("share a list of operations among all who accept the same, until one subscribes", async () => {
    const comet = await TestComet.start();
    const clients = [];
    for (const accepts of [[1000, 7], [1000, 7], [7, 1000], [1000, 7, 8]]) {
      clients.push(await comet.open({ accepts }));
    }
    const [a, b, c, d] = comet.channels();
    assert.equal(a.accepts, b.accepts);
    clients[0].send(14, 1, "9");
    await comet.settle();
    assert.deepEqual([a, b, c, d].map(({ accepts }) => accepts), [
      [1000, 7, 9],
      [1000, 7],
      [7, 1000],
      [1000, 7, 8],
    ]);
  });

  it("keep the other connections of a key when one goes", async () => {
    const comet = await TestComet.start();
    const first = await comet.open({ key: "k" });
    const second = await comet.open({ key: "k" });
    first.reset();
    await comet.settle();
    await comet.deliver([
      keysDelivery(["k"], 1000, pushFrames("for the second")),
    ]);
    await comet.settle();
    assert.deepEqual(second.lines(), ["1000:0:for the second"]);
    assert.equal(readRawFrames(first.take()).frames.length, 0);
    assert.equal(comet.logic.disconnected.length, 1);
  });
});
