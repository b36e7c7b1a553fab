import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PUSH_FORMS } from "../tests/support/golden_pushes.ts";
import { pushFrames, TestComet } from "../tests/support/test_comet.ts";
import type { Delivery } from "../protocol/cluster/delivery.ts";
import { hex } from "../tests/support/websocket_frames.ts";
import type { Channel } from "./channel.ts";
import { goimMessages, goimStream } from "./format/goim.ts";
import { jsonMessages } from "./format/json.ts";
import { FANOUT_SLICE } from "./options.ts";
import { broadcastDelivery, keysDelivery, roomDelivery } from "../tests/support/deliveries.ts";

const ROOM = "live://1";

function room(...bodies: string[]): Delivery {
  return roomDelivery(ROOM, pushFrames(...bodies), bodies.length);
}

function keys(wanted: readonly string[], body: string, operation = 1000): Delivery {
  return keysDelivery(wanted, operation, pushFrames(body));
}

function broadcast(body: string, operation = 1000): Delivery {
  return broadcastDelivery(operation, pushFrames(body));
}

/** Notes the bytes that are written to each channel from now on. */
function spyOnWrites(comet: TestComet): Map<Channel, Uint8Array[]> {
  const writes = new Map<Channel, Uint8Array[]>();
  for (const channel of comet.channels()) {
    writes.set(channel, []);
    const { conn } = channel;
    const write = conn.write.bind(conn);
    conn.write = (bytes) => {
      writes.get(channel)!.push(bytes);
      return write(bytes);
    };
  }
  return writes;
}

describe("Fanout.deliver()", () => {
  for (const [what, { bodies, tcp, binary, text }] of Object.entries(PUSH_FORMS)) {
    it(`writes ${what} in each format, byte by byte`, async () => {
      const comet = await TestComet.start();
      const clients = [await comet.open(), await comet.openBinary(), await comet.openText()];
      const frames = pushFrames(...bodies);
      await comet.deliver([roomDelivery(ROOM, frames, bodies.length)]);
      await comet.settle();
      assert.deepEqual(clients.map((client) => hex(client.take())), [tcp, binary, text]);
    });
  }

  it("encodes a push once per format and shares the bytes", async () => {
    const comet = await TestComet.start();
    for (let client = 0; client < 3; client++) {
      await comet.open();
      await comet.openBinary();
      await comet.openText();
    }
    const writes = spyOnWrites(comet);
    const delivery = room("a", "b");
    await comet.deliver([delivery]);
    const perFormat = [goimStream, goimMessages, jsonMessages].map((format) =>
      [...writes].filter(([channel]) => channel.format === format).map(([, [bytes]]) => bytes)
    );
    for (const shared of perFormat) {
      assert.equal(shared.length, 3);
      assert.equal(new Set(shared).size, 1);
    }
    assert.equal(perFormat[0][0], delivery.frames);
    assert.equal(comet.counters.framesPushed, 9 * 2);
  });

  it("keeps the order of batches that overlap, and settles each when it is written", async () => {
    const comet = await TestComet.start();
    const client = await comet.open({ key: "k" });
    const settled: number[] = [];
    const batches = Array.from({ length: 20 }, (_, index) => [
      room(`${index}a`, `${index}b`),
      keys(["k"], `${index}c`),
      broadcast(`${index}d`),
    ]);
    const all = batches.map((batch, index) =>
      comet.fanout.deliver(batch).then(() => settled.push(index))
    );
    await comet.settle();
    await Promise.all(all);
    assert.deepEqual(settled, batches.map((_, index) => index));
    assert.deepEqual(
      client.frames().map(({ body }) => body.toString()),
      batches.flatMap((_, index) => [..."abcd"].map((letter) => `${index}${letter}`)),
    );
  });

  it("gives the event loop a turn behind a batch that is not small", async () => {
    const comet = await TestComet.start();
    const clients = [];
    for (let client = 0; client < FANOUT_SLICE / 4; client++) clients.push(await comet.open());
    const large = comet.fanout.deliver([room("large")]);
    let isSettled = false;
    large.then(() => isSettled = true);
    for (let step = 0; step < 10; step++) await Promise.resolve();
    assert.deepEqual([isSettled, comet.counters.framesPushed], [false, clients.length]);
    await comet.turn();
    assert.equal(isSettled, true);
    clients[0].reset();
    await comet.settle();
    await comet.fanout.deliver([room("small")]);
  });

  it("skips a push that is broken, and only that", async () => {
    const comet = await TestComet.start();
    const clients = [await comet.open({ key: "k" }), await comet.openText({ key: "k" })];
    const frames = pushFrames("cut short").subarray(0, 20);
    const broken: Delivery[] = [
      { ...room("x"), frames } as Delivery,
      { ...keys(["k"], "x"), frames } as Delivery,
      { ...broadcast("x"), frames } as Delivery,
      { ...broadcast("x"), frames, speed: 5 } as Delivery,
    ];
    const batch = [room("a"), ...broken, keys(["k"], "b")];
    await comet.deliver(batch);
    await comet.deliver([broadcast("c")]);
    await comet.advance(1_000);
    assert.deepEqual(clients[0].lines(), ["1000:0:a", "1000:0:b", "1000:0:c"]);
    assert.equal(clients[1].messages().length, 3);
    assert.equal(comet.counters.deliveryFailures, 4);
    await comet.deliver([room("d")]);
    await comet.settle();
    assert.deepEqual(clients[0].lines(), ["1000:0:d"]);
  });

  it("ignores rooms and keys that nobody has", async () => {
    const comet = await TestComet.start();
    await comet.deliver([room("x"), keys(["k"], "x"), broadcast("x")]);
    assert.equal(comet.counters.framesPushed, 0);
  });
});

