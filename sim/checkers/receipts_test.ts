import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { randomBelow, seededPrng } from "../../base/prng.ts";
import type { ReceiptTotals } from "../types.ts";
import { encodePushBody } from "./push_body.ts";
import { Receipts, usualMargins } from "./receipts.ts";

const TAG = 7;

function body(room: number, sequence: number, tag = TAG): Uint8Array {
  return encodePushBody({ tag, room, sequence, dueMs: 1_000 * sequence, size: 40 });
}

/** Pushes 1 to `last` to room 0, one a second, answered at once. */
function pushes(last: number, failed: readonly number[] = []) {
  const times = Array.from({ length: last }, (_, index) => 1_000 * (index + 1));
  return [{ room: 0, last, failed, sentMs: times, answeredMs: times }];
}

/** What comes of a client that was in from the first and got these numbers. */
function history(numbers: readonly number[], last = 5, failed: readonly number[] = []) {
  const receipts = new Receipts(TAG);
  receipts.joined(0, 0, true, 0);
  for (const number of numbers) receipts.received(0, body(0, number), 1_000 * number + 3);
  return counts(receipts.totals(pushes(last, failed)));
}

function counts({ failures, ...numbers }: ReceiptTotals): Partial<ReceiptTotals> {
  const wrong = Object.entries(numbers).filter(([, count]) => count > 0);
  const isFine = numbers.lost + numbers.duplicated + numbers.reordered + numbers.misdelivered === 0;
  assert.equal(failures.length === 0, isFine, failures.join("\n"));
  return Object.fromEntries(wrong);
}

describe("Receipts", () => {
  it("find nothing wrong where nothing is", () => {
    assert.deepEqual(history([1, 2, 3, 4, 5]), { expected: 5, received: 5 });
  });

  it("find what is lost, at the beginning, within and at the end", () => {
    assert.deepEqual(history([2, 3, 4, 5]), { expected: 5, received: 4, lost: 1 });
    assert.deepEqual(history([1, 2, 4, 5]), { expected: 5, received: 4, lost: 1 });
    assert.deepEqual(history([1, 2, 3]), { expected: 5, received: 3, lost: 2 });
    assert.deepEqual(history([]), { expected: 5, lost: 5 });
  });

  it("find what came twice", () => {
    assert.deepEqual(history([1, 2, 2, 3, 4, 5]), { expected: 5, received: 6, duplicated: 1 });
    assert.deepEqual(history([1, 2, 3, 4, 5, 1]), { expected: 5, received: 6, duplicated: 1 });
  });

  it("find what came out of order, and that it is not lost", () => {
    assert.deepEqual(history([1, 3, 2, 4, 5]), { expected: 5, received: 5, reordered: 1 });
    assert.deepEqual(history([1, 3, 4, 5, 2, 2]), {
      expected: 5,
      received: 6,
      reordered: 1,
      duplicated: 1,
    });
  });

  it("expect pushes that failed neither to come nor not to", () => {
    assert.deepEqual(history([1, 2, 4, 5], 5, [3]), { expected: 4, received: 4 });
    assert.deepEqual(history([1, 2, 3, 4, 5], 5, [3]), { expected: 4, received: 5 });
    assert.deepEqual(history([1, 2], 5, [3, 4, 5]), { expected: 2, received: 2 });
  });

  it("find what is for another room, another run, or nobody", () => {
    const receipts = new Receipts(TAG);
    receipts.joined(0, 0, true, 0);
    assert.equal(receipts.received(0, body(0, 1), 1_004), 4);
    assert.equal(receipts.received(0, body(1, 1), 1_004), undefined);
    assert.equal(receipts.received(0, body(0, 1, TAG + 1), 1_004), undefined);
    assert.equal(receipts.received(1, body(0, 1), 1_004), undefined);
    assert.equal(receipts.received(0, new Uint8Array(5), 1_004), undefined);
    const spoiled = body(0, 2);
    spoiled[39] ^= 1;
    assert.equal(receipts.received(0, spoiled, 1_004), undefined);
    assert.equal(receipts.totals(pushes(1)).misdelivered, 5);
  });

  it("expect of a client that comes late what was sent after it was in", () => {
    const receipts = new Receipts(TAG);
    receipts.joined(0, 0, false, 3_000 - usualMargins.joinMs);
    for (const number of [3, 4]) receipts.received(0, body(0, number), 5_000);
    assert.deepEqual(counts(receipts.totals(pushes(5))), { expected: 3, received: 2, lost: 1 });
    const silent = new Receipts(TAG);
    silent.joined(0, 0, false, 2_900);
    assert.deepEqual(counts(silent.totals(pushes(5))), { expected: 2, lost: 2 });
  });

  it("expect of a client that leaves what was answered before it began to", () => {
    const receipts = new Receipts(TAG);
    receipts.joined(0, 0, true, 0);
    for (const number of [1, 2]) receipts.received(0, body(0, number), 5_000);
    receipts.left(0, 3_100);
    assert.deepEqual(counts(receipts.totals(pushes(5))), { expected: 2, received: 2 });
    receipts.joined(0, 0, false, 3_600);
    for (const number of [4, 5]) receipts.received(0, body(0, number), 5_000);
    assert.deepEqual(counts(receipts.totals(pushes(5))), { expected: 4, received: 4 });
  });

  it("expect the less of a client that leaves the longer pushes are under way", () => {
    const receipts = new Receipts(TAG);
    receipts.joined(0, 0, true, 0);
    receipts.joined(1, 0, true, 0);
    for (const client of [0, 1]) receipts.received(client, body(0, 1), 1_100);
    receipts.left(0, 3_300);
    assert.deepEqual(counts(receipts.totals(pushes(1))), { expected: 2, received: 2 });
    const missing = receipts.totals(pushes(3));
    assert.deepEqual([missing.expected, missing.lost], [6, 4]);
    receipts.received(1, body(0, 2), 4_000);
    receipts.received(1, body(0, 3), 4_000);
    assert.deepEqual(counts(receipts.totals(pushes(3))), { expected: 4, received: 4 });
  });

  it("take a number that nobody can have sent for another's", () => {
    const receipts = new Receipts(TAG);
    receipts.joined(0, 0, true, 0);
    receipts.received(0, body(0, 1), 1_100);
    receipts.received(0, body(0, 4_000_000_000), 1_100);
    assert.deepEqual(receipts.totals(pushes(1)).misdelivered, 1);
  });

  it("find by arithmetic what one finds by counting", () => {
    const prng = seededPrng(20);
    for (let round = 0; round < 2_000; round++) {
      const last = 1 + randomBelow(prng, 12);
      const all = Array.from({ length: last }, (_, index) => index + 1);
      const failed = all.filter(() => randomBelow(prng, 5) === 0);
      const came = all.filter(() => randomBelow(prng, 4) > 0);
      for (let swaps = randomBelow(prng, 4); swaps > 0 && came.length > 0; swaps--) {
        const [a, b] = [randomBelow(prng, came.length), randomBelow(prng, came.length)];
        [came[a], came[b]] = [came[b], came[a]];
      }
      const due = all.filter((number) => !failed.includes(number));
      const lost = due.filter((number) => !came.includes(number)).length;
      const { expected = 0, lost: found = 0 } = history(came, last, failed);
      assert.deepEqual([expected, found], [due.length, lost], `${came} of ${last}, not ${failed}`);
    }
  });
});
