import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { grantsPerTurn, type Writer, WriteScheduler, writesMax } from "./write_scheduler.ts";

/** Writers that do nothing until they are told to. */
class Fixture {
  readonly clock = new ManualClock(1_000);
  readonly scheduler = new WriteScheduler(this.clock);
  /** Those whose turn came, in order. */
  readonly called: number[] = [];
  readonly writers: TestWriter[] = [];

  /** One more; it begins at once if it may. */
  add(onTurn: (writer: TestWriter) => void = () => {}): TestWriter {
    const writer = new TestWriter(this, this.writers.length, onTurn);
    this.writers.push(writer);
    writer.began = this.scheduler.acquire(writer);
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
    private readonly fixture: Fixture,
    private readonly index: number,
    private readonly onTurn: (writer: TestWriter) => void,
  ) {}

  writeQueued(): void {
    this.writingSinceMs = this.fixture.clock.monotonicMs();
    this.fixture.called.push(this.index);
    this.onTurn(this);
  }

  release(): void {
    this.fixture.scheduler.release(this);
  }
}

describe("WriteScheduler", () => {
  it("lets a few write at once and the others in the order in which they came", () => {
    const fixture = new Fixture();
    fixture.addMany(writesMax + 3);
    assert.deepEqual(
      fixture.writers.map(({ began }) => began),
      fixture.writers.map((_, index) => index < writesMax),
    );
    assert.equal(fixture.scheduler.waiting, 3);
    fixture.writers[5].release();
    assert.deepEqual(fixture.called, [writesMax]);
    fixture.writers[0].release();
    fixture.writers[writesMax].release();
    assert.deepEqual(fixture.called, [writesMax, writesMax + 1, writesMax + 2]);
    assert.equal(fixture.scheduler.waiting, 0);
    assert.equal(fixture.add().began, false);
  });

  it("lets nobody pass those in the line", () => {
    const fixture = new Fixture();
    fixture.addMany(writesMax + 1);
    const [first] = fixture.writers;
    first.release();
    assert.equal(fixture.scheduler.acquire(first), false);
    fixture.writers[1].release();
    assert.deepEqual(fixture.called, [writesMax, 0]);
  });

  it("ignores the end of one that has no turn", () => {
    const fixture = new Fixture();
    fixture.addMany(writesMax + 2);
    fixture.writers[writesMax + 1].release();
    assert.deepEqual(fixture.called, []);
    fixture.writers[0].release();
    fixture.writers[0].release();
    assert.deepEqual(fixture.called, [writesMax]);
  });

  it("takes the places of those whose sockets are full", () => {
    const fixture = new Fixture();
    fixture.addMany(writesMax + 2);
    fixture.clock.advance(19);
    assert.deepEqual(fixture.called, []);
    fixture.clock.advance(25);
    assert.deepEqual(fixture.called, [writesMax, writesMax + 1]);
    fixture.writers[0].release();
    assert.equal(fixture.scheduler.waiting, 0);
    fixture.clock.advance(1_000);
    assert.equal(fixture.clock.pending, 0);
  });

  it("gives the event loop a turn after so many", () => {
    const fixture = new Fixture();
    fixture.addMany(writesMax);
    for (let index = 0; index < 2 * grantsPerTurn; index++) {
      fixture.add((writer) => writer.release());
    }
    fixture.writers[0].release();
    assert.equal(fixture.called.length, grantsPerTurn);
    assert.equal(fixture.add((writer) => writer.release()).began, false);
    fixture.writers[1].release();
    assert.equal(fixture.called.length, grantsPerTurn);
    fixture.clock.advance(0);
    assert.equal(fixture.called.length, 2 * grantsPerTurn);
    fixture.clock.advance(0);
    assert.equal(fixture.called.length, 2 * grantsPerTurn + 1);
  });

  it("takes a line of any length whose writers have nothing to write any more", () => {
    const fixture = new Fixture();
    fixture.addMany(writesMax);
    for (let index = 0; index < 100_000; index++) fixture.add((writer) => writer.release());
    fixture.writers[0].release();
    for (let turns = 0; turns < 1 + 100_000 / grantsPerTurn; turns++) fixture.clock.advance(0);
    assert.equal(fixture.called.length, 100_000);
    assert.equal(fixture.scheduler.waiting, 0);
  });
});
