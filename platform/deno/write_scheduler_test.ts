import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { type Writer, WriteScheduler, writesMax, writesPerTurn } from "./write_scheduler.ts";

/** Writers that do nothing until they are told to. */
class Stage {
  readonly clock = new ManualClock(1_000);
  readonly turns = new WriteScheduler(this.clock);
  /** Those whose turn came, in order. */
  readonly called: number[] = [];
  readonly writers: TestWriter[] = [];

  /** One more; it begins at once if it may. */
  add(onTurn: (writer: TestWriter) => void = () => {}): TestWriter {
    const writer = new TestWriter(this, this.writers.length, onTurn);
    this.writers.push(writer);
    writer.began = this.turns.take(writer);
    if (writer.began) writer.writingSinceMs = this.clock.monotonicMs();
    return writer;
  }

  addMany(count: number): void {
    for (let index = 0; index < count; index++) this.add();
  }
}

class TestWriter implements Writer {
  writingSinceMs = 0;
  began = false;

  constructor(
    private readonly stage: Stage,
    private readonly index: number,
    private readonly onTurn: (writer: TestWriter) => void,
  ) {}

  turn(): void {
    this.writingSinceMs = this.stage.clock.monotonicMs();
    this.stage.called.push(this.index);
    this.onTurn(this);
  }

  end(): void {
    this.stage.turns.end(this);
  }
}

describe("WriteScheduler", () => {
  it("lets a few write at once and the others in the order in which they came", () => {
    const stage = new Stage();
    stage.addMany(writesMax + 3);
    assert.deepEqual(
      stage.writers.map(({ began }) => began),
      stage.writers.map((_, index) => index < writesMax),
    );
    assert.equal(stage.turns.waiting, 3);
    stage.writers[5].end();
    assert.deepEqual(stage.called, [writesMax]);
    stage.writers[0].end();
    stage.writers[writesMax].end();
    assert.deepEqual(stage.called, [writesMax, writesMax + 1, writesMax + 2]);
    assert.equal(stage.turns.waiting, 0);
    assert.equal(stage.add().began, false);
  });

  it("lets nobody pass those in the line", () => {
    const stage = new Stage();
    stage.addMany(writesMax + 1);
    const [first] = stage.writers;
    first.end();
    assert.equal(stage.turns.take(first), false);
    stage.writers[1].end();
    assert.deepEqual(stage.called, [writesMax, 0]);
  });

  it("ignores the end of one that has no turn", () => {
    const stage = new Stage();
    stage.addMany(writesMax + 2);
    stage.writers[writesMax + 1].end();
    assert.deepEqual(stage.called, []);
    stage.writers[0].end();
    stage.writers[0].end();
    assert.deepEqual(stage.called, [writesMax]);
  });

  it("takes the places of those whose sockets are full", () => {
    const stage = new Stage();
    stage.addMany(writesMax + 2);
    stage.clock.advance(19);
    assert.deepEqual(stage.called, []);
    stage.clock.advance(25);
    assert.deepEqual(stage.called, [writesMax, writesMax + 1]);
    stage.writers[0].end();
    assert.equal(stage.turns.waiting, 0);
    stage.clock.advance(1_000);
    assert.equal(stage.clock.pending, 0);
  });

  it("gives the event loop a turn after so many", () => {
    const stage = new Stage();
    stage.addMany(writesMax);
    for (let index = 0; index < 2 * writesPerTurn; index++) stage.add((writer) => writer.end());
    stage.writers[0].end();
    assert.equal(stage.called.length, writesPerTurn);
    assert.equal(stage.add((writer) => writer.end()).began, false);
    stage.writers[1].end();
    assert.equal(stage.called.length, writesPerTurn);
    stage.clock.advance(0);
    assert.equal(stage.called.length, 2 * writesPerTurn);
    stage.clock.advance(0);
    assert.equal(stage.called.length, 2 * writesPerTurn + 1);
  });

  it("takes a line of any length whose writers have nothing to write any more", () => {
    const stage = new Stage();
    stage.addMany(writesMax);
    for (let index = 0; index < 100_000; index++) stage.add((writer) => writer.end());
    stage.writers[0].end();
    for (let turns = 0; turns < 1 + 100_000 / writesPerTurn; turns++) stage.clock.advance(0);
    assert.equal(stage.called.length, 100_000);
    assert.equal(stage.turns.waiting, 0);
  });
});
