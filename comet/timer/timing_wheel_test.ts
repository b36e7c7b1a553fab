import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NO_TIMER, type TimerId, TimingWheel } from "./timing_wheel.ts";

const TICK_MS = 10;
const START_MS = 1_000;

/** A wheel, and the data of what fired, in order. */
function newWheel(capacity?: number): { wheel: TimingWheel; fired: number[] } {
  return { wheel: new TimingWheel({ tickMs: TICK_MS, nowMs: START_MS, capacity }), fired: [] };
}

/** The time of a tick. */
function at(tick: number): number {
  return START_MS + tick * TICK_MS;
}

function nothing(data: number): void {
  assert.fail(`timer ${data} fired`);
}

/** What an advance to a tick fires, in order. */
function firedAt(wheel: TimingWheel, tick: number): number[] {
  const fired: number[] = [];
  assert.equal(wheel.advance(at(tick), (data) => fired.push(data)), fired.length);
  return fired;
}

describe("TimingWheel.add()", () => {
  test("TimingWheel.add() fires on the tick of its deadline, across every level's boundary", () => {
    const boundaries = [1, 2, 64, 128, 64 ** 2, 2 * 64 ** 2, 64 ** 3, 64 ** 4, 64 ** 5, 64 ** 6];
    const starts = [0, 1, 63, 64, 4095, 4096, 64 ** 3 - 1, 64 ** 4 - 1, 64 ** 5 - 1, 64 ** 5];
    for (const start of starts) {
      for (const boundary of boundaries) {
        for (const ticks of [boundary - 1, boundary, boundary + 1]) {
          if (ticks === 0) continue;
          const { wheel } = newWheel();
          wheel.advance(at(start), nothing);
          wheel.add(at(start + ticks), 7);
          const what = `${ticks} ticks after tick ${start}`;
          assert.deepEqual(firedAt(wheel, start + ticks - 1), [], what);
          assert.deepEqual(firedAt(wheel, start + ticks), [7], what);
          assert.equal(wheel.size, 0);
        }
      }
    }
  });

  test("TimingWheel.add() keeps each of 10,000 deadlines when time goes tick by tick", () => {
    const { wheel } = newWheel();
    for (let tick = 10_000; tick >= 1; tick--) wheel.add(at(tick), tick);
    for (let tick = 1; tick <= 10_000; tick++) assert.deepEqual(firedAt(wheel, tick), [tick]);
  });

  test("TimingWheel.add() between two ticks fires on the later one", () => {
    const { wheel } = newWheel();
    wheel.add(at(3) + 0.125, 1);
    wheel.add(at(3), 2);
    wheel.add(at(4) - 0.125, 3);
    assert.deepEqual(firedAt(wheel, 3.99), [2]);
    assert.deepEqual(firedAt(wheel, 4).toSorted(), [1, 3]);
  });

  test("TimingWheel.add() with a deadline that has passed fires at the next tick", () => {
    const { wheel } = newWheel();
    wheel.advance(at(5), nothing);
    for (const deadlineMs of [at(5), at(1), 0, -1e12, -Infinity]) wheel.add(deadlineMs, 7);
    assert.deepEqual(firedAt(wheel, 5.99), []);
    assert.deepEqual(firedAt(wheel, 6), [7, 7, 7, 7, 7]);
  });

  test("TimingWheel.add() never fires at infinity, and takes any int32 along", () => {
    const { wheel } = newWheel();
    const never = wheel.add(Infinity, 1);
    wheel.add(at(1), -0x8000_0000);
    wheel.add(at(2), 0x7fff_ffff);
    assert.deepEqual(firedAt(wheel, 1e12), [-0x8000_0000, 0x7fff_ffff]);
    assert.equal(wheel.size, 1);
    wheel.cancel(never);
    assert.equal(wheel.size, 0);
  });

  test("TimingWheel.add() makes room for more timers, also from a callback", () => {
    const { wheel, fired } = newWheel(1);
    for (let data = 0; data < 1000; data++) wheel.add(at(1 + data), data);
    assert.equal(wheel.size, 1000);
    wheel.advance(at(1000), (data) => {
      fired.push(data);
      for (let more = 0; more < 5; more++) wheel.add(at(2000), 1000 + 5 * data + more);
    });
    assert.deepEqual(fired, Array.from({ length: 1000 }, (_, data) => data));
    assert.equal(wheel.size, 5000);
    const late = firedAt(wheel, 2000).toSorted((a, b) => a - b);
    assert.deepEqual(late, Array.from({ length: 5000 }, (_, data) => 1000 + data));
  });

  test("TimingWheel.add() uses the ids of dead timers again", () => {
    const { wheel } = newWheel(4);
    const seen = new Set<TimerId>();
    for (let round = 1; round <= 1000; round++) {
      const ids = [1, 2, 3, 4].map((data) => wheel.add(at(round), data));
      assert.equal(new Set(ids).size, 4);
      for (const id of ids) seen.add(id);
      wheel.cancel(ids[round % 4]);
      assert.equal(firedAt(wheel, round).length, 3);
    }
    assert.deepEqual([...seen].sort(), [0, 1, 2, 3]);
  });
});