describe("Fanout by room", () => {
  it("reaches every member, whatever it accepts, and nobody else", async () => {
    const comet = await TestComet.start();
    const deaf = await comet.open({ accepts: [] });
    const other = await comet.open({ room: "live://2" });
    const none = await comet.open({ room: "" });
    const early = await comet.connect();
    await comet.deliver([room("x")]);
    await comet.settle();
    assert.deepEqual(deaf.lines(), ["1000:0:x"]);
    for (const client of [other, none, early]) assert.equal(client.take().length, 0);
  });

  it("lets heartbeats be served, members leave and others join while it walks", async () => {
    const comet = await TestComet.start();
    const clients = [];
    for (let member = 0; member < 3 * FANOUT_SLICE; member++) {
      clients.push(await comet.connect());
      clients.at(-1)!.send(7, 1, "{}");
    }
    await comet.settle();
    for (const client of clients) client.take();
    const delivered = comet.fanout.deliver([room("first"), room("second")]);
    let isDone = false;
    delivered.then(() => isDone = true);
    await Promise.resolve();
    await Promise.resolve();
    assert.equal(comet.counters.framesPushed, FANOUT_SLICE);
    const [visited, unvisited, beating] = [clients[1], clients.at(-2)!, clients.at(-1)!];
    visited.reset();
    unvisited.reset();
    beating.send(2, 5);
    await comet.turn();
    await comet.turn();
    assert.equal(isDone, false);
    const late = await comet.connect();
    late.send(7, 1, "{}");
    await comet.settle();
    assert.equal(isDone, true);
    const gone = [visited, unvisited];
    for (const client of clients.filter((client) => !gone.includes(client) && client !== beating)) {
      assert.deepEqual(client.lines(), ["1000:0:first", "1000:0:second"]);
    }
    const lines = beating.lines();
    assert.match(lines[0], /^3:5:/);
    assert.deepEqual(lines.slice(1), ["1000:0:first", "1000:0:second"]);
    assert.equal(unvisited.lines().length, 0);
  });
});

describe("Fanout by keys", () => {
  it("reaches every connection of each key that accepts the operation", async () => {
    const comet = await TestComet.start();
    const twins = [await comet.open({ key: "a" }), await comet.openBinary({ key: "a" })];
    const deaf = await comet.open({ key: "a", accepts: [1001] });
    const single = await comet.open({ key: "b" });
    const other = await comet.open({ key: "c" });
    await comet.deliver([keys(["a", "nobody", "b"], "x")]);
    await comet.settle();
    assert.deepEqual(twins[0].lines(), ["1000:0:x"]);
    assert.equal(twins[1].messages().length, 1);
    assert.deepEqual(single.lines(), ["1000:0:x"]);
    for (const client of [deaf, other]) assert.equal(client.take().length, 0);
    assert.equal(comet.counters.framesPushed, 3);
  });

  it("goes on behind a connection whose queue is full", async () => {
    const comet = await TestComet.start({ kernelBufferBytes: 1_000 });
    const stuck = await comet.open({ key: "a" });
    stuck.pause();
    const well = await comet.open({ key: "b" });
    const body = "x".repeat(10_000);
    for (let push = 0; push < 10; push++) await comet.deliver([keys(["a", "b"], body)]);
    for (let turn = 0; turn < 400; turn++) await comet.turn();
    assert.ok(comet.counters.framesDropped > 0);
    await comet.deliver([keys(["a", "b"], "after")]);
    await comet.settle();
    assert.equal(well.frames().at(-1)!.body.toString(), "after");
  });
});

describe("Fanout to all", () => {
  it("reaches who has authenticated and accepts the operation, in any room or none", async () => {
    const comet = await TestComet.start();
    const one = await comet.open();
    const none = await comet.openText({ room: "" });
    const deaf = await comet.open({ accepts: [] });
    const early = await comet.connect();
    comet.logic.holds.add("connect");
    const waiting = await comet.open();
    await comet.deliver([broadcast("x")]);
    await comet.settle();
    assert.deepEqual(one.lines(), ["1000:0:x"]);
    assert.equal(none.messages().length, 1);
    for (const client of [deaf, early, waiting]) assert.equal(client.take().length, 0);
  });

  it("walks in slices, past holes in the table", async () => {
    const comet = await TestComet.start();
    const clients = [];
    for (let client = 0; client < 2 * FANOUT_SLICE; client++) {
      clients.push(await comet.connect());
      clients.at(-1)!.send(7, 1, "{}");
    }
    await comet.settle();
    for (const client of clients) client.take();
    clients[0].reset();
    clients[700].reset();
    await comet.settle();
    const delivered = comet.fanout.deliver([broadcast("x")]);
    await Promise.resolve();
    assert.equal(comet.counters.framesPushed, FANOUT_SLICE);
    await comet.settle();
    await delivered;
    assert.equal(comet.counters.framesPushed, clients.length - 2);
    for (const client of clients) client.closed || assert.deepEqual(client.lines(), ["1000:0:x"]);
  });
});
