import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { type Membership, Room } from "./room.ts";

/** A channel, by its one-letter name. */
type Member = Membership<string>;

/** A room with members of these one-letter names. */
function roomOf(names: string): { room: Room<string>; members: Member[] } {
  const room = new Room<string>("live://1");
  return { room, members: [...names].map((name) => room.join(name)) };
}

/** Walks to the end, a slice a turn, and gives the names in the order of the visits. */
function walk(room: Room<string>, slice: number, visit: (member: Member) => void = () => {}) {
  const clock = new ManualClock();
  let names = "";
  let turns = 0;
  const failures: unknown[] = [];
  room.walk(clock, slice, (member) => {
    names += member.channel;
    visit(member);
  }, (failure) => failures.push(failure));
  for (; clock.pending > 0; turns++) clock.advance(0);
  assert.equal(failures.length, 1, "done is called once");
  return { names, turns, failure: failures[0] };
}

describe("Room.join() and Room.leave()", () => {
  test("Room.leave() lets go of any member, and the others stay", () => {
    for (const index of [0, 1, 2, 3]) {
      const { room, members } = roomOf("abcd");
      room.leave(members[index]);
      assert.equal(members[index].index, -1);
      assert.equal(room.size, 3);
      const { names } = walk(room, 10);
      assert.equal([...names].sort().join(""), "abcd".replace(members[index].channel, ""));
    }
  });

  test("Room.join() takes back who has left, with a membership of its own", () => {
    const { room, members } = roomOf("ab");
    room.leave(members[0]);
    room.leave(members[1]);
    assert.equal(room.size, 0);
    assert.notEqual(room.join("b"), members[1]);
    assert.equal(walk(room, 10).names, "b");
  });

  test("Room.leave() refuses a membership of another room, and one that is over", () => {
    const { room, members: [a] } = roomOf("ab");
    const { members: [stranger] } = roomOf("x");
    assert.throws(() => room.leave(stranger), /the room that it is in/);
    room.leave(a);
    assert.throws(() => room.leave(a), /the room that it is in/);
    assert.equal(room.size, 1);
  });
});

describe("Room.walk()", () => {
  test("Room.walk() of up to one slice ends before it returns", () => {
    for (const [names, slice] of [["", 1], ["a", 1], ["abc", 3], ["abc", 512]] as const) {
      const clock = new ManualClock();
      const { room } = roomOf(names);
      let seen = "";
      room.walk(clock, slice, (member) => seen += member.channel, () => seen += "!");
      assert.equal(seen, `${names}!`);
      assert.equal(clock.pending, 0);
    }
  });

  test("Room.walk() gives the event loop a turn between slices", () => {
    assert.deepEqual(walk(roomOf("abcdefgh").room, 3), {
      names: "abcdefgh",
      turns: 2,
      failure: undefined,
    });
    assert.equal(walk(roomOf("abcdef").room, 3).turns, 1);
  });

  test("Room.walk() skips nobody when visited members leave", () => {
    const { room } = roomOf("abcdefg");
    const { names } = walk(room, 2, (member) => room.leave(member));
    assert.equal([...names].sort().join(""), "abcdefg");
    assert.equal(room.size, 0);
  });

  test("Room.walk() does not visit who has left before the turn came", () => {
    const { room, members } = roomOf("abcdef");
    const { names } = walk(room, 2, (member) => {
      if (member.channel === "b") { for (const index of [0, 2, 5]) room.leave(members[index]); }
    });
    assert.equal([...names].sort().join(""), "abde");
  });

  test("Room.walk() visits neither those who join meanwhile nor anyone twice", () => {
    const { room, members: [a] } = roomOf("abcd");
    const { names } = walk(room, 1, (member) => {
      if (member.channel === "a") room.join("x");
      if (member.channel === "b") {
        room.leave(a);
        room.join(a.channel);
      }
    });
    assert.equal([...names].sort().join(""), "abcd");
    assert.equal([...walk(room, 10).names].sort().join(""), "abcdx");
  });

  test("Room.walk() ends when everyone has left between two slices", () => {
    const clock = new ManualClock();
    const { room, members } = roomOf("abc");
    let seen = "";
    room.walk(clock, 1, (member) => seen += member.channel, () => seen += "!");
    for (const member of members) room.leave(member);
    clock.advance(0);
    assert.equal(seen, "a!");
    assert.equal(clock.pending, 0);
  });

  test("Room.walk() visits everyone although some visits throw, and says the first error", () => {
    const { room } = roomOf("abcdef");
    const { names, failure } = walk(room, 2, ({ channel }) => {
      if (channel === "b" || channel === "e") throw new Error(`visit of ${channel}`);
    });
    assert.equal(names, "abcdef");
    assert.match(String(failure), /visit of b/);
    assert.deepEqual(walk(room, 2), { names: "abcdef", turns: 2, failure: undefined });
  });

  test("Room.walk() refuses a second walk at a time, and one without a slice", () => {
    const clock = new ManualClock();
    const { room } = roomOf("ab");
    const nothing = () => {};
    assert.throws(() => room.walk(clock, 0, nothing, nothing), /a slice has a member/);
    room.walk(clock, 1, nothing, nothing);
    assert.throws(() => room.walk(clock, 1, nothing, nothing), /one walk at a time/);
    clock.advance(0);
    let again = false;
    room.walk(clock, 2, nothing, () => room.walk(clock, 2, nothing, () => again = true));
    assert.equal(again, true, "a walk may begin where another ends");
  });
});
