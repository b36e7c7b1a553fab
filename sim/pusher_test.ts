import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock, promisesSettled } from "../base/clock.ts";
import { decodePushBody, type PushBody } from "./checkers/push_body.ts";
import { Pusher } from "./pusher.ts";

const TAG = 7;
const SIZE = 40;

/** When the clock starts, in milliseconds. */
const START_MS = 1_000;

/** A push that was sent and waits for its answer. */
interface Sent extends PushBody {
  readonly sentMs: number;
  answer(isAccepted: boolean): void;
  fail(): void;
}

/** A pusher, the clock that it goes by, and a server that answers when it is told to. */
class Setup {
  readonly clock = new ManualClock(START_MS);
  /** Every push, in the order in which it came. */
  readonly sent: Sent[] = [];
  readonly pusher: Pusher;

  /** @param answersAtOnce Whether the server accepts everything without being told. */
  constructor(rooms: number, private readonly answersAtOnce: boolean) {
    const send = (room: number, body: Uint8Array) => this.#send(room, body);
    this.pusher = new Pusher({ send, tag: TAG, size: SIZE, rooms, clock: this.clock });
  }

  /** Moves time on, millisecond by millisecond, as a real clock does. */
  async advance(spanMs: number): Promise<void> {
    await promisesSettled();
    for (let passedMs = 0; passedMs < spanMs; passedMs++) {
      this.clock.advance(1);
      await promisesSettled();
    }
  }

  /** The numbers that a room was sent. */
  sequences(room: number): number[] {
    return this.sent.filter((one) => one.room === room).map(({ sequence }) => sequence);
  }

  #send(room: number, body: Uint8Array): Promise<boolean> {
    const push = { tag: 0, room: 0, sequence: 0, dueMs: 0 };
    assert.ok(decodePushBody(body, push));
    assert.deepEqual([push.room, push.tag, body.length], [room, TAG, SIZE]);
    return new Promise((answer, reject) => {
      const fail = () => reject(new Error("connection reset"));
      this.sent.push({ ...push, sentMs: this.clock.wallMs(), answer, fail });
      if (this.answersAtOnce) answer(true);
    });
  }
}

