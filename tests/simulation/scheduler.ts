import { promisesSettled } from "../../base/clock.ts";
import { type Prng, randomBelow } from "../../base/prng.ts";

/** Where events happen. */
export interface EventOwner {
  /** Tells owners apart. */
  readonly index: number;
  /** Until when nothing happens there: it happens then. */
  readonly frozenUntilMs: number;
  /** Whether nothing ever happens there again. */
  readonly isDead: boolean;
}

/** Something that happens at its time, unless it is cancelled. */
export interface ScheduledEvent {
  dueMs: number;
  readonly owner: EventOwner;
  /** Decides between events of the same time: by chance, but in order on one host. */
  readonly rank: number;
  readonly order: number;
  /** Undefined when cancelled or over. */
  callback: (() => void) | undefined;
}

function isBefore(a: ScheduledEvent, b: ScheduledEvent): boolean {
  if (a.dueMs !== b.dueMs) return a.dueMs < b.dueMs;
  return a.rank !== b.rank ? a.rank < b.rank : a.order < b.order;
}

/** The one queue of all that happens in a world: the same seed, the same order. */
export class Scheduler {
  nowMs = 0;
  /** Events that have happened. */
  count = 0;
  readonly #heap: ScheduledEvent[] = [];
  #order = 0;
  readonly #ranks: number[] = [];

  constructor(private readonly prng: Prng) {}

  /** Events that wait and are still to happen. */
  get waiting(): number {
    return this.#heap.filter(({ callback, owner }) => callback !== undefined && !owner.isDead)
      .length;
  }

  /**
   * Lets something happen.
   *
   * @param owner Where: events of one owner and time happen in the order of these calls.
   */
  at(dueMs: number, owner: EventOwner, callback: () => void): ScheduledEvent {
    const rank = this.#ranks[owner.index] ??= randomBelow(this.prng, 2 ** 32);
    const order = ++this.#order;
    const event = { dueMs: Math.max(dueMs, this.nowMs), owner, rank, order, callback };
    this.#push(event);
    return event;
  }

  /** Lets everything happen in turn, until a condition holds or a time has come. */
  async run(untilMs: number, holds: () => boolean = () => false): Promise<void> {
    while (!holds()) {
      const next = this.#heap.at(0);
      if (next === undefined || next.dueMs > untilMs) break;
      this.#pop();
      const { callback, owner } = next;
      if (callback === undefined || owner.isDead) continue;
      if (next.dueMs < owner.frozenUntilMs) {
        next.dueMs = owner.frozenUntilMs;
        this.#push(next);
        continue;
      }
      next.callback = undefined;
      this.nowMs = next.dueMs;
      this.count++;
      callback();
      await promisesSettled();
    }
    if (!holds()) this.nowMs = Math.max(this.nowMs, untilMs);
  }

  #push(event: ScheduledEvent): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
      if (!isBefore(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
  }
}
