import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { roomDefaults } from "../../protocol/room_options.ts";
import { roomDelivery } from "../../tests/support/deliveries.ts";
import { connectReply } from "../../tests/support/fake_logic.ts";
import type { MemoryClient } from "../../tests/support/memory_client.ts";
import { readRawFrames } from "../../tests/support/raw_client.ts";
import {
  NOTHING_LEFT,
  pushFrames,
  TestComet,
  type TestCometOptions,
} from "../../tests/support/test_comet.ts";

const EXTRAS = { features: ["rooms", "notices"] };

/** A comet and a client that joins further rooms, whose primary one is `live://1`. */
async function setUp(options: TestCometOptions = {}) {
  const comet = await TestComet.start(options);
  const client = await comet.open({ room: "live://1", extras: EXTRAS });
  return { comet, client, channel: comet.channels()[0] };
}

function answers(client: MemoryClient): [op: number, seq: number, body: Record<string, unknown>][] {
  return client.frames().map(({ op, seq, body }) => [op, seq, JSON.parse(body.toString())]);
}

function joined(room: string, online: number) {
  return { code: 0, room, epoch: "", offset: 0, recovered: true, missed: 0, online };
}

describe("operation 64", () => {
  it("joins a room beside the primary one, whose pushes come with its key", async () => {
    const { comet, client, channel } = await setUp();
    await comet.open({ room: "live://2" });
    client.send(64, 7, '{"room":"live://2"}');
    await comet.settle();
    assert.deepEqual(answers(client), [[65, 7, joined("live://2", 2)]]);
    assert.deepEqual(channel.others.map(({ room }) => room.key), ["live://2"]);
    for (const room of ["live://1", "live://2"]) {
      await comet.deliver([roomDelivery(room, pushFrames("x"))]);
    }
    assert.deepEqual(client.lines(), ["1000:0:x", "1000:0:x in live://2"]);
  });

  it("is answered in the form that the client speaks, as its pushes are", async () => {
    const comet = await TestComet.start();
    const fields = { room: "live://1", extras: EXTRAS };
    const binary = await comet.openBinary(fields);
    const text = await comet.openText(fields);
    binary.sendBinary(64, 2, '{"room":"live://2"}');
    text.sendText('{"ver":1,"op":64,"seq":3,"body":{"room":"live://2"}}');
    text.sendText('{"op":66,"seq":4,"body":"{\\"room\\":\\"live://1\\"}"}');
    await comet.settle();
    await comet.deliver([roomDelivery("live://2", pushFrames("x", "y"), 2)]);
    const [answer, batch] = binary.messages().map(({ payload }) => readRawFrames(payload).frames);
    assert.equal(answer[0].body.toString(), JSON.stringify(joined("live://2", 1)));
    assert.equal(batch[0].op, 74);
    assert.equal(batch[0].body.subarray(0, 10).toString(), "\0\x08live://2");
    const { frames } = readRawFrames(batch[0].body.subarray(10));
    assert.deepEqual(frames.map(({ op, body }) => `${op} ${body}`), ["1000 x", "1000 y"]);
    const texts = text.messages().map(({ payload }) => payload.toString());
    assert.deepEqual(texts, [
      `{"ver":1,"op":65,"seq":3,"body":${JSON.stringify(joined("live://2", 2))}}`,
      '{"ver":1,"op":67,"seq":4,"body":{"code":0,"room":"live://1"}}',
      '{"ver":1,"op":1000,"seq":0,"room":"live://2","body":"x"}',
      '{"ver":1,"op":1000,"seq":0,"room":"live://2","body":"y"}',
    ]);
  });

  it("is answered when jobs know of the room, and what comes behind it waits", async () => {
    const { comet, client } = await setUp();
    let know = () => {};
    const api = { add: () => new Promise<void>((resolve) => know = resolve) };
    comet.connections.interest.watch("job", { ...api, remove: () => Promise.resolve() });
    client.send(64, 1, '{"room":"live://2"}');
    client.send(66, 2, '{"room":"live://2"}');
    client.send(2, 3);
    await comet.settle();
    assert.equal(client.receivedBytes, 0);
    know();
    await comet.settle();
    assert.deepEqual(client.frames().map(({ op, seq }) => [op, seq]), [[65, 1], [67, 2], [3, 3]]);
  });

  it("is refused where one has joined already", async () => {
    const { comet, client } = await setUp();
    for (const seq of [1, 2]) client.send(64, seq, '{"room":"live://2"}');
    await comet.settle();
    const message = "the connection is in the room already";
    assert.deepEqual(answers(client).slice(1), [[65, 2, { code: -400, message }]]);
    assert.equal(comet.counters.badRequests, 1);
  });

  it("makes the primary room a further one, without a member more or less", async () => {
    const rooms = [{ ...roomDefaults, type: "live", membersMax: 1 }];
    const { comet, client, channel } = await setUp({ rooms });
    const removed: string[] = [];
    comet.connections.interest.remove = (room) => removed.push(room);
    client.send(64, 1, '{"room":"live://1"}');
    await comet.settle();
    assert.deepEqual(answers(client), [[65, 1, joined("live://1", 1)]]);
    assert.deepEqual([channel.roomKey, removed], ["", []]);
    await comet.deliver([roomDelivery("live://1", pushFrames("x"))]);
    assert.deepEqual(client.lines(), ["1000:0:x in live://1"]);
  });

  it("is refused beyond the most rooms of a connection, and taken again after a leave", async () => {
    const { comet, client } = await setUp({ roomsMax: 2 });
    for (const room of ["a", "b", "c"]) client.send(64, 1, JSON.stringify({ room }));
    client.send(66, 2, '{"room":"a"}');
    client.send(64, 3, '{"room":"c"}');
    await comet.settle();
    const bodies = answers(client);
    assert.deepEqual(bodies.map(([, , { code }]) => code), [0, 0, -429, 0, 0]);
    const message = "a connection may be in at most 2 further rooms";
    assert.deepEqual(bodies[2][2], { code: -429, message });
    assert.equal(comet.counters.tooManyRooms, 1);
  });

  it("is refused by a full room, which says when to try again", async () => {
    const rooms = [{ ...roomDefaults, type: "live", membersMax: 1 }];
    const { comet, client } = await setUp({ rooms });
    await comet.open({ room: "live://2" });
    client.send(64, 1, '{"room":"live://2"}');
    await comet.settle();
    const body = { code: -429, message: "the room is full", retry_ms: 5_000 };
    assert.deepEqual(answers(client), [[65, 1, body]]);
    assert.equal(comet.counters.roomsFull, 1);
  });

  it("and 66 need the feature that they are named by", async () => {
    const comet = await TestComet.start();
    for (const features of [[], ["notices"], ["ROOMS"]]) {
      const client = await comet.open({ extras: { features } });
      client.send(64, 1, '{"room":"live://2"}');
      client.send(66, 2, '{"room":"live://1"}');
      await comet.settle();
      const body = { code: -400, message: 'the auth must name the feature "rooms"' };
      assert.deepEqual(answers(client), [[65, 1, body], [67, 2, body]]);
    }
  });

  it("is failed when the room cannot be made ready", async () => {
    const { comet, client, channel } = await setUp();
    comet.connections.memberships.prepare = () => Promise.reject(new Error("the store is away"));
    client.send(64, 1, '{"room":"live://2"}');
    client.send(2, 2);
    await comet.settle();
    assert.deepEqual(client.lines(), [
      '65:1:{"code":-500,"message":"the server failed, try again"}',
      "3:2:\0\0\0\x01",
    ]);
    assert.deepEqual([channel.others.length, comet.counters.requestFailures], [0, 1]);
  });

  it("hands the memberships what the client has had, and answers what they say", async () => {
    const { comet, client } = await setUp();
    const asked: unknown[] = [];
    const { memberships } = comet.connections;
    memberships.prepare = (...args) => void asked.push(args);
    memberships.join = (_channel, ...args) => {
      asked.push(args);
      return { epoch: "e", offset: 57, recovered: false, missed: 7 };
    };
    const since = { epoch: "e", offset: 41 };
    client.send(64, 1, JSON.stringify({ room: "a", since, last: null }));
    client.send(64, 2, '{"room":"b","last":1000}');
    client.send(64, 3, '{"room":"c"}');
    await comet.settle();
    assert.deepEqual(
      asked,
      [["a", { since }], ["b", { last: 1000 }], ["c", {}]].flatMap((each) => [each, each]),
    );
    const body = { code: 0, room: "a", epoch: "e", offset: 57, recovered: false, missed: 7 };
    assert.deepEqual(answers(client)[0], [65, 1, { ...body, online: 0 }]);
  });

  it("closes a client that would never know, since its queue has no room for the answer", async () => {
    const { comet, client } = await setUp({ kernelBufferBytes: 1_000 });
    client.pause();
    const frames = pushFrames("x".repeat(100));
    while (comet.counters.framesDropped === 0) {
      await comet.deliver([roomDelivery("live://1", frames)]);
    }
    client.send(64, 7, `{"room":"live://${"y".repeat(200)}"}`);
    await comet.settle();
    assert.equal(comet.counters.slowReaders, 1);
    client.resume();
    await comet.settle();
    const last = client.frames().at(-1)!;
    assert.deepEqual([last.op, JSON.parse(last.body.toString()).code], [6, 4003]);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  it("leaves nothing behind of a client that goes while it waits", async () => {
    const { comet, client } = await setUp();
    let ready = () => {};
    const { memberships } = comet.connections;
    memberships.prepare = () => new Promise((resolve) => ready = resolve);
    client.send(64, 1, '{"room":"live://2"}');
    await comet.settle();
    client.reset();
    await comet.settle();
    ready();
    await comet.settle();
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });
});

describe("operation 64 where logic has hooks", () => {
  async function setUpAsking() {
    const comet = await TestComet.start();
    comet.logic.holds.add("connect").add("authorizeJoin");
    const client = await comet.connect();
    client.send(7, 1, "{}");
    await comet.settle();
    comet.logic.connects[0].resolve(connectReply({ asksJoins: true, extras: EXTRAS }));
    await comet.settle();
    client.take();
    return { comet, client, joins: comet.logic.joins };
  }

  it("asks, and refuses who may not join", async () => {
    const { comet, client, joins } = await setUpAsking();
    client.send(64, 1, '{"room":"live://2"}');
    client.send(64, 2, '{"room":"live://3"}');
    await comet.settle();
    assert.equal(client.receivedBytes, 0);
    joins[0].resolve(false);
    await comet.settle();
    joins[1].resolve(true);
    await comet.settle();
    assert.deepEqual(joins.map(({ request }) => request.room), ["live://2", "live://3"]);
    assert.deepEqual(answers(client), [
      [65, 1, { code: -403, message: "the client may not join the room" }],
      [65, 2, joined("live://3", 1)],
    ]);
    assert.equal(comet.counters.joinsRefused, 1);
  });

  it("fails when logic cannot be asked", async () => {
    const { comet, client, joins } = await setUpAsking();
    client.send(64, 1, '{"room":"live://2"}');
    await comet.settle();
    joins[0].reject(new Error("logic is away"));
    await comet.settle();
    assert.equal(answers(client)[0][2].code, -500);
  });
});

describe("operation 66", () => {
  it("leaves a room, of which nothing comes behind the answer", async () => {
    const { comet, client } = await setUp();
    client.send(64, 1, '{"room":"live://2"}');
    await comet.settle();
    client.take();
    const delivered = comet.deliver([roomDelivery("live://2", pushFrames("a"))]);
    client.send(66, 2, '{"room":"live://2"}');
    await comet.settle();
    await delivered;
    await comet.deliver([roomDelivery("live://2", pushFrames("b"))]);
    const lines = client.lines();
    assert.equal(lines.at(-1), '67:2:{"code":0,"room":"live://2"}');
    assert.equal(comet.connections.rooms.get("live://2"), undefined);
  });

  it("leaves the primary room too, and none that one is not in", async () => {
    const { comet, client, channel } = await setUp();
    for (const room of ["live://1", "live://1", "live://2"]) {
      client.send(66, 1, JSON.stringify({ room }));
    }
    client.send(2, 2);
    await comet.settle();
    const message = "the connection is not in the room";
    assert.deepEqual(client.lines(), [
      '67:1:{"code":0,"room":"live://1"}',
      ...Array(2).fill(`67:1:${JSON.stringify({ code: -400, message })}`),
      "3:2:\0\0\0\0",
    ]);
    assert.equal(channel.roomKey, "");
  });

  it("is answered in order among requests that were sent ahead", async () => {
    const { comet, client } = await setUp();
    comet.logic.holds.add("receive");
    client.send(4, 1, "slow");
    await comet.settle();
    for (let seq = 2; seq < 30; seq += 2) {
      client.send(64, seq, '{"room":"live://2"}');
      client.send(66, seq + 1, '{"room":"live://2"}');
    }
    await comet.settle();
    comet.logic.receives[0].resolve();
    await comet.settle();
    const sequences = client.frames().map(({ seq }) => seq);
    assert.deepEqual(sequences, Array.from({ length: 29 }, (_, index) => index + 1));
  });
});

describe("a heartbeat", () => {
  it("is followed by one notice of who is online in the further rooms", async () => {
    const { comet, client } = await setUp();
    client.send(2, 1);
    client.send(64, 2, '{"room":"live://2"}');
    client.send(64, 3, '{"room":"__proto__"}');
    await comet.settle();
    client.take();
    comet.connections.rooms.elsewhere.set("live://2", 11);
    client.send(2, 4);
    await comet.settle();
    assert.deepEqual(client.lines(), [
      "3:4:\0\0\0\x01",
      '72:0:{"type":"online","rooms":{"live://2":12,"__proto__":1}}',
    ]);
  });

  it("is followed by nothing where the client does not know notices", async () => {
    const comet = await TestComet.start();
    const client = await comet.open({ extras: { features: ["rooms"] } });
    client.send(64, 1, '{"room":"live://2"}');
    client.send(2, 2);
    await comet.settle();
    assert.deepEqual(client.frames().map(({ op }) => op), [65, 3]);
  });
});
