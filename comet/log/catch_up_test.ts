import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { roomDefaults, type RoomOptions } from "../../protocol/room_options.ts";
import { publishReply } from "../../tests/support/fake_logic.ts";
import type { MemoryClient } from "../../tests/support/memory_client.ts";
import { RoomStore } from "../../tests/support/room_store.ts";
import { TestComet, type TestCometOptions } from "../../tests/support/test_comet.ts";

const NOTICES = { features: ["rooms", "notices"] };
const BODY_BYTES = 10_000;

/** A comet whose clients have small sockets, and a store for its room. */
async function setUp(changed: Partial<RoomOptions> = {}, options: TestCometOptions = {}) {
  const rooms = [{ ...roomDefaults, type: "kept", historySize: 1_000, ...changed }];
  const comet = await TestComet.start({ rooms, kernelBufferBytes: 4_000, ...options });
  const stores = ["kept://1", "kept://2"].map((room) => new RoomStore(room));
  comet.logic.readHistory = (query) =>
    Promise.resolve(stores.find(({ room }) => room === query.room)!.read(query));
  const push = async (store: RoomStore, count: number, bodyBytes = BODY_BYTES) => {
    for (let pushed = 0; pushed < count; pushed++) {
      await comet.deliver([store.delivery([store.append(bodyBytes)])]);
    }
  };
  return { comet, store: stores[0], other: stores[1], push };
}

/** Lets a client read everything, however small its socket is. */
async function drain(comet: TestComet, client: MemoryClient): Promise<void> {
  client.resume();
  for (let turn = 0; turn < 2_000; turn++) await comet.turn();
}

/** Frames as `room:offset` or the notice, without the bodies. */
function short(client: MemoryClient): string[] {
  return client.lines().map((line) => {
    const [op, seq, ...rest] = line.split(":");
    const room = / in (.*)$/.exec(line)?.[1] ?? "";
    return op === "72" ? rest.join(":") : `${room}${seq}`;
  });
}

function offsets(from: number, to: number, prefix = ""): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `${prefix}${from + index}`);
}

