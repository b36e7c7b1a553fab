import assert from "node:assert/strict";
import { test } from "node:test";
import { type Prng, randomBelow, seededPrng } from "../../base/prng.ts";
import { type TimerId, TimingWheel } from "./timing_wheel.ts";

const SEED = 64;
const OPERATIONS = 1_000_000;
const TICK_MS = 100;
/** A clock's arbitrary origin; times are multiples of 1/8 ms, which sums of doubles keep exactly. */
const ORIGIN_MS = 73_912.375;

/** A timer as the model knows it. */
interface ModelTimer {
  readonly id: TimerId;
  readonly data: number;
  /** Its place in the list of those that run. */
  index: number;
  deadlineMs: number;
  /** The deadline, or when it was set if that was later. */
  dueMs: number;
  /** The tick at which it is to fire. */
  tick: number;
}

/** Does random things to a wheel, and the same to a plain list, which must agree. */
class Trial {
  readonly #prng: Prng;
  readonly #wheel = new TimingWheel({ tickMs: TICK_MS, nowMs: ORIGIN_MS, capacity: 1 });
  readonly #running: ModelTimer[] = [];
  readonly #byData = new Map<number, ModelTimer>();
  #nowMs = ORIGIN_MS;
  #advancedMs = ORIGIN_MS;
  #serial = 0;
  #thrown = 0;
  operations = 0;
  fired = 0;

  constructor(seed: number, private readonly timersMax: number) {
    this.#prng = seededPrng(seed);
  }

  /** Time passes, and the wheel learns of it or not; otherwise some timer is added or changed. */
  step(advanceIn: number): void {
    if (randomBelow(this.#prng, advanceIn) === 0) this.#advance();
    else this.#change();
    if (this.#wheel.size !== this.#running.length) assert.fail("sizes differ");
  }

  #change(): void {
    this.operations++;
    const kind = randomBelow(this.#prng, 8);
    const timer = this.#running[randomBelow(this.#prng, this.timersMax)];
    if (timer === undefined) this.#add();
    else if (kind === 0) this.#cancel(timer);
    else this.#refresh(timer);
  }

  #add(): void {
    const data = ++this.#serial;
    const deadlineMs = this.#someDeadline();
    const id = this.#wheel.add(deadlineMs, data);
    const timer = { id, data, index: this.#running.length, deadlineMs, dueMs: 0, tick: 0 };
    this.#set(timer, deadlineMs);
    this.#running.push(timer);
    this.#byData.set(data, timer);
  }

  #refresh(timer: ModelTimer): void {
    const deadlineMs = this.#someDeadline();
    this.#wheel.refresh(timer.id, deadlineMs);
    this.#set(timer, deadlineMs);
  }

  #cancel(timer: ModelTimer): void {
    this.#wheel.cancel(timer.id);
    this.#remove(timer);
  }

  #advance(): void {
    this.operations++;
    this.#nowMs += this.#someSpan();
    const target = Math.floor((this.#nowMs - ORIGIN_MS) / TICK_MS);
    const addedBefore = this.#serial;
    this.#thrown = 0;
    let lastTick = 0;
    let fired = 0;
    const changed = new Set<number>();
    this.#advancedMs = this.#nowMs;
    const expired = (data: number) => {
      const timer = this.#byData.get(data);
      if (timer === undefined) assert.fail("fired what does not run");
      if (timer.deadlineMs > this.#nowMs) assert.fail("fired early");
      if (data > addedBefore || changed.has(data)) assert.fail("fired what was set meanwhile");
      if (timer.tick < lastTick || timer.tick > target) assert.fail("fired out of order");
      lastTick = timer.tick;
      fired++;
      this.#remove(timer);
      this.#disturb(changed);
    };
    const advance = () => this.#wheel.advance(this.#nowMs, expired);
    try {
      if (advance() !== fired) assert.fail("the count of the fired is wrong");
    } catch (error) {
      if (error !== this.#thrown || this.#thrown === 0) throw error;
    }
    this.fired += fired;
    for (const timer of this.#running) {
      if (timer.dueMs + TICK_MS <= this.#nowMs) assert.fail("late by more than a tick");
      if (timer.tick <= target) assert.fail("did not fire on its tick");
    }
  }

  /** What a callback does to others, and itself: it may throw. */
  #disturb(changed: Set<number>): void {
    const kind = randomBelow(this.#prng, 10);
    const timer = this.#running[randomBelow(this.#prng, this.#running.length + 1)];
    if (kind < 3 || timer === undefined) {
      if (kind === 0) this.#add();
    } else if (kind < 5) {
      this.operations++;
      this.#cancel(timer);
    } else if (kind < 7) {
      this.operations++;
      this.#refresh(timer);
      changed.add(timer.data);
    } else if (kind === 7) {
      const error = ++this.#serial;
      if (this.#thrown === 0) this.#thrown = error;
      throw error;
    }
  }

  #set(timer: ModelTimer, deadlineMs: number): void {
    timer.deadlineMs = deadlineMs;
    timer.dueMs = Math.max(deadlineMs, this.#nowMs);
    timer.tick = Math.max(
      Math.ceil((deadlineMs - ORIGIN_MS) / TICK_MS),
      Math.floor((this.#advancedMs - ORIGIN_MS) / TICK_MS) + 1,
    );
  }

  #remove(timer: ModelTimer): void {
    const last = this.#running.pop()!;
    if (last !== timer) {
      this.#running[timer.index] = last;
      last.index = timer.index;
    }
    this.#byData.delete(timer.data);
  }

  /** From just passed to beyond what the wheel spans; often on a tick. */
  #someDeadline(): number {
    const kind = randomBelow(this.#prng, 100);
    const ticks = randomBelow(this.#prng, 64 ** (1 + kind % 4)) - 2;
    if (kind > 96) return this.#nowMs + TICK_MS * 64 ** 5 * (1 + kind % 3);
    return kind < 30
      ? ORIGIN_MS + Math.floor((this.#nowMs - ORIGIN_MS) / TICK_MS) * TICK_MS + ticks * TICK_MS
      : this.#nowMs + ticks * TICK_MS + randomBelow(this.#prng, 800) / 8;
  }

  /** From nothing to more than the wheel spans; mostly a few ticks. */
  #someSpan(): number {
    const kind = randomBelow(this.#prng, 1000);
    const fraction = randomBelow(this.#prng, 800) / 8;
    if (kind === 0) return TICK_MS * randomBelow(this.#prng, 64 ** 4) + fraction;
    if (kind === 1) return TICK_MS * 64 ** 5 * 2.5;
    if (kind < 50) return TICK_MS * randomBelow(this.#prng, 5000) + fraction;
    if (kind < 300) return TICK_MS * randomBelow(this.#prng, 70) + fraction;
    return kind < 400 ? 0 : fraction * 2;
  }
}

test("TimingWheel agrees with a naive model over a million random operations", () => {
  const populations = [
    { timersMax: 3, advanceIn: 3 },
    { timersMax: 60, advanceIn: 6 },
    { timersMax: 3000, advanceIn: 400 },
  ];
  for (const { timersMax, advanceIn } of populations) {
    const trial = new Trial(SEED + timersMax, timersMax);
    while (trial.operations < OPERATIONS / populations.length) trial.step(advanceIn);
    assert.ok(trial.fired > 5_000, `only ${trial.fired} timers fired`);
  }
});