test("TimingWheel.hasten() takes a deadline that is earlier, and no other", () => {
  const { wheel } = newWheel();
  const id = wheel.add(at(100), 1);
  wheel.hasten(id, at(5000));
  wheel.hasten(id, at(70));
  wheel.hasten(id, at(71));
  assert.deepEqual(firedAt(wheel, 69), []);
  assert.deepEqual(firedAt(wheel, 70), [1]);
});

describe("TimingWheel.refresh()", () => {
  test("TimingWheel.refresh() with a later deadline fires then and not before", () => {
    for (const later of [2, 63, 64, 65, 4096, 5000, 300_000, 64 ** 5 + 3]) {
      const { wheel } = newWheel();
      const id = wheel.add(at(1), 1);
      wheel.refresh(id, at(later));
      assert.deepEqual(firedAt(wheel, later - 1), []);
      assert.deepEqual(firedAt(wheel, later), [1]);
    }
  });

  test("TimingWheel.refresh() with an earlier deadline moves at once", () => {
    for (const earlier of [1, 2, 63, 64, 65, 4096, 5000, 300_000]) {
      const { wheel } = newWheel();
      const id = wheel.add(at(64 ** 4), 1);
      wheel.refresh(id, at(earlier));
      assert.deepEqual(firedAt(wheel, earlier - 1), []);
      assert.deepEqual(firedAt(wheel, earlier), [1]);
    }
  });

  test("TimingWheel.refresh() holds to the last of many deadlines", () => {
    const { wheel } = newWheel();
    const id = wheel.add(at(100), 1);
    wheel.refresh(id, at(5000));
    wheel.refresh(id, at(200));
    assert.deepEqual(firedAt(wheel, 150), []);
    wheel.refresh(id, at(180));
    wheel.refresh(id, at(190));
    assert.deepEqual(firedAt(wheel, 189), []);
    assert.deepEqual(firedAt(wheel, 190), [1]);
  });

  test("TimingWheel.refresh() with a deadline that has passed fires at the next tick", () => {
    const { wheel } = newWheel();
    const id = wheel.add(at(1000), 1);
    wheel.advance(at(10), nothing);
    wheel.refresh(id, at(2));
    assert.deepEqual(firedAt(wheel, 10.5), []);
    assert.deepEqual(firedAt(wheel, 11), [1]);
  });
});

describe("TimingWheel.cancel()", () => {
  test("TimingWheel.cancel() takes a timer from any place in its slot's list", () => {
    for (const cancelled of [0, 1, 2, 3, 4]) {
      const { wheel } = newWheel();
      const ids = [0, 1, 2, 3, 4].map((data) => wheel.add(at(70), data));
      wheel.cancel(ids[cancelled]);
      assert.equal(wheel.size, 4);
      const others = [0, 1, 2, 3, 4].filter((data) => data !== cancelled);
      assert.deepEqual(firedAt(wheel, 70).toSorted(), others);
    }
  });

  test("TimingWheel.cancel() and refresh() refuse a timer that is dead", () => {
    const { wheel } = newWheel();
    const cancelled = wheel.add(at(1), 1);
    const fired = wheel.add(at(1), 2);
    wheel.cancel(cancelled);
    wheel.advance(at(1), () => {
      assert.throws(() => wheel.cancel(fired), /a timer that is cancelled is running/);
    });
    for (const dead of [cancelled, fired, NO_TIMER, 1_000_000, 0.5]) {
      assert.throws(() => wheel.cancel(dead), /a timer that is cancelled is running/);
      assert.throws(() => wheel.refresh(dead, at(9)), /a timer that is refreshed is running/);
    }
    assert.equal(wheel.size, 0);
  });
});