describe("A member of a room with history that reads slowly", () => {
  it("is answered meanwhile: what it missed leaves room in its queue", async () => {
    const { comet, store, push } = await setUp();
    await comet.open({ room: "kept://1" });
    await push(store, 30, 10_900);
    const slow = await comet.open({ extras: NOTICES });
    slow.pause();
    slow.send(64, 1, '{"room":"kept://1","last":30}');
    await comet.settle();
    assert.equal(comet.connections.logs.catchUp.size, 1);
    for (let beat = 0; beat < 100; beat++) slow.send(2);
    await comet.settle();
    assert.equal(comet.counters.framesDropped, 0);
    await drain(comet, slow);
    const rooms = short(slow).filter((line) => line.startsWith("kept"));
    assert.deepEqual(rooms, offsets(1, 30, "kept://1"));
  });

  it("publishes meanwhile, and gets its own messages in their place, once", async () => {
    const { comet, store, push } = await setUp({}, { publishRate: 0 });
    comet.logic.publish = ({ body }) => {
      const message = store.append(body.length);
      void comet.fanout.deliver([store.delivery([message])]);
      return Promise.resolve(publishReply({ epoch: store.epoch, offset: message.offset }));
    };
    await comet.open({ room: "kept://1" });
    await push(store, 20);
    const slow = await comet.open({ extras: NOTICES });
    slow.pause();
    slow.send(64, 1, '{"room":"kept://1","last":20}');
    for (let seq = 1; seq <= 5; seq++) slow.send(70, seq, '{"room":"kept://1","body":"x"}');
    await comet.settle();
    assert.equal(comet.connections.logs.catchUp.size, 1);
    await drain(comet, slow);
    const lines = slow.lines();
    const answers = lines.filter((line) => line.startsWith("71:"));
    assert.deepEqual(
      answers.map((line) => JSON.parse(line.slice(line.indexOf("{"))).offset),
      [21, 22, 23, 24, 25],
    );
    const rooms = lines.filter((line) => line.startsWith("1000:"))
      .map((line) => Number(line.split(":")[1]));
    assert.deepEqual(rooms, Array.from({ length: 25 }, (_, index) => index + 1));
    assert.deepEqual([comet.counters.slowReaders, comet.counters.published], [0, 5]);
  });

  it("gets everything when it reads, from the ring, and nobody else waits", async () => {
    const { comet, store, push } = await setUp();
    const slow = await comet.open({ room: "kept://1" });
    const quick = await comet.open({ room: "kept://1" });
    slow.pause();
    await push(store, 30);
    assert.equal(comet.connections.logs.catchUp.size, 1);
    for (let turn = 0; turn < 500; turn++) await comet.turn();
    assert.deepEqual(short(quick), offsets(1, 30));
    await drain(comet, slow);
    assert.deepEqual(short(slow), offsets(1, 30));
    assert.equal(comet.connections.logs.catchUp.size, 0);
    assert.deepEqual([comet.counters.framesDropped, comet.counters.historyReads], [0, 1]);
    await push(store, 1, 0);
    assert.deepEqual(short(slow), ["31"]);
  });

  it("gets from the store what the ring has no more, in the turn of its socket", async () => {
    const { comet, store, push } = await setUp({}, { ringMax: 40_000 });
    const slow = await comet.open({ room: "kept://1" });
    slow.pause();
    await push(store, 30);
    await drain(comet, slow);
    assert.deepEqual(short(slow), offsets(1, 30));
    assert.ok(comet.counters.historyReads > 1);
    const [logged] = comet.connections.logs.all();
    assert.ok(comet.connections.logs.memory.ringBytes <= 40_000);
    assert.equal(logged.away.size, 0);
  });

  it("is told which messages are gone when the store keeps them no more", async () => {
    const { comet, store, push } = await setUp({}, { ringMax: 40_000 });
    const slow = await comet.open({ room: "kept://1", extras: NOTICES });
    slow.pause();
    await push(store, 30);
    store.trim(20);
    await drain(comet, slow);
    const lines = short(slow);
    assert.deepEqual(JSON.parse(lines[0]).type, "epoch");
    const notice = { type: "gap", room: "kept://1", epoch: "e1", to: 20 };
    const gap = lines.findIndex((line) => line.includes('"gap"'));
    assert.deepEqual(lines.slice(1, gap), offsets(1, gap - 1));
    assert.deepEqual(JSON.parse(lines[gap]), { ...notice, from: gap, count: 21 - gap });
    assert.deepEqual(lines.slice(gap + 1), offsets(21, 30));
    assert.equal(comet.counters.gaps, 1);
  });

  it('skips to the latest where the room is "latest", and says so', async () => {
    const { comet, store, push } = await setUp({ slow: "latest" });
    const slow = await comet.open({ room: "kept://1", extras: NOTICES });
    slow.pause();
    await push(store, 30);
    await drain(comet, slow);
    const lines = short(slow).slice(1);
    const gap = JSON.parse(lines.at(-1)!);
    assert.deepEqual(lines.slice(0, -1), offsets(1, gap.from - 1));
    assert.deepEqual([gap.type, gap.to, gap.count], ["gap", 30, 31 - gap.from]);
    await push(store, 1, 0);
    assert.deepEqual(short(slow), ["31"]);
  });

  it('loses what its queue does not take where the room is "drop"', async () => {
    const { comet, store, push } = await setUp({ slow: "drop" });
    const slow = await comet.open({ room: "kept://1" });
    slow.pause();
    await push(store, 30);
    await drain(comet, slow);
    const got = short(slow);
    assert.equal(comet.counters.framesDropped, 30 - got.length);
    assert.ok(got.length < 30);
  });

  it("is closed at its deadline when it reads nothing, and leaves nothing", async () => {
    const { comet, store, push } = await setUp({}, { slowReaderMs: 1_000 });
    const slow = await comet.open({ room: "kept://1" });
    slow.pause();
    await push(store, 30);
    await comet.advance(2_000);
    assert.equal(comet.counters.slowReaders, 1);
    slow.reset();
    await comet.advance(300);
    assert.equal(comet.connections.logs.catchUp.size, 0);
    assert.equal(comet.connections.logs.memory.ringBytes, 0);
  });

  it("gets everything of two rooms in which it is behind at once", async () => {
    const { comet, store, other, push } = await setUp();
    const slow = await comet.open({ room: "kept://1", extras: { features: ["rooms"] } });
    slow.send(64, 1, '{"room":"kept://2"}');
    await comet.settle();
    slow.take();
    slow.pause();
    for (let times = 0; times < 20; times++) {
      await push(store, 1);
      await push(other, 1);
    }
    assert.equal(comet.connections.logs.catchUp.size, 2);
    await drain(comet, slow);
    const lines = short(slow);
    assert.deepEqual(lines.filter((line) => !line.startsWith("k")), offsets(1, 20));
    assert.deepEqual(lines.filter((line) => line.startsWith("k")), offsets(1, 20, "kept://2"));
  });

  it("keeps its place when the room becomes its primary one meanwhile", async () => {
    const { comet, other, push } = await setUp();
    const slow = await comet.open({ room: "kept://1", extras: { features: ["rooms"] } });
    slow.send(64, 1, '{"room":"kept://2"}');
    await comet.settle();
    slow.take();
    slow.pause();
    await push(other, 30);
    const [channel] = comet.channels();
    const joined = comet.connections.memberships.moveTo(channel, "kept://2");
    assert.deepEqual([joined.offset, joined.recovered], [30, true]);
    assert.ok(joined.missed > 0);
    await drain(comet, slow);
    const lines = short(slow).map((line) => line.replace("kept://2", ""));
    assert.deepEqual(lines, offsets(1, 30));
  });

  it("begins anew in its primary room that it joins as a further one", async () => {
    const { comet, store, push } = await setUp();
    const slow = await comet.open({ room: "kept://1", extras: NOTICES });
    slow.pause();
    await push(store, 30);
    const [channel] = comet.channels();
    const { memberships, logs } = comet.connections;
    slow.take();
    const joined = memberships.join(channel, "kept://1", { since: { epoch: "e1", offset: 25 } });
    assert.deepEqual([joined.recovered, joined.missed], [true, 5]);
    assert.deepEqual([channel.roomKey, logs.catchUp.size], ["", 1]);
    await drain(comet, slow);
    const named = short(slow).filter((line) => line.startsWith("kept"));
    assert.deepEqual(named, offsets(26, 30, "kept://1"));
    assert.equal(comet.connections.rooms.get("kept://1")!.size, 1);
  });

  it("leaves without a trace while it is behind, and may come back", async () => {
    const { comet, store, push } = await setUp();
    const slow = await comet.open({ room: "kept://1", extras: NOTICES });
    await comet.open({ room: "kept://1" });
    slow.pause();
    await push(store, 30);
    const [channel] = comet.channels();
    const { memberships, logs } = comet.connections;
    memberships.leave(channel, "kept://1");
    assert.equal(logs.catchUp.size, 0);
    const joined = memberships.join(channel, "kept://1", { since: { epoch: "e1", offset: 25 } });
    assert.deepEqual([joined.recovered, joined.missed], [true, 5]);
    await drain(comet, slow);
    assert.deepEqual(
      short(slow).filter((line) => line.startsWith("kept")),
      offsets(26, 30, "kept://1"),
    );
    assert.equal(comet.connections.rooms.get("kept://1")!.size, 2);
  });
});
