import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Cursor, type JoinedAt, type KeptMessages } from "./cursor.ts";

/** A cursor, and what it meets. */
class Setup {
  readonly met: (string | number)[] = [];
  readonly cursor = new Cursor();
  kept: KeptMessages | undefined;
  readonly #events = {
    lost: (count: number) => void this.met.push("lost", count),
    doubled: (offset: number) => void this.met.push("doubled", offset),
    told: (count: number | "epoch") => void this.met.push("told", count),
    wrong: (text: string) => void this.met.push("wrong", text),
  };

  /** One who joins for the first time, behind an offset. */
  static at(epoch: string, offset: number): Setup {
    const setup = new Setup();
    setup.join({ epoch, offset });
    return setup;
  }

  /** Joins with the place that it has, or asks for the last few. */
  join(answer: Partial<JoinedAt> & { epoch: string; offset: number }, last?: number): void {
    const { since } = this.cursor;
    const ask = since !== undefined ? { since } : last === undefined ? {} : { last };
    this.cursor.joined({ recovered: true, missed: 0, ...answer }, ask, this.kept, this.#events);
  }

  get(...offsets: number[]): void {
    for (const offset of offsets) this.cursor.received(offset, this.#events);
  }

  gap(epoch: string, from: number, to: number, count = to - from + 1): void {
    this.cursor.gap({ epoch, from, to, count }, this.kept, this.#events);
  }

  epoch(epoch: string, offset: number): void {
    this.cursor.epochChanged({ epoch, offset }, this.kept, this.#events);
  }

  moved(): void {
    this.cursor.joined(undefined, {}, this.kept, this.#events);
  }

  /** What was wrong in one case alone, without its words. */
  assertWrong(): void {
    assert.deepEqual([this.met.includes("wrong"), this.met.includes("lost")], [true, false]);
  }
}

describe("Cursor", () => {
  it("goes on message by message, over connections", () => {
    const setup = Setup.at("a", 7);
    setup.get(8, 9);
    setup.cursor.isIn = false;
    setup.join({ epoch: "a", offset: 12, missed: 3 });
    setup.get(10, 11, 12, 13);
    assert.deepEqual(setup.met, []);
    assert.deepEqual(setup.cursor.since, { epoch: "a", offset: 13 });
  });

  it("meets what is missing, what comes again, and what comes to one who is not in", () => {
    const setup = Setup.at("a", 7);
    setup.get(10, 9, 10, 11);
    assert.deepEqual(setup.met, ["lost", 2, "doubled", 9, "doubled", 10]);
    const other = Setup.at("a", 7);
    other.cursor.isIn = false;
    other.get(8);
    other.assertWrong();
  });

  it("is told of gaps, exactly", () => {
    const setup = Setup.at("a", 7);
    setup.gap("a", 8, 10);
    setup.get(11);
    assert.deepEqual(setup.met, ["told", 3]);
    for (
      const [epoch, from, to, count] of [
        ["a", 12, 14, 2],
        ["a", 12, 11, 0],
        ["b", 12, 14, 3],
        ["a", 11, 14, 4],
      ] as const
    ) {
      const one = Setup.at("a", 11);
      one.gap(epoch, from, to, count);
      one.assertWrong();
    }
    const behind = Setup.at("a", 11);
    behind.gap("a", 14, 15);
    assert.deepEqual(behind.met, ["lost", 2, "told", 2]);
  });

  it("is told of no gap where everything is kept", () => {
    for (const [first, isRight] of [[11, true], [10, false], [1, false]] as const) {
      const setup = Setup.at("a", 7);
      setup.kept = { epoch: "a", first };
      setup.gap("a", 8, 10);
      assert.equal(!setup.met.includes("wrong"), isRight, `${first}`);
    }
    const lost = Setup.at("a", 7);
    lost.kept = { epoch: "b", first: 1 };
    lost.gap("a", 8, 10);
    assert.deepEqual(lost.met, ["told", 3]);
  });

  it("comes back to what is kept no more, and is told so", () => {
    const setup = Setup.at("a", 7);
    setup.kept = { epoch: "a", first: 11 };
    setup.join({ epoch: "a", offset: 12, recovered: false, missed: 2 });
    setup.get(11, 12, 13);
    assert.deepEqual(setup.met, ["told", 3]);
  });

  it("comes back to another epoch, and is told so", () => {
    const setup = Setup.at("a", 7);
    setup.kept = { epoch: "b", first: 1 };
    setup.join({ epoch: "b", offset: 2, recovered: false });
    setup.get(3);
    setup.kept = { epoch: "c", first: 1 };
    setup.epoch("c", 0);
    setup.get(1, 2);
    assert.deepEqual(setup.met, ["told", "epoch", "told", "epoch"]);
  });

  it("comes back to a log that the store has lost, of which another comet had more", () => {
    const setup = Setup.at("a", 7);
    setup.kept = { epoch: "", first: 1 };
    setup.join({ epoch: "a", offset: 6, recovered: false });
    setup.kept = { epoch: "b", first: 1 };
    setup.epoch("b", 0);
    setup.get(1);
    assert.deepEqual(setup.met, ["told", "epoch"]);
  });

  it("knows answers that cannot be", () => {
    const kept = { epoch: "a", first: 1 };
    for (
      const answer of [
        { epoch: "a", offset: 12, missed: 4 },
        { epoch: "a", offset: 12, missed: 6 },
        { epoch: "a", offset: 6 },
        { epoch: "a", offset: 6, recovered: false },
        { epoch: "a", offset: 12, recovered: false },
        { epoch: "b", offset: 12, missed: 5 },
        { epoch: "b", offset: 12, recovered: false },
        { epoch: "a", offset: 12, missed: -1 },
      ]
    ) {
      const setup = Setup.at("a", 7);
      setup.kept = kept;
      setup.join(answer);
      setup.assertWrong();
    }
    const goesOn = Setup.at("a", 7);
    goesOn.kept = kept;
    goesOn.epoch("b", 0);
    goesOn.assertWrong();
  });

  it("asks for the last few where it has no place", () => {
    const setup = new Setup();
    setup.join({ epoch: "a", offset: 7, missed: 3 }, 5);
    setup.get(5, 6, 7, 8);
    assert.deepEqual(setup.met, []);
    for (const answer of [{ missed: 6 }, { recovered: false }]) {
      const other = new Setup();
      other.join({ epoch: "a", offset: 7, ...answer }, 5);
      other.assertWrong();
    }
  });

  it("learns the epoch of a room that had no message", () => {
    const setup = Setup.at("", 0);
    setup.epoch("a", 0);
    setup.get(1, 2);
    assert.deepEqual([setup.met, setup.cursor.since], [[], { epoch: "a", offset: 2 }]);
    const away = Setup.at("", 0);
    away.cursor.isIn = false;
    away.kept = { epoch: "a", first: 1 };
    away.join({ epoch: "a", offset: 2, missed: 2 });
    away.get(1, 2);
    assert.deepEqual(away.met, []);
    const late = Setup.at("", 0);
    late.epoch("a", 2);
    assert.deepEqual(late.met, ["lost", 2]);
  });

  it("does not know where it is after a change of rooms as goim has it, until it is told", () => {
    const setup = Setup.at("a", 7);
    setup.moved();
    setup.get(4, 5, 7);
    assert.deepEqual([setup.met, setup.cursor.since], [["lost", 1], undefined]);
    setup.gap("b", 8, 9);
    assert.deepEqual(setup.cursor.since, { epoch: "b", offset: 9 });
  });
});
