/** Entries that have run out, of which one call forgets so many at most. */
const EXPIRED_PER_CALL = 1_000;

interface Entry<Value> {
  readonly value: Value;
  readonly endMs: number;
}

/**
 * Values that are known for a while. What has run out is forgotten as others come, and what was set
 * first is forgotten first when there are too many.
 */
export class ExpiringMap<Value> {
  /** In the order in which they were set. */
  readonly #entries = new Map<string, Entry<Value>>();
  /** Walks them in that order, and never ends: a new iterator steps over all that were deleted. */
  readonly #walk = this.#entries.entries();
  #oldest: readonly [string, Entry<Value>] | undefined;

  /**
   * @param sizeMax Most entries.
   * @param onDropped Called when one is forgotten before its time.
   */
  constructor(private readonly sizeMax: number, private readonly onDropped: () => void) {}

  get size(): number {
    return this.#entries.size;
  }

  get(key: string, nowMs: number): Value | undefined {
    this.#expire(nowMs);
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.endMs > nowMs ? entry.value : undefined;
  }

  set(key: string, value: Value, endMs: number, nowMs: number): void {
    this.#expire(nowMs);
    this.#entries.delete(key);
    this.#entries.set(key, { value, endMs });
    if (this.#entries.size <= this.sizeMax) return;
    this.#entries.delete(this.#peek()![0]);
    this.onDropped();
  }

  #expire(nowMs: number): void {
    for (let count = 0; count < EXPIRED_PER_CALL; count++) {
      const oldest = this.#peek();
      if (oldest === undefined || oldest[1].endMs > nowMs) return;
      this.#entries.delete(oldest[0]);
    }
  }

  /** What was set first of what there is. */
  #peek(): readonly [string, Entry<Value>] | undefined {
    if (this.#entries.size === 0) return undefined;
    // Something is there, and all that the walk has passed is gone, or was set again and is ahead.
    while (this.#oldest === undefined || this.#entries.get(this.#oldest[0]) !== this.#oldest[1]) {
      this.#oldest = this.#walk.next().value;
    }
    return this.#oldest;
  }
}
