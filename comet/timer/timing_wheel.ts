import { assert } from "../../base/assert.ts";
import { NONE, TimerTable } from "./timer_table.ts";

/** A running timer of a {@linkcode TimingWheel}. It is dead once it has fired or was cancelled. */
export type TimerId = number;

/** No timer. */
export const NO_TIMER: TimerId = -1;

/** How a wheel is made. */
export interface TimingWheelOptions {
  /** What a deadline may be late by, in milliseconds. */
  readonly tickMs: number;
  /** Present time on the clock that deadlines are given in, in milliseconds. */
  readonly nowMs: number;
  /** Timers there is room for at first; it doubles when they are more. */
  readonly capacity?: number;
}

const SLOT_BITS = 6;
const SLOTS = 1 << SLOT_BITS;
const LEVELS = 5;
/** Deadlines further away wait in the last level and are looked at again when they come up. */
const SPAN_TICKS = SLOTS ** LEVELS;

/** Stands in place of the slot of a timer that has come up and whose callback has not run. */
const EXPIRING = -1;

/**
 * A hierarchical timing wheel (Varghese and Lauck, 1987): five levels of 64 slots, each slot a list
 * of timers threaded through typed arrays. Adding, cancelling and refreshing take constant time and
 * allocate nothing. A deadline that is put off stays where it is and moves when its slot comes up.
 */
export class TimingWheel {
  readonly #tickMs: number;
  readonly #originMs: number;
  readonly #timers: TimerTable;
  /** The first timer of each slot, level by level. */
  readonly #heads = new Int32Array(SLOTS * LEVELS).fill(NONE);
  /** Timers in the slots of each level. */
  readonly #levelSizes = new Int32Array(LEVELS);
  /** Ids that have come up in the advance under way, in the order of their ticks. */
  readonly #expired: TimerId[] = [];
  /** The last tick that was worked off. */
  #tick = 0;
  #size = 0;
  #advancing = false;

  constructor({ tickMs, nowMs, capacity = 1024 }: TimingWheelOptions) {
    assert(tickMs > 0 && Number.isFinite(nowMs), "a wheel has a tick and a present time");
    assert(capacity >= 1, "a wheel has room for a timer");
    this.#tickMs = tickMs;
    this.#originMs = nowMs;
    this.#timers = new TimerTable(capacity);
  }

  /** How many timers run. */
  get size(): number {
    return this.#size;
  }

  /** When the next tick is, on the clock of the deadlines, in milliseconds. */
  get nextTickMs(): number {
    return this.#originMs + (this.#tick + 1) * this.#tickMs;
  }

  /**
   * Starts a timer.
   *
   * @param deadlineMs When it is to fire: never earlier, and in the first `advance` that reaches the
   * next tick after it. One that has passed fires at the next tick.
   * @param data An int32 that is handed to the callback.
   */
  add(deadlineMs: number, data: number): TimerId {
    assert(data === (data | 0), "a timer's data is an int32");
    const tick = this.#tickOf(deadlineMs);
    const id = this.#timers.allocate();
    this.#timers.data[id] = data;
    this.#timers.deadlineTick[id] = tick;
    this.#size++;
    this.#place(id, this.#tick + 1);
    return id;
  }

  /** Gives a running timer another deadline, in milliseconds; for one that has passed see `add`. */
  refresh(id: TimerId, deadlineMs: number): void {
    const { slot, deadlineTick } = this.#timers;
    assert(slot[id] >= EXPIRING, "a timer that is refreshed is running");
    const tick = this.#tickOf(deadlineMs);
    const isLater = tick >= deadlineTick[id];
    deadlineTick[id] = tick;
    if (slot[id] === EXPIRING) {
      this.#place(id, this.#tick + 1);
    } else if (!isLater) {
      this.#unlink(id);
      this.#place(id, this.#tick + 1);
    }
  }

