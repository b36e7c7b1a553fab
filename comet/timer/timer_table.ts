/** Ends a list of timers. */
export const NONE = -1;

/** Stands in place of the slot of an id that nobody has. */
const FREE = -2;

/**
 * Timers as columns of numbers, one row for each id: 24 bytes a timer and nothing for the garbage
 * collector to follow. Ids that are free form a list through `next`.
 */
export class TimerTable {
  /** The next timer in the same list, or `NONE`. */
  next = new Int32Array(0);
  /** The one before it, or `NONE`. */
  previous = new Int32Array(0);
  /** The wheel's slot that it is in, or what stands in place of one. */
  slot = new Int32Array(0);
  /** What its owner knows it by. */
  data = new Int32Array(0);
  /** The tick at which it is to fire. */
  deadlineTick = new Float64Array(0);
  private firstFree = NONE;

  /** @param capacity Rows there are at first; they double when they are all taken. */
  constructor(capacity: number) {
    this.grow(capacity);
  }

  /** Takes a free id. */
  allocate(): number {
    if (this.firstFree === NONE) this.grow(this.slot.length * 2);
    const id = this.firstFree;
    this.firstFree = this.next[id];
    return id;
  }

  /** Gives an id back. */
  free(id: number): void {
    this.slot[id] = FREE;
    this.next[id] = this.firstFree;
    this.firstFree = id;
  }

  private grow(capacity: number): void {
    const before = this.slot.length;
    this.next = copyInto(new Int32Array(capacity), this.next);
    this.previous = copyInto(new Int32Array(capacity), this.previous);
    this.slot = copyInto(new Int32Array(capacity), this.slot);
    this.data = copyInto(new Int32Array(capacity), this.data);
    this.deadlineTick = copyInto(new Float64Array(capacity), this.deadlineTick);
    for (let id = capacity - 1; id >= before; id--) this.free(id);
  }
}

function copyInto<Numbers extends Int32Array | Float64Array>(
  into: Numbers,
  from: Numbers,
): Numbers {
  into.set(from);
  return into;
}
