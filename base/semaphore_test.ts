import assert from "node:assert/strict";
import { test } from "node:test";
import { Semaphore } from "./semaphore.ts";

test("Semaphore.acquire() lets so many through, and the next in order as permits are given back", async () => {
  const semaphore = new Semaphore(2, 10);
  const order: number[] = [];
  const taken = [0, 1, 2, 3].map((index) => semaphore.acquire().then(() => order.push(index)));
  await Promise.all(taken.slice(0, 2));
  assert.deepEqual(order, [0, 1]);
  semaphore.release();
  await taken[2];
  assert.deepEqual(order, [0, 1, 2]);
  semaphore.release();
  await taken[3];
  semaphore.release();
  semaphore.release();
  await Promise.all([semaphore.acquire(), semaphore.acquire()]);
});

test("Semaphore.acquire() refuses one more than may wait", async () => {
  const semaphore = new Semaphore(1, 1);
  await semaphore.acquire();
  const waiting = semaphore.acquire();
  await assert.rejects(semaphore.acquire(), /at most 1 may wait, current value is 1/);
  semaphore.release();
  await waiting;
});

test("Semaphore.end() fails those who wait", async () => {
  const semaphore = new Semaphore(1, 10);
  await semaphore.acquire();
  const waiting = assert.rejects(semaphore.acquire(), /over/);
  semaphore.end(new Error("over"));
  await waiting;
});
