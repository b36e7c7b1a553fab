import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkPushes, type ConnectionRecord, expectedAt, type PushRecord } from "./push_checker.ts";

/** Pushes to room `r`, sent at 0, 10, 20 and so on; those in `refused` were not accepted. */
function pushes(count: number, refused: readonly number[] = []): PushRecord[] {
  return Array.from({ length: count }, (_, number) => ({
    room: "r",
    number,
    sentMs: number * 10,
    acceptedMs: refused.includes(number) ? undefined : number * 10 + 1,
  }));
}

/** A connection to room `r` at which these arrived. */
function connection(
  numbers: readonly number[],
  { openMs = 0, closedMs }: { openMs?: number; closedMs?: number } = {},
): ConnectionRecord {
  const arrivals = numbers.map((number, index) => ({ number, atMs: index }));
  return { client: "c", room: "r", openMs, closedMs, arrivals };
}

describe("checkPushes()", () => {
  test("finds nothing wrong with all pushes once and in order", () => {
    assert.deepEqual(checkPushes(pushes(4), [connection([0, 1, 2, 3])]), []);
  });

  test("tells which push was lost, at the end, at the start and in between", () => {
    for (const lost of [0, 2, 3]) {
      const rest = [0, 1, 2, 3].filter((number) => number !== lost);
      const wrong = checkPushes(pushes(4), [connection(rest)]);
      assert.deepEqual(wrong, [`c never got r #${lost}`]);
    }
  });

  test("tells which push came twice, at once or much later", () => {
    for (const numbers of [[0, 1, 1, 2], [0, 1, 2, 1]]) {
      assert.deepEqual(checkPushes(pushes(3), [connection(numbers)]), ["c got r #1 twice"]);
    }
  });

  test("tells which pushes came in the wrong order", () => {
    const wrong = checkPushes(pushes(4), [connection([0, 2, 1, 3])]);
    assert.deepEqual(wrong, ["c got r #1 after #2"]);
  });

  test("lets a push that was not accepted come, not come and come late, but not twice", () => {
    for (const numbers of [[0, 1, 2], [0, 2], [0, 2, 1]]) {
      assert.deepEqual(checkPushes(pushes(3, [1]), [connection(numbers)]), []);
    }
    const wrong = checkPushes(pushes(3, [1]), [connection([0, 1, 1, 2])]);
    assert.deepEqual(wrong, ["c got r #1 twice"]);
  });

  test("expects nothing that was sent before the auth was answered, and lets it come", () => {
    assert.deepEqual(checkPushes(pushes(4), [connection([2, 3], { openMs: 15 })]), []);
    assert.deepEqual(checkPushes(pushes(4), [connection([1, 2, 3], { openMs: 15 })]), []);
    const wrong = checkPushes(pushes(4), [connection([3], { openMs: 15 })]);
    assert.deepEqual(wrong, ["c never got r #2"]);
  });

  test("expects nothing of a connection after its end, but no gap before it", () => {
    assert.deepEqual(checkPushes(pushes(4), [connection([0, 1], { closedMs: 99 })]), []);
    assert.deepEqual(checkPushes(pushes(4), [connection([], { closedMs: 99 })]), []);
    const wrong = checkPushes(pushes(4), [connection([0, 2], { closedMs: 99 })]);
    assert.deepEqual(wrong, ["c never got r #1"]);
  });

  test("tells of a push that nobody sent, and of one to another room", () => {
    const other = { room: "other", number: 7, sentMs: 0, acceptedMs: 1 };
    const wrong = checkPushes([...pushes(1), other], [connection([0, 7])]);
    assert.deepEqual(wrong, ["c got r #7, which nobody sent"]);
  });

  test("checks each connection by itself", () => {
    const wrong = checkPushes(pushes(2), [connection([0, 1]), connection([1]), connection([1, 0])]);
    assert.deepEqual(wrong, ["c never got r #0", "c got r #0 after #1"]);
  });
});

test("expectedAt() leaves out what was not accepted", () => {
  const numbers = expectedAt(connection([]), pushes(3, [0])).map(({ number }) => number);
  assert.deepEqual(numbers, [1, 2]);
});
