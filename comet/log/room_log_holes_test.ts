import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { ProtocolError } from "../../protocol/close_codes.ts";
import type { HistoryMessage } from "../../protocol/history.ts";
import { roomDefaults } from "../../protocol/room_options.ts";
import { RoomStore } from "../../tests/support/room_store.ts";
import { LogMemory } from "./log_memory.ts";
import type { LogStep } from "./log_step.ts";
import { RoomLog } from "./room_log.ts";

const ALL = { room: "r", limit: 1_000, bytesMax: 1_000_000 };

/** A log of which nothing is known yet. */
function newLog(memory: LogMemory, events: string[] = []): RoomLog {
  const options = { ...roomDefaults, historySize: 100 };
  return new RoomLog("r", options, memory, new ManualClock(), {
    hole: () => events.push("hole"),
    repeated: (count) => events.push(`repeated ${count}`),
  });
}

function memoryOf(bytesMax: number): LogMemory {
  return new LogMemory({ ringMax: bytesMax, ringsMax: bytesMax }, { ringEvictions: 0 });
}

/** A loaded log, and its store with three messages. */
function setUp(ringMax = 10_000) {
  const memory = memoryOf(ringMax);
  const store = new RoomStore("r");
  const events: string[] = [];
  const log = newLog(memory, events);
  const push = (...messages: HistoryMessage[]) => said(log.take(store.delivery(messages)));
  const stub = (head: number, epoch = store.epoch) =>
    said(log.take(store.delivery([], epoch, head)));
  const repair = (asked = log.ask()) => {
    const after = log.isEpochDoubted ? 0 : log.head;
    return said(log.repair(store.read({ ...ALL, after }), after, asked));
  };
  for (let offset = 1; offset <= 3; offset++) store.append();
  said(log.load(store.read({ ...ALL, last: 100 })));
  return { memory, store, events, log, push, stub, repair };
}

/** Steps as text. */
function said(steps: Iterable<LogStep>): string[] {
  return [...steps].filter(({ kind }) => kind !== "flush").map((step) => {
    if (step.kind === "frames") return `${step.last - step.push.count + 1}-${step.last}`;
    return step.kind === "gap" ? `gap ${step.from}-${step.to}` : step.kind;
  });
}

