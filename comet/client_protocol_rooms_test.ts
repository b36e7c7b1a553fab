import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { UPGRADE } from "../tests/support/memory_client.ts";
import { NOTHING_LEFT, TestComet } from "../tests/support/test_comet.ts";
import { roomDefaults } from "../protocol/room_options.ts";

const rooms = [{ ...roomDefaults, type: "live", membersMax: 2 }, {
  ...roomDefaults,
  type: "*",
  membersMax: 3,
}];

/** A comet where a room of two is full. */
async function setUp() {
  const comet = await TestComet.start({ rooms });
  const members = [
    await comet.open({ key: "a", room: "live://1" }),
    await comet.open({ key: "b", room: "live://1" }),
  ];
  return { comet, members };
}

describe("ClientProtocol.frame() where rooms have most members", () => {
  it("closes a client whose auth names a full room, and has logic forget it", async () => {
    const { comet, members: [first] } = await setUp();
    const page = await comet.connectWebSocket();
    page.write(UPGRADE);
    await comet.settle();
    page.take();
    page.sendBinary(7, 1, '{"key":"c","room":"live://1"}');
    await comet.settle();
    const [close] = page.messages();
    assert.deepEqual([close.opcode, close.payload.readUInt16BE(0)], [8, 4009]);
    assert.deepEqual(comet.logic.disconnected.map(({ key }) => key), ["c"]);
    const { roomsFull, authenticated } = comet.counters;
    assert.deepEqual([roomsFull, authenticated], [1, 2]);
    first.reset();
    await comet.settle();
    const next = await comet.open({ key: "d", room: "live://1" });
    next.send(2, 2);
    await comet.settle();
    assert.deepEqual(next.lines(), ["3:2:\0\0\0\x02"]);
  });

  it("leaves a client in its room when the one that it changes to is full", async () => {
    const { comet, members: [member] } = await setUp();
    const client = await comet.open({ key: "c", room: "chat://1" });
    client.send(12, 2, "live://1");
    client.send(12, 3, "");
    client.send(12, 4, "live://1");
    client.send(12, 5, "live://2");
    await comet.settle();
    assert.deepEqual(client.lines(), ["13:2:chat://1", "13:3:", "13:4:", "13:5:live://2"]);
    assert.equal(comet.counters.roomsFull, 2);
    member.send(12, 2, "live://1");
    await comet.settle();
    assert.deepEqual(member.lines(), ["13:2:live://1"], "who is in it stays");
  });

  it("takes nobody's place when a client makes one of its other rooms the primary one", async () => {
    const { comet, members: [, member] } = await setUp();
    const [, channel] = comet.channels();
    comet.connections.memberships.moveTo(channel, "chat://1");
    comet.connections.memberships.join(channel, "live://1");
    member.send(12, 2, "live://1");
    await comet.settle();
    assert.deepEqual(member.lines(), ["13:2:live://1"]);
    assert.equal(channel.others.length, 0);
  });

  it("counts those on other comets, as of the last report", async () => {
    const comet = await TestComet.start({ rooms });
    const client = await comet.open({ key: "a", room: "live://1" });
    comet.connections.rooms.elsewhere.set("live://1", 1);
    await comet.open({ key: "b", room: "live://1" });
    assert.equal(comet.counters.roomsFull, 1);
    client.reset();
    await comet.settle();
    await comet.open({ key: "b", room: "live://1" });
    assert.equal(comet.counters.roomsFull, 1, "of a room without members here nothing is known");
  });

  it("holds rooms of other types to what * says, and none where nothing is said", async () => {
    for (const [types, full] of [[rooms, 1], [rooms.slice(0, 1), 0]] as const) {
      const comet = await TestComet.start({ rooms: types });
      for (const key of ["a", "b", "c", "d"]) await comet.open({ key, room: "lobby" });
      assert.equal(comet.counters.roomsFull, full);
    }
  });

  it("keeps nothing of whom it turned away", async () => {
    const { comet, members } = await setUp();
    const client = await comet.open({ key: "c", room: "live://1" });
    for (const each of [...members, client]) each.reset();
    await comet.settle();
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });
});
