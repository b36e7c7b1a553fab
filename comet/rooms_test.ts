import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { Rooms } from "./rooms.ts";

function newMember(): { roomIndex: number } {
  return { roomIndex: -1 };
}

test("Rooms.join() makes a room for its first member, Rooms.leave() ends it with its last", () => {
  const rooms = new Rooms();
  const [a, b] = [newMember(), newMember()];
  assert.equal(rooms.get("live://1"), undefined);
  const room = rooms.join("live://1", a);
  assert.equal(rooms.join("live://1", b), room);
  assert.equal(rooms.get("live://1"), room);
  rooms.leave("live://1", room, a);
  assert.equal(rooms.get("live://1"), room);
  rooms.leave("live://1", room, b);
  assert.equal(rooms.get("live://1"), undefined);
  assert.equal(rooms.size, 0);
});

test("Rooms.takeChanges() has the members of every room that has any, or of those that changed", () => {
  const rooms = new Rooms();
  const members = Array.from({ length: 6 }, newMember);
  for (const member of members.slice(0, 3)) rooms.join("live://1", member);
  for (const member of members.slice(3, 5)) rooms.join("live://2", member);
  const left = rooms.join("chat://1", members[5]);
  rooms.leave("chat://1", left, members[5]);
  const changed = new Map([["live://1", 3], ["live://2", 2], ["chat://1", 0]]);
  assert.deepEqual(rooms.takeChanges(false), changed);
  assert.deepEqual(rooms.takeChanges(false), new Map());
  rooms.leave("live://1", rooms.get("live://1")!, members[0]);
  assert.deepEqual(rooms.takeChanges(true), new Map([["live://1", 2], ["live://2", 2]]));
  assert.deepEqual(rooms.takeChanges(false), new Map());
  assert.equal(rooms.size, 2);
});

test("Rooms.leave() ends a room during a walk, and a new one may be walked meanwhile", () => {
  const clock = new ManualClock();
  const rooms = new Rooms();
  const members = [newMember(), newMember()];
  const room = members.map((member) => rooms.join("live://1", member))[0];
  let walks = 0;
  room.walk(clock, 1, () => {}, () => walks++);
  for (const member of members) rooms.leave("live://1", room, member);
  const next = rooms.join("live://1", members[0]);
  assert.notEqual(next, room);
  next.walk(clock, 1, () => {}, () => walks++);
  assert.equal(walks, 1);
  clock.advance(0);
  assert.equal(walks, 2);
  assert.equal(rooms.get("live://1"), next);
});
