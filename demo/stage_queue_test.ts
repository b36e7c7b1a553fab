import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { StageQueue } from "./stage_queue.ts";

describe("StageQueue", () => {
  test("take() gives each comment once, in order, one's own first", () => {
    const queue = new StageQueue<string>();
    queue.offer("a", 0);
    queue.offer("b", 0);
    queue.offer("mine", 0, true);
    const placed: string[] = [];
    for (let turn = 0; turn < 2; turn++) queue.take(0, (item) => placed.push(item) > 0);
    assert.deepEqual(placed, ["mine", "a", "b"]);
    assert.equal(queue.shed, 0);
  });

  test("what finds no lane for long is shed and counted, one's own is not", () => {
    const queue = new StageQueue<string>();
    queue.offer("a", 0);
    queue.offer("mine", 0, true);
    queue.take(1_499, () => false);
    assert.equal(queue.shed, 0);
    queue.take(1_500, () => false);
    assert.equal(queue.shed, 1);
    const placed: string[] = [];
    queue.take(9_000, (item) => placed.push(item) > 0);
    assert.deepEqual(placed, ["mine"]);
  });

  test("a flood sheds the oldest, and nothing grows", () => {
    const queue = new StageQueue<number>();
    queue.offer(-1, 0, true);
    for (let number = 0; number < 10_000; number++) queue.offer(number, 0);
    assert.equal(queue.shed, 9_941);
    const placed: number[] = [];
    queue.take(0, (item) => placed.push(item) > 0);
    assert.deepEqual(placed.slice(0, 2), [-1, 9_941]);
    assert.equal(placed.length, 60);
  });

  test("too many of one's own lose the oldest as well", () => {
    const queue = new StageQueue<number>();
    for (let number = 0; number < 61; number++) queue.offer(number, 0, true);
    assert.equal(queue.shed, 1);
  });

  test("claim() makes one that waits one's own", () => {
    const queue = new StageQueue<string>();
    queue.offer("a", 0);
    queue.offer("b", 0);
    queue.claim((item) => item === "b");
    const placed: [string, boolean][] = [];
    queue.take(0, (...one) => placed.push(one) > 0);
    assert.deepEqual(placed, [["b", true], ["a", false]]);
  });

  test("clear() forgets those that wait without counting them", () => {
    const queue = new StageQueue<string>();
    queue.offer("a", 0);
    queue.clear();
    queue.take(5_000, () => assert.fail());
    assert.equal(queue.shed, 0);
  });
});
