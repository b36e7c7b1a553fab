import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connectReply } from "../tests/support/fake_logic.ts";
import { NOTHING_LEFT, TestComet } from "../tests/support/test_comet.ts";
import { utf8 } from "../tests/support/websocket_frames.ts";

/** A comet with a client whose logic is to be asked before it joins another room. */
async function setUp() {
  const comet = await TestComet.start();
  comet.logic.holds.add("connect").add("authorizeJoin");
  const client = await comet.connect();
  client.send(7, 1, "{}");
  await comet.settle();
  comet.logic.connects[0].resolve(connectReply({ mid: 5n, key: "k", asksJoins: true }));
  await comet.settle();
  assert.deepEqual(client.lines(), ["8:1:"]);
  const { joins } = comet.logic;
  return { comet, client, joins, channel: comet.channels()[0] };
}

describe("ClientProtocol.frame() where logic has hooks", () => {
  it("asks before a change of room, and what comes behind it waits", async () => {
    const { comet, client, joins, channel } = await setUp();
    client.send(12, 2, "live://2");
    client.send(2, 3);
    await comet.settle();
    assert.equal(client.take().length, 0);
    assert.deepEqual(joins[0].request, {
      ...{ server: "comet-1", connectionId: channel.id, mid: 5n, key: "k" },
      room: "live://2",
    });
    assert.equal(channel.roomKey, "live://1");
    joins[0].resolve(true);
    await comet.settle();
    assert.deepEqual(client.lines(), ["13:2:live://2", "3:3:\0\0\0\x01"]);
    assert.equal(channel.roomKey, "live://2");
  });

  it("leaves a client in its room when it may not join or logic cannot be asked", async () => {
    const { comet, client, joins, channel } = await setUp();
    client.send(12, 2, "live://2");
    await comet.settle();
    joins[0].resolve(false);
    await comet.settle();
    client.send(12, 3, "live://3");
    await comet.settle();
    joins[1].reject(new Error("logic is away"));
    await comet.settle();
    assert.deepEqual(client.lines(), ["13:2:live://1", "13:3:live://1"]);
    client.send(12, 4, "");
    client.send(12, 5, "live://2");
    await comet.settle();
    joins[2].resolve(false);
    await comet.settle();
    assert.deepEqual(client.lines(), ["13:4:", "13:5:"]);
    assert.deepEqual([channel.roomKey, comet.counters.joinsRefused], ["", 3]);
  });

  it("asks nobody where a client leaves, or is already", async () => {
    const { comet, client, joins } = await setUp();
    client.send(12, 2, "live://1");
    client.send(12, 3, "");
    await comet.settle();
    assert.deepEqual(client.lines(), ["13:2:live://1", "13:3:"]);
    assert.equal(joins.length, 0);
  });

  it("puts nobody into a room who has gone while logic was asked", async () => {
    const { comet, client, joins } = await setUp();
    client.send(12, 2, "live://2");
    await comet.settle();
    client.reset();
    await comet.settle();
    joins[0].resolve(true);
    await comet.settle();
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  it("goes on asking when another logic, of a version before, knows of no hooks", async () => {
    const { comet, client, joins } = await setUp();
    const other = await comet.connect();
    other.send(7, 1, "{}");
    await comet.settle();
    comet.logic.connects[1].resolve(connectReply({ mid: 6n, key: "l" }));
    await comet.settle();
    client.send(12, 2, "live://2");
    await comet.settle();
    assert.equal(joins.length, 1);
  });

  it("asks nobody where logic has no hook for it", async () => {
    const comet = await TestComet.start();
    comet.logic.holds.add("authorizeJoin");
    const client = await comet.open();
    client.send(12, 2, "live://2");
    await comet.settle();
    assert.deepEqual(client.lines(), ["13:2:live://2"]);
  });

  it("sends what logic replies to a message", async () => {
    const comet = await TestComet.start();
    comet.logic.holds.add("receive");
    const client = await comet.open();
    client.send(4, 1, "a");
    await comet.settle();
    comet.logic.receives[0].resolve(utf8('{"code":-403}'));
    client.send(1000, 2, "b");
    await comet.settle();
    comet.logic.receives[1].resolve(utf8("pong"));
    await comet.settle();
    assert.deepEqual(client.lines(), ['5:1:{"code":-403}', "1000:2:pong"]);
  });
});
