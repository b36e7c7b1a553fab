import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { sleep } from "../base/clock.ts";
import { preciseClock, systemClock } from "./system_clock.ts";

test("systemClock runs timers and turns, and not those that were cancelled", async () => {
  const before = systemClock.monotonicMs();
  const fired: string[] = [];
  const cancelled = [
    systemClock.setTimeout(() => fired.push("timeout"), 1),
    systemClock.setInterval(() => fired.push("interval"), 1),
    systemClock.nextTurn(() => fired.push("turn")),
  ];
  for (const timer of cancelled) systemClock.cancel(timer);
  await new Promise<void>((resolve) => systemClock.nextTurn(resolve));
  await sleep(systemClock, 20);
  assert.deepEqual(fired, []);
  assert.ok(systemClock.monotonicMs() - before >= 19);
  assert.ok(Math.abs(systemClock.wallMs() - Date.now()) < 1_000);
});

test("systemClock.nextTurn() lets sockets have their chance between the turns of a loop", async () => {
  let echoes = 0;
  let turns = 0;
  const server = createServer((socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  await new Promise<void>((resolve) => client.once("connect", resolve));
  await new Promise<void>((resolve) => {
    client.on("data", () => ++echoes < 10 ? client.write("x") : resolve());
    client.write("x");
    const turn = () => {
      const startMs = performance.now();
      while (performance.now() - startMs < 5);
      turns++;
      if (echoes < 10) systemClock.nextTurn(turn);
    };
    turn();
  });
  client.destroy();
  await new Promise((resolve) => server.close(resolve));
  // An echo passes through four sockets' turns; starved ones took 60 turns each.
  assert.ok(turns < 200, `10 echoes took ${turns} turns`);
});

test("preciseClock tells the time of day that the system's does, and its fractions", () => {
  assert.ok(Math.abs(preciseClock.wallMs() - Date.now()) < 1_000);
  const times = Array.from({ length: 1_000 }, () => preciseClock.wallMs());
  assert.ok(times.some((ms) => !Number.isInteger(ms)));
  assert.deepEqual(times, times.toSorted((a, b) => a - b));
});
