import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns } from "./turns.ts";

test("Turns.take() lets so many through, and the next in order as turns are given back", async () => {
  const turns = new Turns(2, 10);
  const order: number[] = [];
  const taken = [0, 1, 2, 3].map((index) => turns.take().then(() => order.push(index)));
  await Promise.all(taken.slice(0, 2));
  assert.deepEqual(order, [0, 1]);
  turns.give();
  await taken[2];
  assert.deepEqual(order, [0, 1, 2]);
  turns.give();
  await taken[3];
  turns.give();
  turns.give();
  await Promise.all([turns.take(), turns.take()]);
});

test("Turns.take() refuses one more than may wait", async () => {
  const turns = new Turns(1, 1);
  await turns.take();
  const waiting = turns.take();
  await assert.rejects(turns.take(), /at most 1 may wait, current value is 1/);
  turns.give();
  await waiting;
});

test("Turns.end() fails those who wait", async () => {
  const turns = new Turns(1, 10);
  await turns.take();
  const waiting = assert.rejects(turns.take(), /over/);
  turns.end(new Error("over"));
  await waiting;
});
