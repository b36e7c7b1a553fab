import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Published } from "../show/types.ts";
import { answeredFinding, muteFinding, publishedFindings } from "./show_findings.ts";

const nothingWrong = { misplaced: 0, slipped: 0, doubled: 0, failures: [] };

const all: Published = {
  sent: 6,
  accepted: [{ room: 0, epoch: "e", numbers: [10, 20, 21], offsets: [1, 2, 3], sentMs: [5, 6, 7] }],
  refused: [11, 12],
  reasons: [["too many messages", 2]],
  failed: 0,
  unanswered: 0,
  failures: [],
};

describe("what a show is judged by", () => {
  it("holds when each message was answered, and did as it was told", () => {
    const findings = publishedFindings(all, nothingWrong, 0);
    assert.deepEqual(
      [answeredFinding(all), ...findings].map(({ ok, text }) => [ok, text]),
      [
        [true, "0 of 6 had no answer, 0 failed"],
        [true, "0 of 3 messages are not where the answers say"],
        [true, "0 of 2 came"],
        [true, "0 of 3 are in the room twice"],
        [true, "0 of 3 messages stand behind later ones of their author"],
      ],
    );
  });

  it("fails one check for each fault", () => {
    const failed = (totals: Partial<typeof nothingWrong>, outOfOrder = 0) =>
      publishedFindings(all, { ...nothingWrong, ...totals }, outOfOrder)
        .filter(({ ok }) => !ok).map(({ check }) => check);
    assert.deepEqual(failed({ misplaced: 1 }), ["what is taken comes"]);
    assert.deepEqual(failed({ slipped: 1 }), ["what is refused does not come"]);
    assert.deepEqual(failed({ doubled: 1 }), ["no message comes twice"]);
    assert.deepEqual(failed({}, 1), ["nobody overtakes themselves"]);
    assert.equal(answeredFinding({ ...all, unanswered: 1 }).ok, false);
    const { ok, text } = answeredFinding({ ...all, failed: 1, failures: ["client 3: -500"] });
    assert.deepEqual([ok, text], [false, "0 of 6 had no answer, 1 failed; client 3: -500"]);
  });

  it("fails when nothing was taken: then nothing was checked", () => {
    const [taken] = publishedFindings({ ...all, accepted: [] }, nothingWrong, 0);
    assert.deepEqual([taken.ok, taken.text], [false, "no message was taken"]);
  });
});

describe("muteFinding()", () => {
  const heard = (clients: readonly number[], fromMs: number, toMs: number) =>
    muteFinding(all.accepted, { clients, fromMs, toMs }, (number) => Math.floor(number / 10)).ok;

  it("fails where one that is muted sent something that was taken", () => {
    assert.equal(heard([2], 5, 7), false);
    assert.equal(heard([1, 2], 6, 8), false);
  });

  it("holds for what others sent, and before and after", () => {
    assert.equal(heard([3], 0, 10), true);
    assert.equal(heard([2], 7, 10), true);
    assert.equal(heard([2], 0, 6), true);
  });
});
