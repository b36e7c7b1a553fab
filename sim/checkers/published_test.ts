import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Published } from "../show/types.ts";
import { MessageNumbers } from "./message_numbers.ts";
import { countOutOfOrder, FOREIGN, headsOf, judgePublished, mergePublished } from "./published.ts";

/** Messages of one epoch of a room, as number and offset. */
function accepted(room: number, epoch: string, ...messages: readonly [number, number][]) {
  return {
    room,
    epoch,
    numbers: messages.map(([number]) => number),
    offsets: messages.map(([, offset]) => offset),
    sentMs: messages.map(() => 0),
  };
}

function published(changes: Partial<Published>): Published {
  const nothing = { sent: 0, accepted: [], refused: [], reasons: [], failures: [] };
  return { ...nothing, failed: 0, unanswered: 0, ...changes };
}

/** What somebody got in room 0, by offset from 1 on. */
function got(...numbers: readonly number[]): MessageNumbers {
  const seen = new MessageNumbers();
  numbers.forEach((number, index) => seen.note(0, "e", index + 1, number));
  return seen;
}

describe("judgePublished()", () => {
  const judge = (seen: MessageNumbers, changes: Partial<Published>) => {
    const { failures, ...counts } = judgePublished(seen, published(changes));
    return [counts, failures] as const;
  };
  const right = { misplaced: 0, slipped: 0, doubled: 0 };

  it("finds nothing where all came that was taken, among what others say", () => {
    const taken = [accepted(0, "e", [11, 1], [12, 3])];
    assert.deepEqual(judge(got(11, FOREIGN, 12, FOREIGN), { accepted: taken, refused: [13] }), [
      right,
      [],
    ]);
  });

  it("leaves what nobody here got to the cursors", () => {
    const taken = [accepted(0, "e", [11, 1], [12, 2]), accepted(1, "f", [13, 1])];
    assert.deepEqual(judge(got(11), { accepted: taken }), [right, []]);
  });

  it("finds another message, or something else, where one was taken", () => {
    const taken = [accepted(0, "e", [11, 1], [12, 2])];
    assert.deepEqual(judge(got(14, FOREIGN), { accepted: taken }), [
      { ...right, misplaced: 2 },
      [
        "message 11 was taken at offset 1 of room 0, where message 14 came",
        "message 12 was taken at offset 2 of room 0, where something else came",
      ],
    ]);
  });

  it("finds a message that was refused, and came", () => {
    assert.deepEqual(judge(got(11), { refused: [11] }), [
      { ...right, slipped: 1 },
      ["message 11 was refused, and came at offset 1 of room 0"],
    ]);
  });

  it("finds a message at two offsets, also where the log began anew", () => {
    const seen = got(11, 12, 11);
    seen.note(0, "f", 1, 12);
    seen.note(1, "e", 1, 13);
    assert.deepEqual(judge(seen, {}), [
      { ...right, doubled: 2 },
      [
        "message 11 came again at offset 3 of room 0",
        "message 12 came again at offset 1 of room 0",
      ],
    ]);
  });
});

describe("mergePublished()", () => {
  it("puts the processes' messages together, by room and epoch", () => {
    const merged = mergePublished([
      published({
        sent: 3,
        accepted: [accepted(0, "e", [11, 1])],
        refused: [12],
        reasons: [["slow", 1]],
        unanswered: 1,
        failures: ["a"],
      }),
      published({
        sent: 5,
        accepted: [accepted(0, "e", [21, 2]), accepted(0, "f", [22, 1])],
        refused: [23, 24],
        reasons: [["rate", 3], ["slow", 1]],
        failed: 2,
      }),
    ]);
    assert.deepEqual(merged, {
      sent: 8,
      accepted: [accepted(0, "e", [11, 1], [21, 2]), accepted(0, "f", [22, 1])],
      refused: [12, 23, 24],
      reasons: [["rate", 3], ["slow", 2]],
      failed: 2,
      unanswered: 1,
      failures: ["a"],
    });
  });
});

describe("headsOf()", () => {
  it("is the last that was taken, where there is one epoch alone", () => {
    const taken = [
      accepted(0, "e", [1, 4], [2, 2]),
      accepted(2, "e", [3, 1]),
      accepted(2, "f", [4, 1]),
    ];
    assert.deepEqual(headsOf(taken, 3), [{ epoch: "e", offset: 4 }, undefined, undefined]);
  });
});

describe("countOutOfOrder()", () => {
  const authorOf = (number: number) => Math.floor(number / 10);

  it("counts messages behind later ones of their author, whatever others say", () => {
    const count = (...messages: readonly [number, number][]) =>
      countOutOfOrder([accepted(0, "e", ...messages)], authorOf);
    assert.equal(count([11, 1], [21, 5], [12, 3], [22, 6]), 0);
    assert.equal(count([21, 1], [11, 2]), 0);
    assert.equal(count([11, 3], [12, 1], [21, 2]), 1);
    assert.equal(count([11, 3], [12, 3]), 1);
  });
});