  /** Gives a running timer another deadline where that is earlier than its own. */
  hasten(id: TimerId, deadlineMs: number): void {
    if (this.#tickOf(deadlineMs) < this.#timers.deadlineTick[id]) this.refresh(id, deadlineMs);
  }

  /** Ends a running timer. */
  cancel(id: TimerId): void {
    const { slot } = this.#timers;
    assert(slot[id] >= EXPIRING, "a timer that is cancelled is running");
    if (slot[id] !== EXPIRING) this.#unlink(id);
    this.#timers.free(id);
    this.#size--;
  }

  /**
   * Moves time on and fires what is due, in the order of the ticks of their deadlines. All that is
   * due is found before any callback runs: one may cancel or refresh another, which does not fire
   * then. What a callback adds fires at the next tick, never in the same call.
   *
   * @param nowMs Present time, in milliseconds; a time that has been is ignored.
   * @param expired Called with the data of each; when it throws, the others are still called and the
   * first error is thrown at the end.
   * @returns How many fired.
   */
  advance(nowMs: number, expired: (data: number) => void): number {
    assert(!this.#advancing, "a wheel is not advanced from its own callbacks");
    assert(Number.isFinite(nowMs), "present time is a number");
    const target = Math.floor((nowMs - this.#originMs) / this.#tickMs);
    for (let tick = this.#nextTick(); tick <= target; tick = this.#nextTick()) {
      this.#tick = tick;
      this.#cascade();
      this.#collect();
    }
    this.#tick = Math.max(this.#tick, target);
    return this.#expired.length === 0 ? 0 : this.#fire(expired);
  }

  #fire(expired: (data: number) => void): number {
    let fired = 0;
    let failure: { error: unknown } | undefined;
    this.#advancing = true;
    for (const id of this.#expired) {
      // Read anew each time: a callback may have made the table grow.
      if (this.#timers.slot[id] !== EXPIRING) continue;
      const data = this.#timers.data[id];
      this.#timers.free(id);
      this.#size--;
      fired++;
      try {
        expired(data);
      } catch (error) {
        failure ??= { error };
      }
    }
    this.#advancing = false;
    this.#expired.length = 0;
    if (failure !== undefined) throw failure.error;
    return fired;
  }

  /** The next tick at which a slot may come up: empty levels are passed over. */
  #nextTick(): number {
    let step = 1;
    for (let level = 0; level < LEVELS && this.#levelSizes[level] === 0; level++) step *= SLOTS;
    return (Math.floor(this.#tick / step) + 1) * step;
  }

  /** Spreads the slots of higher levels that begin at the present tick over the lower ones. */
  #cascade(): void {
    let tick = this.#tick;
    for (let level = 1; level < LEVELS && (tick & (SLOTS - 1)) === 0; level++) {
      tick = Math.floor(tick / SLOTS);
      let id = this.#take(level * SLOTS + (tick & (SLOTS - 1)));
      while (id !== NONE) {
        this.#levelSizes[level]--;
        const next = this.#timers.next[id];
        this.#place(id, this.#tick);
        id = next;
      }
    }
  }

  /** Takes the slot of the present tick apart. */
  #collect(): void {
    const { next, slot, deadlineTick } = this.#timers;
    let id = this.#take(this.#tick & (SLOTS - 1));
    while (id !== NONE) {
      this.#levelSizes[0]--;
      const following = next[id];
      if (deadlineTick[id] <= this.#tick) {
        slot[id] = EXPIRING;
        this.#expired.push(id);
      } else {
        this.#place(id, this.#tick + 1);
      }
      id = following;
    }
  }

  /** Empties a slot and returns its first timer. */
  #take(slot: number): TimerId {
    const head = this.#heads[slot];
    this.#heads[slot] = NONE;
    return head;
  }

  #tickOf(deadlineMs: number): number {
    const tick = Math.ceil((deadlineMs - this.#originMs) / this.#tickMs);
    assert(!Number.isNaN(tick), "a deadline is a number");
    return tick;
  }

  /**
   * Puts a timer in the slot that comes up at its deadline, or before it when that is far away.
   *
   * @param earliestTick The next tick whose slot has not been taken apart.
   */
  #place(id: TimerId, earliestTick: number): void {
    const { next, previous } = this.#timers;
    const deadline = Math.max(this.#timers.deadlineTick[id], earliestTick);
    const tick = Math.min(deadline, this.#tick + SPAN_TICKS - 1);
    const distance = tick - this.#tick;
    let level = 0;
    let levelTick = tick;
    for (let span = SLOTS; distance >= span; span *= SLOTS) {
      level++;
      levelTick = Math.floor(levelTick / SLOTS);
    }
    const slot = level * SLOTS + (levelTick & (SLOTS - 1));
    const head = this.#heads[slot];
    this.#timers.slot[id] = slot;
    previous[id] = NONE;
    next[id] = head;
    if (head !== NONE) previous[head] = id;
    this.#heads[slot] = id;
    this.#levelSizes[level]++;
  }

  #unlink(id: TimerId): void {
    const { next, previous, slot } = this.#timers;
    const before = previous[id];
    const after = next[id];
    if (after !== NONE) previous[after] = before;
    if (before !== NONE) next[before] = after;
    else this.#heads[slot[id]] = after;
    this.#levelSizes[slot[id] >> SLOT_BITS]--;
  }
}
