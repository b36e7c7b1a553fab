import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HistoryMessage, Room, RoomEvents, RoomMessage } from "../client/types.ts";
import { type Entry, Feed, type FeedListener } from "./feed.ts";

const comment = { text: "hi", colour: "#ffffff", place: "roll", name: "" } as const;

/** A room that does what a test says. */
class FakeRoom implements Pick<Room, "on" | "publish" | "history" | "position"> {
  readonly published: unknown[] = [];
  position: Room["position"];
  kept: HistoryMessage[] = [];
  hasHistory = true;
  offset = 1;
  readonly #listeners = new Map<string, (event: never) => void>();

  on<Name extends keyof RoomEvents>(name: Name, listener: (event: RoomEvents[Name]) => void) {
    this.#listeners.set(name, listener);
    return () => {};
  }
  emit<Name extends keyof RoomEvents>(name: Name, event: RoomEvents[Name]) {
    this.#listeners.get(name)?.(event as never);
  }
  /** Lets the client in; its log has come as far as this. */
  join(offset: number) {
    this.position = { epoch: "e", offset };
    this.emit("state", { state: "joined" });
  }
  say(offset: number, body: unknown, more: Partial<RoomMessage> = {}) {
    this.position = { epoch: "e", offset };
    this.emit("message", { op: 1000, offset, body, recovered: false, ...more });
  }
  publish(body: unknown, options: unknown) {
    this.published.push([body, options]);
    return Promise.resolve({ epoch: "e", offset: this.offset });
  }
  history() {
    if (!this.hasHistory) return Promise.reject(new Error("none"));
    return Promise.resolve({ epoch: "e", first: 1, last: 9, messages: this.kept, more: false });
  }
}

function kept(offset: number, more: Partial<HistoryMessage> = {}): HistoryMessage {
  return { op: 1000, offset, timeMs: offset, body: { t: `kept ${offset}` }, ...more };
}

function open() {
  const room = new FakeRoom();
  const said: Entry[] = [], earlier: Entry[][] = [], own: number[] = [], counts: number[][] = [];
  const anew: boolean[] = [];
  const listener: FeedListener = {
    said: (entry) => said.push(entry),
    earlier: (entries, isAnew) => {
      earlier.push([...entries]);
      anew.push(isAnew);
    },
    own: (offset) => own.push(offset),
    counted: (likes, unreadable) => counts.push([likes, unreadable]),
  };
  const feed = new Feed(room, "7", listener, () => 1_234);
  return { room, feed, said, earlier, anew, own, counts };
}

const texts = (entries: readonly Entry[]) => entries.map(({ comment }) => comment.text);

describe("Feed", () => {
  test("tells each comment as it comes", () => {
    const { room, said } = open();
    room.say(1, { t: "hi" });
    room.say(2, { t: "missed" }, { recovered: true });
    assert.deepEqual(said, [
      { offset: 1, comment, timeMs: 1_234, isOwn: false, isRecovered: false },
      {
        offset: 2,
        comment: { ...comment, text: "missed" },
        timeMs: 1_234,
        isOwn: false,
        isRecovered: true,
      },
    ]);
  });

  test("counts hearts, and bodies that nobody can read", () => {
    const { room, said, counts } = open();
    room.say(1, { like: 1 }, { op: 1001 });
    room.say(2, { like: 1 }, { op: 1001 });
    room.say(3, new Uint8Array([255]));
    room.say(4, { t: "" });
    room.say(5, { t: "x" }, { op: 1002 });
    assert.deepEqual(counts.at(-1), [2, 2]);
    assert.deepEqual(said, []);
  });

  test("knows one's own by the offset, whichever comes first", async () => {
    const { room, feed, said, own } = open();
    room.offset = 1;
    await feed.publish(comment, 61_500);
    room.say(1, { t: "hi" });
    assert.equal(said[0].isOwn, true);
    room.offset = 2;
    room.say(2, { t: "hi" });
    assert.equal(said[1].isOwn, false);
    await feed.publish(comment, 61_500);
    assert.deepEqual(own, [1, 2]);
    const body = { t: "hi", c: "#ffffff", p: "roll", n: "" };
    assert.deepEqual(room.published[0], [body, { op: 1000, mediaMs: 61_500 }]);
  });

  test("like() publishes a heart without a place", async () => {
    const { room, feed } = open();
    await feed.like();
    assert.deepEqual(room.published, [[{ like: 1 }, { op: 1001 }]]);
  });

  test("reads what was said before, once, and without what came live", async () => {
    const { room, earlier } = open();
    room.kept = [kept(1), kept(2, { mid: "7" }), kept(3, { op: 1001 }), kept(4)];
    room.join(3);
    room.say(4, { t: "live" });
    await new Promise((resolve) => setImmediate(resolve));
    room.emit("state", { state: "joining" });
    room.join(4);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(earlier.map(texts), [["kept 1", "kept 2"]]);
    assert.deepEqual(earlier[0].map(({ isOwn }) => isOwn), [false, true]);
  });

  test("has nothing of before in a room without history", async () => {
    const { room, earlier } = open();
    room.hasHistory = false;
    room.join(0);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(earlier, [[]]);
  });

  test("does not give a comment again at its place, until the scene is sought", () => {
    const { room, feed } = open();
    room.join(1);
    for (let offset = 2; offset < 10_000; offset++) room.say(offset, { t: "live" });
    assert.deepEqual(texts(feed.read([kept(1), kept(2), kept(9_999)])), ["kept 1"]);
    feed.beginPass();
    assert.deepEqual(texts(feed.read([kept(1), kept(2)])), ["kept 1", "kept 2"]);
  });

  test("does not give a comment at its place that is still to come", () => {
    const { room, feed } = open();
    room.join(1);
    assert.deepEqual(texts(feed.read([kept(1), kept(2)])), ["kept 1"]);
    feed.beginPass();
    assert.deepEqual(texts(feed.read([kept(1), kept(2)])), ["kept 1"]);
  });

  test("gives at their places those that will not come", () => {
    const { room, feed } = open();
    room.join(1);
    room.say(2, { t: "live" });
    room.position = { epoch: "e", offset: 5 };
    room.emit("gap", { from: 3, to: 5, count: 3, reason: "expired" });
    room.say(6, { t: "live" });
    const all = [1, 2, 3, 5, 6, 7].map((offset) => kept(offset));
    assert.deepEqual(texts(feed.read(all)), ["kept 1", "kept 3", "kept 5"]);
    feed.beginPass();
    assert.deepEqual(texts(feed.read(all)), all.slice(0, 5).map(({ offset }) => `kept ${offset}`));
  });

  test("reads what a room that began anew has already", async () => {
    const { room, feed, earlier, anew } = open();
    room.join(39);
    room.say(40, { t: "live" });
    room.kept = [kept(1), kept(2)];
    room.position = { epoch: "f", offset: 1 };
    room.emit("gap", { reason: "epoch" });
    room.say(2, { t: "live" });
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(earlier.map(texts), [[], ["kept 1"]]);
    assert.deepEqual(anew, [false, true]);
    assert.deepEqual(texts(feed.read([kept(1), kept(2)])), ["kept 1"]);
  });
});
