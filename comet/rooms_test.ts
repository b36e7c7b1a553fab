import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { Rooms } from "./rooms.ts";

test("Rooms.join() makes a room for its first member, Rooms.leave() ends it with its last", () => {
  const rooms = new Rooms<string>();
  assert.equal(rooms.get("live://1"), undefined);
  const a = rooms.join("live://1", "a");
  const b = rooms.join("live://1", "b");
  assert.equal(b.room, a.room);
  assert.equal(rooms.get("live://1"), a.room);
  assert.equal(a.room.key, "live://1");
  rooms.leave(a);
  assert.equal(rooms.get("live://1"), a.room);
  rooms.leave(b);
  assert.equal(rooms.get("live://1"), undefined);
  assert.equal(rooms.size, 0);
});

test("Rooms.takeChanges() has the members of every room that has any, or of those that changed", () => {
  const rooms = new Rooms<string>();
  // One channel may be in several rooms: it counts in each.
  const [first] = [..."abc"].map((channel) => rooms.join("live://1", channel));
  for (const channel of "ad") rooms.join("live://2", channel);
  rooms.leave(rooms.join("chat://1", "a"));
  const changed = new Map([["live://1", 3], ["live://2", 2], ["chat://1", 0]]);
  assert.deepEqual(rooms.takeChanges(false), changed);
  assert.deepEqual(rooms.takeChanges(false), new Map());
  rooms.leave(first);
  assert.deepEqual(rooms.takeChanges(true), new Map([["live://1", 2], ["live://2", 2]]));
  assert.deepEqual(rooms.takeChanges(false), new Map());
  assert.equal(rooms.size, 2);
});

test("Rooms.leave() ends a room during a walk, and a new one may be walked meanwhile", () => {
  const clock = new ManualClock();
  const rooms = new Rooms<string>();
  const members = [..."ab"].map((channel) => rooms.join("live://1", channel));
  const { room } = members[0];
  let walks = 0;
  room.walk(clock, 1, () => {}, () => walks++);
  for (const member of members) rooms.leave(member);
  const next = rooms.join("live://1", "a").room;
  assert.notEqual(next, room);
  next.walk(clock, 1, () => {}, () => walks++);
  assert.equal(walks, 1);
  clock.advance(0);
  assert.equal(walks, 2);
  assert.equal(rooms.get("live://1"), next);
});
