import assert from "node:assert/strict";
import { test } from "node:test";
import { TestComet } from "../tests/support/test_comet.ts";
import { ChannelState } from "./channel.ts";
import { ClientControl } from "./client_control.ts";
import { Away } from "./room.ts";

const ROOM = "live://1";
const kicked = { code: 4100, reason: "over", reconnect: true };
const extras = { features: ["rooms"] };

function close(comet: TestComet, room = ROOM): Promise<number> {
  return new ClientControl(comet.connections, comet.clock).closeRoom({ room, close: kicked });
}

test("ClientControl.closeRoom() closes those who joined by their auth and by operations 12 and 64, and nobody else", async () => {
  const comet = await TestComet.start();
  const primary = await comet.open({ room: ROOM });
  const changed = await comet.open({ room: "live://2" });
  changed.send(12, 2, ROOM);
  const further = await comet.open({ room: "live://2", extras });
  further.send(64, 2, JSON.stringify({ room: ROOM }));
  const elsewhere = await comet.open({ room: "live://2", extras });
  elsewhere.send(64, 2, JSON.stringify({ room: "live://3" }));
  const left = await comet.open({ room: ROOM });
  left.send(12, 2, "");
  const handshaking = await comet.connect();
  await comet.settle();
  for (const client of [changed, further, elsewhere, left]) client.take();

  const closing = close(comet);
  await comet.settle();
  assert.equal(await closing, 3);
  for (const client of [primary, changed, further]) {
    assert.deepEqual(client.lines(), [`6:0:${JSON.stringify(kicked)}`]);
    assert.equal(client.ended, true);
  }
  for (const client of [elsewhere, left, handshaking]) {
    assert.deepEqual([client.lines(), client.ended], [[], false]);
  }
  assert.equal(await close(comet), 0, "nobody is left");
  assert.equal(await close(comet, "live://nobody"), 0);
});

test("ClientControl.closeRoom() closes members that are behind in the room's log", async () => {
  const comet = await TestComet.start();
  const [live, behind, skipping] = [
    await comet.open({ room: ROOM }),
    await comet.open({ room: ROOM }),
    await comet.open({ room: ROOM }),
  ];
  const room = comet.connections.rooms.get(ROOM)!;
  const [, second, third] = comet.channels();
  room.suspend(second.primary!, Away.behind);
  room.suspend(third.primary!, Away.skipping);
  const closing = close(comet);
  await comet.settle();
  assert.equal(await closing, 3);
  assert.deepEqual([live, behind, skipping].map(({ ended }) => ended), [true, true, true]);
});

test("ClientControl.closeRoom() lets the event loop turn, and does not close who has gone or come meanwhile", async () => {
  const comet = await TestComet.start();
  for (let client = 0; client < 300; client++) await comet.open({ room: ROOM });
  const channels = comet.channels();
  const open = () => channels.filter(({ state }) => state === ChannelState.open).length;
  const closing = close(comet);
  const before = open();
  assert.ok(before > 200, `${300 - before} were closed in one turn`);
  comet.connections.memberships.moveTo(channels[299], "");
  await comet.settle();
  assert.equal(await closing, 299);
  assert.equal(open(), 1);
});

test("ClientControl.closeRoom() looks at many connections for one member, in turns", async () => {
  const comet = await TestComet.start();
  const member = await comet.open({ room: ROOM });
  const { channels } = comet.connections;
  // The table of a large comet: holes, and one who joined last.
  const [channel] = comet.channels();
  const table = { slots: 50_000, at: (slot: number) => slot === 49_999 ? channel : undefined };
  const connections = {
    channels: Object.assign(Object.create(channels), {}) as typeof channels,
    rooms: comet.connections.rooms,
    close: () => comet.connections.close(channel, kicked),
  };
  Object.defineProperties(connections.channels, {
    slots: { value: table.slots },
    at: { value: table.at },
  });
  let turns = 0;
  const clock = {
    nextTurn: (callback: () => void) => comet.clock.nextTurn(() => (turns++, callback())),
  };
  const closing = new ClientControl(connections, clock).closeRoom({ room: ROOM, close: kicked });
  await comet.settle();
  assert.equal(await closing, 1);
  assert.ok(turns >= 5, `${turns} turns`);
  assert.equal(member.ended, true);
});