describe("TimingWheel.advance()", () => {
  test("TimingWheel.advance() over a long gap fires all, tick by tick", () => {
    const { wheel } = newWheel();
    const ticks = Array.from({ length: 50_000 }, (_, index) => (index * 7919) % 360_000 + 1);
    for (const tick of ticks) wheel.add(at(tick), tick);
    assert.deepEqual(firedAt(wheel, 360_001), ticks.toSorted((a, b) => a - b));
  });

  test("TimingWheel.advance() ignores a time that has been", () => {
    const { wheel } = newWheel();
    wheel.advance(at(100), nothing);
    wheel.add(at(103), 1);
    assert.deepEqual(firedAt(wheel, 50), []);
    assert.deepEqual(firedAt(wheel, -1e6), []);
    wheel.add(at(52), 2);
    assert.deepEqual(firedAt(wheel, 52), []);
    assert.deepEqual(firedAt(wheel, 101), [2]);
    assert.deepEqual(firedAt(wheel, 102), []);
    assert.deepEqual(firedAt(wheel, 103), [1]);
  });

  test("TimingWheel.advance() does not fire what a callback of the same tick cancels", () => {
    const { wheel, fired } = newWheel();
    const ids = [0, 1, 2].map((data) => wheel.add(at(1), data));
    wheel.advance(at(1), (data) => {
      fired.push(data);
      for (const other of [0, 1, 2]) if (other !== data) wheel.cancel(ids[other]);
    });
    assert.equal(fired.length, 1);
    assert.equal(wheel.size, 0);
  });

  test("TimingWheel.advance() does not fire what a callback of the same tick refreshes", () => {
    for (const refreshedTick of [500, 2, 1, -5]) {
      const { wheel, fired } = newWheel();
      const ids = [0, 1].map((data) => wheel.add(at(1), data));
      wheel.advance(at(1), (data) => {
        fired.push(data);
        wheel.refresh(ids[1 - data], at(refreshedTick));
      });
      assert.equal(fired.length, 1);
      const dueTick = Math.max(2, refreshedTick);
      assert.deepEqual(firedAt(wheel, dueTick - 1), []);
      assert.deepEqual(firedAt(wheel, dueTick), [1 - fired[0]]);
    }
  });

  test("TimingWheel.advance() fires what its callbacks add at the next tick", () => {
    const { wheel } = newWheel();
    wheel.add(at(1), 0);
    wheel.advance(at(8), () => {
      wheel.add(at(1), 1);
      wheel.add(at(8), 2);
      wheel.add(at(10), 3);
    });
    assert.deepEqual(firedAt(wheel, 8), []);
    assert.deepEqual(firedAt(wheel, 9).toSorted(), [1, 2]);
    assert.deepEqual(firedAt(wheel, 10), [3]);
  });

  test("TimingWheel.advance() does not take a new timer for the one whose id it got", () => {
    const { wheel, fired } = newWheel();
    const ids = [0, 1].map((data) => wheel.add(at(1), data));
    wheel.advance(at(1), (data) => {
      fired.push(data);
      wheel.cancel(ids[1 - data]);
      assert.equal(wheel.add(at(1), 2), ids[1 - data]);
    });
    assert.equal(fired.length, 1);
    assert.deepEqual(firedAt(wheel, 2), [2]);
  });

  test("TimingWheel.advance() calls everyone although some throw, then throws the first error", () => {
    const { wheel, fired } = newWheel();
    for (let tick = 1; tick <= 5; tick++) wheel.add(at(tick), tick);
    const fire = (data: number) => {
      fired.push(data);
      if (data === 2 || data === 4) throw new Error(`timer ${data}`);
    };
    assert.throws(() => wheel.advance(at(5), fire), /^Error: timer 2$/);
    assert.deepEqual(fired, [1, 2, 3, 4, 5]);
    assert.equal(wheel.size, 0);
    wheel.add(at(6), 6);
    assert.deepEqual(firedAt(wheel, 6), [6]);
  });

  test("TimingWheel.advance() refuses to run within itself", () => {
    const { wheel } = newWheel();
    wheel.add(at(1), 1);
    const nested = () => wheel.advance(at(2), nothing);
    assert.throws(() => wheel.advance(at(1), nested), /not advanced from its own callbacks/);
  });
});

test("TimingWheel refuses numbers that would break it", () => {
  const { wheel } = newWheel();
  const id = wheel.add(at(1), 1);
  assert.throws(() => wheel.add(NaN, 1), /a deadline is a number/);
  assert.throws(() => wheel.refresh(id, NaN), /a deadline is a number/);
  for (const data of [0.5, 2 ** 31, NaN]) assert.throws(() => wheel.add(at(1), data), /an int32/);
  for (const nowMs of [NaN, Infinity]) {
    assert.throws(() => wheel.advance(nowMs, nothing), /present time is a number/);
  }
  assert.throws(() => new TimingWheel({ tickMs: 0, nowMs: 0 }), /has a tick/);
  assert.throws(() => new TimingWheel({ tickMs: 1, nowMs: 0, capacity: 0 }), /room for a timer/);
  assert.equal(wheel.size, 1);
  assert.deepEqual(firedAt(wheel, 1), [1]);
});
