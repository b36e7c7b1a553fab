import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../base/clock.ts";
import type { Conn } from "../platform/port.ts";
import { Channel, type Transport } from "./channel.ts";
import { Channels } from "./channels.ts";
import { Deadlines } from "./deadlines.ts";
import { NO_TIMER } from "./timer/timing_wheel.ts";

function add(channels: Channels): Channel {
  return channels.add((id) =>
    new Channel(id, {} as Conn<Channel | undefined>, {} as Transport, { close() {} }, "10.1.0.1")
  );
}

test("Deadlines tell the channel and which of its two deadlines has passed, once", () => {
  const [clock, channels, overdue] = [new ManualClock(), new Channels(), [] as unknown[]];
  const deadlines = new Deadlines(channels, clock, {
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
  const deadlines = new Deadlines(channels, clock, {
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