describe("Pusher", () => {
  it("pushes to all rooms in turn at its rate, each room's pushes numbered from 1", async () => {
    const setup = new Setup(2, true);
    setup.pusher.start(20);
    await setup.advance(225);
    const seen = setup.sent.map((one) => [one.room, one.sequence, one.dueMs, one.sentMs]);
    const first = [[0, 1, 1_000, 1_000], [1, 1, 1_050, 1_050], [0, 2, 1_100, 1_100]];
    assert.deepEqual(seen, [...first, [1, 2, 1_150, 1_150], [0, 3, 1_200, 1_200]]);
    assert.deepEqual([setup.pusher.sent, setup.pusher.failed], [5, 0]);
  });

  it("keeps a rate that does not divide a second, without drifting", async () => {
    const setup = new Setup(1, true);
    setup.pusher.start(30);
    await setup.advance(10_000);
    assert.ok(Math.abs(setup.sent.length - 300) <= 1, `${setup.sent.length}`);
    for (const [index, { dueMs, sentMs }] of setup.sent.entries()) {
      assert.ok(Math.abs(dueMs - (START_MS + index * 1_000 / 30)) < 1e-6, `${dueMs}`);
      assert.ok(sentMs >= dueMs - 1 && sentMs <= dueMs + 1, `due ${dueMs}, sent ${sentMs}`);
    }
  });

  it("has pushes due at their time though the server is slow, and sends them in order", async () => {
    const setup = new Setup(1, false);
    setup.pusher.start(10);
    await setup.advance(450);
    assert.deepEqual(setup.sequences(0), [1], "the second waits for the first one's answer");
    for (let index = 0; index < 5; index++) {
      setup.sent[index].answer(true);
      await setup.advance(1);
    }
    const lateMs = setup.sent.slice(0, 5).map(({ dueMs, sentMs }) => sentMs - dueMs);
    assert.deepEqual(setup.sequences(0), [1, 2, 3, 4, 5]);
    assert.deepEqual(setup.sent.map(({ dueMs }) => dueMs), [1_000, 1_100, 1_200, 1_300, 1_400]);
    assert.deepEqual(lateMs, [0, 350, 251, 152, 53]);
  });

  it("does not let a room wait for another", async () => {
    const setup = new Setup(2, false);
    setup.pusher.start(20);
    await setup.advance(60);
    assert.deepEqual([setup.sequences(0), setup.sequences(1)], [[1], [1]]);
    setup.sent[1].answer(true);
    await setup.advance(100);
    assert.deepEqual([setup.sequences(0), setup.sequences(1)], [[1], [1, 2]]);
  });

  it("writes down when each push was sent and when it was answered", async () => {
    const setup = new Setup(1, false);
    setup.pusher.start(10);
    await setup.advance(30);
    setup.sent[0].answer(true);
    await setup.advance(90);
    setup.sent[1].answer(true);
    await setup.advance(1);
    const [{ room, last, failed, sentMs, answeredMs }] = setup.pusher.pushes;
    assert.deepEqual([room, last, failed], [0, 2, []]);
    assert.deepEqual([sentMs, answeredMs], [[1_000, 1_100], [1_030, 1_120]]);
  });

  it("writes down pushes that were refused or not answered at all, and goes on", async () => {
    const setup = new Setup(1, false);
    setup.pusher.start(10);
    await setup.advance(1);
    setup.sent[0].answer(false);
    await setup.advance(100);
    setup.sent[1].fail();
    await setup.advance(100);
    setup.sent[2].answer(true);
    await setup.advance(1);
    const [{ last, failed, answeredMs }] = setup.pusher.pushes;
    assert.deepEqual([last, failed, answeredMs.length], [3, [1, 2], 3]);
    assert.deepEqual([setup.pusher.sent, setup.pusher.failed], [3, 2]);
  });

  it("stops when all that were due have been sent and answered, and sends no more", async () => {
    const setup = new Setup(1, false);
    setup.pusher.start(10);
    await setup.advance(250);
    let isStopped = false;
    const stopped = setup.pusher.stop().then(() => isStopped = true);
    await setup.advance(100);
    for (let index = 0; index < setup.sent.length; index++) {
      assert.equal(isStopped, false);
      setup.sent[index].answer(true);
      await setup.advance(1);
    }
    await stopped;
    const { length } = setup.sent;
    assert.ok(length >= 3 && length <= 4, `${length}`);
    await setup.advance(1_000);
    assert.equal(setup.sent.length, length);
    assert.deepEqual(setup.pusher.pushes[0].answeredMs.length, length);
  });

  it("gives up what waits at its end when a push fails", async () => {
    const setup = new Setup(1, false);
    setup.pusher.start(10);
    await setup.advance(350);
    const stopped = setup.pusher.stop();
    await setup.advance(1);
    assert.deepEqual([setup.pusher.due, setup.pusher.sent, setup.pusher.unsent], [4, 1, 0]);
    setup.sent[0].fail();
    await setup.advance(1);
    await stopped;
    const { due, sent, failed, unsent } = setup.pusher;
    assert.deepEqual([due, sent, failed, unsent], [4, 1, 1, 3]);
    assert.equal(setup.clock.pending, 0);
  });

  it("gives up what waits at its end when that takes too long", async () => {
    const setup = new Setup(1, false);
    setup.pusher.start(10);
    await setup.advance(350);
    const stopped = setup.pusher.stop();
    await setup.advance(1);
    setup.sent[0].answer(true);
    await promisesSettled();
    setup.clock.advance(30_000);
    setup.sent[1].answer(true);
    await stopped;
    const { due, sent, failed, unsent } = setup.pusher;
    assert.deepEqual([due, sent, failed, unsent], [4, 2, 0, 2]);
  });

  it("goes on counting when it is started again", async () => {
    const setup = new Setup(2, true);
    for (const rate of [10, 20]) {
      setup.pusher.start(rate);
      await setup.advance(195);
      const stopped = setup.pusher.stop();
      await setup.advance(100);
      await stopped;
    }
    for (const room of [0, 1]) {
      const sequences = setup.sequences(room);
      assert.ok(sequences.length >= 2, `${sequences}`);
      assert.deepEqual(sequences, sequences.map((_, index) => index + 1));
    }
  });

  it("pushes nothing at a rate of 0", async () => {
    const setup = new Setup(1, true);
    setup.pusher.start(0);
    await setup.advance(1_000);
    await setup.pusher.stop();
    assert.deepEqual([setup.sent.length, setup.pusher.sent], [0, 0]);
    assert.deepEqual(setup.pusher.pushes.map(({ room, last }) => [room, last]), [[0, 0]]);
  });

  it("stops at once though the next push is not due for long", async () => {
    const setup = new Setup(1, true);
    setup.pusher.start(0.01);
    await setup.advance(10);
    let isStopped = false;
    const stopped = setup.pusher.stop().then(() => isStopped = true);
    await setup.advance(1_000);
    const wasStopped = isStopped;
    setup.clock.advance(100_000);
    await stopped;
    assert.ok(wasStopped, "it waits for the next push");
    assert.equal(setup.sent.length, 1);
  });
});
