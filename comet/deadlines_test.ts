import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../base/clock.ts";
import type { Conn } from "../platform/port.ts";
import { Channel, type Transport } from "./channel.ts";
import { Channels } from "./channels.ts";
import { Deadlines } from "./deadlines.ts";
import { TICK_MS } from "./options.ts";
import { NO_TIMER } from "./timer/timing_wheel.ts";

function add(channels: Channels): Channel {
  return channels.add((id) =>
    new Channel(id, {} as Conn<Channel | undefined>, {} as Transport, { close() {} }, "10.1.0.1")
  );
}

test("Deadlines tell the channel and which of its two deadlines has passed, once", () => {
  const [clock, channels, overdue] = [new ManualClock(), new Channels(), [] as unknown[]];
  const deadlines = new Deadlines(channels, clock, clock, {
    main: (channel) => overdue.push(["main", channel.id, channel.timer]),
    slow: (channel) => overdue.push(["slow", channel.id, channel.slowTimer]),
  });
  const [a, b] = [add(channels), add(channels)];
  deadlines.set(a, 300);
  deadlines.set(b, 100);
  deadlines.set(b, 500);
  deadlines.watchReading(b, 200);
  deadlines.watchReading(b, 900);
  assert.equal(deadlines.size, 3);
  for (let step = 0; step < 10; step++) {
    clock.advance(deadlines.untilTickMs);
    deadlines.tick();
  }
  const expected = [["slow", b.id], ["main", a.id], ["main", b.id]];
  assert.deepEqual(overdue, expected.map((told) => [...told, NO_TIMER]));
  assert.equal(deadlines.size, 0);
});

test("Deadlines say nothing of a channel that has read, or that is forgotten", () => {
  const [clock, channels, overdue] = [new ManualClock(), new Channels(), [] as string[]];
  const deadlines = new Deadlines(channels, clock, clock, {
    main: () => overdue.push("main"),
    slow: () => overdue.push("slow"),
  });
  const [a, b] = [add(channels), add(channels)];
  deadlines.watchReading(a, 100);
  deadlines.cancelReading(a);
  deadlines.cancelReading(a);
  deadlines.set(b, 100);
  deadlines.watchReading(b, 100);
  deadlines.cancel(b);
  assert.equal(deadlines.size, 0);
  clock.advance(1_000);
  deadlines.tick();
  assert.deepEqual(overdue, []);
});

test("Deadlines end what has expired soon after the process stood still, and nothing else", () => {
  const [running, clock] = [new ManualClock(), new ManualClock(70_000)];
  const [channels, overdue] = [new Channels(), [] as Channel[]];
  const deadlines = new Deadlines(channels, running, clock, {
    main: (channel) => overdue.push(channel),
    slow() {},
  });
  const [soon, later, lasting] = [add(channels), add(channels), add(channels)];
  const expiring = (expiresMs: number) => ({
    rooms: undefined,
    publish: undefined,
    expiresMs,
    renewedUntilMs: 0,
  });
  soon.permissions = expiring(75_000);
  later.permissions = expiring(90_000);
  for (const channel of [soon, later, lasting]) deadlines.set(channel, 12_000);
  const pass = (ms: number) => {
    for (let passed = 0; passed < ms; passed += TICK_MS) {
      for (const each of [running, clock]) each.advance(TICK_MS);
      deadlines.tick();
    }
  };
  pass(1_000);
  assert.deepEqual([overdue, deadlines.hasExpired(soon)], [[], false]);
  clock.advance(15_000);
  pass(TICK_MS);
  assert.deepEqual(overdue, [soon]);
  assert.deepEqual([deadlines.hasExpired(soon), deadlines.hasExpired(later)], [true, false]);
  pass(3_800);
  assert.deepEqual(overdue, [soon]);
  pass(200);
  assert.deepEqual(overdue, [soon, later]);
  pass(6_800);
  assert.equal(overdue.length, 2);
  pass(200);
  assert.deepEqual(overdue, [soon, later, lasting]);
});