describe("RoomLog, where something is missing,", () => {
  it("takes what comes next, and leaves out what has been here", () => {
    const { store, log, push, events } = setUp();
    const [four, five] = [store.append(), store.append()];
    assert.deepEqual([log.head, log.flushed, log.frames.first], [3, 3, 1]);
    assert.deepEqual(push(four), ["4-4"]);
    assert.deepEqual(push(four), []);
    assert.deepEqual(push(four, five), ["5-5"]);
    assert.deepEqual(events, ["repeated 1"]);
  });

  it("reads what a hole leaves out, keeps what comes meanwhile, and goes on in order", () => {
    const { store, log, push, repair, events } = setUp();
    const [four, , six] = [store.append(), store.append(), store.append()];
    assert.deepEqual(push(four, six), ["4-4"]);
    const asked = log.ask();
    const seven = store.append();
    assert.deepEqual(push(seven), []);
    assert.deepEqual([events, log.isKeeping], [["hole"], true]);
    assert.deepEqual(repair(asked), ["5-7"]);
    assert.equal(log.isKeeping, false);
  });

  it("learns of what is missing by the head alone", () => {
    const { store, stub, repair, events } = setUp();
    assert.deepEqual([stub(3), events], [[], []]);
    store.append();
    assert.deepEqual([stub(4), events], [[], ["hole"]]);
    assert.deepEqual(repair(), ["4-4"]);
  });

  it("says what the store has no more, also where that has lost its end", () => {
    const { store, push, repair, log } = setUp();
    const messages = Array.from({ length: 5 }, () => store.append());
    store.trim(6);
    push(messages[4]);
    assert.deepEqual(repair(), ["gap 4-6", "7-8"]);
    // A store that was put back to an earlier state has less than was delivered.
    const lost = [store.append(), store.append()];
    store.begin("e1");
    store.head = 8;
    assert.deepEqual(push(lost[1]), []);
    assert.deepEqual(repair(), ["gap 9-9", "10-10"]);
    assert.equal(log.isKeeping, false);
  });

  it("says what the store has no more also where no delivery speaks of it", () => {
    const { store, log, repair } = setUp();
    for (let times = 0; times < 2; times++) store.append();
    store.trim(5);
    log.verify();
    assert.deepEqual([repair(), log.head, log.isKeeping], [["gap 4-5"], 5, false]);
  });

  it("asks about a hole again that it learnt of after the store was asked", () => {
    const { store, log, push, repair } = setUp();
    const messages = Array.from({ length: 4 }, () => store.append());
    push(messages[1]);
    const page = store.read({ ...ALL, after: 3 });
    const asked = log.ask();
    store.append();
    const last = store.append();
    push(last);
    assert.deepEqual(said(log.repair(page, 3, asked)), ["4-7"]);
    assert.equal(log.isKeeping, true);
    assert.deepEqual(repair(), ["8-9"]);
  });

  it("believes the store about epochs: a new one begins, one of before is left out", () => {
    const { store, log, push, repair } = setUp();
    const old = store.append();
    const oldDelivery = store.delivery([old]);
    store.begin("e2");
    const messages = [store.append(), store.append()];
    assert.deepEqual(push(messages[1]), []);
    assert.deepEqual(repair(), ["epoch", "1-2"]);
    assert.deepEqual(said(log.take(oldDelivery)), []);
    assert.deepEqual([log.isKeeping, log.epoch], [false, "e2"]);
    const strange = { ...oldDelivery, epoch: "e0" };
    assert.deepEqual(said(log.take(strange)), []);
    assert.equal(log.isEpochDoubted, true);
    assert.deepEqual(repair(), []);
    assert.deepEqual([log.isKeeping, log.epoch], [false, "e2"]);
  });

  it("does not take an epoch for a past one that began after the store was asked", () => {
    const { store, log, push, repair } = setUp();
    const [, five] = [store.append(), store.append()];
    push(five);
    const page = store.read({ ...ALL, after: 3 });
    const asked = log.ask();
    store.begin("e2");
    push(store.append());
    assert.deepEqual(said(log.repair(page, 3, asked)), ["4-5"]);
    assert.equal(log.isKeeping, true);
    assert.deepEqual(repair(), ["epoch", "1-1"]);
  });

  it("hears of how far the store is only once it is known itself", () => {
    const { store } = setUp();
    const log = newLog(memoryOf(1_000));
    said(log.loadLater());
    store.append();
    const five = store.append();
    assert.deepEqual(said(log.take(store.delivery([], "e1", 5))), []);
    assert.equal(log.isKnown, false);
    assert.deepEqual(said(log.take(store.delivery([five]))), ["5-5"]);
  });

  it("goes on by what comes where the store could not be read", () => {
    const { store } = setUp();
    const log = newLog(memoryOf(1_000));
    const [four, five] = [store.append(), store.append()];
    assert.deepEqual(said(log.take(store.delivery([four]))), []);
    assert.deepEqual(said(log.loadLater()), ["4-4"]);
    assert.deepEqual(said(log.take(store.delivery([five]))), ["5-5"]);
    assert.deepEqual(said(log.load(store.read({ ...ALL, last: 9 }))), []);
    assert.deepEqual([log.isLoaded, log.frames.first, log.frames.ringFirst], [true, 1, 4]);
  });

  it("keeps no more than it may while it waits, and then has the store read", () => {
    const { store, memory, log, push, repair, events } = setUp(1_000);
    push(store.append(), store.append());
    store.append();
    for (let times = 0; times < 50; times++) push(store.append());
    assert.ok(memory.keptBytes <= 1_000 && memory.keptBytes > 0);
    assert.deepEqual(repair(), [`6-${store.head}`]);
    assert.deepEqual([log.head, memory.keptBytes, events[0]], [store.head, 0, "hole"]);
  });

  it("is not broken by what is no frames", () => {
    const { store, log, push } = setUp();
    const delivery = store.delivery([store.append()]);
    const broken = { ...delivery, frames: delivery.frames.subarray(0, 18) };
    assert.throws(() => [...log.take(broken)], ProtocolError);
    push(store.append());
    assert.throws(() => [...log.take(broken)], ProtocolError);
    assert.equal(log.head, 3);
  });
});
