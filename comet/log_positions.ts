/** How far one partition of the push log has been delivered here. */
interface PartitionState {
  /** The largest fencing token seen. */
  token: number;
  /** Position of the last push of the batches before this one. */
  last: number;
  /** Position of the last push, this batch included. */
  next: number;
}

/**
 * Which pushes have been here before. Jobs send pushes at least once, each partition's in order:
 * what a job sends again after a fault, or its successor after it, is recognized by its position,
 * and what a job sends that has lost its lease, by its token.
 */
export class LogPositions {
  readonly #partitions = new Map<number, PartitionState>();
  #touched: PartitionState[] = [];

  /**
   * Takes note of a delivery's token.
   *
   * @returns The position up to which the partition's pushes were here before this batch, or
   * before this token, or undefined when the token is older than one seen.
   */
  seen(partition: number, token: number): number | undefined {
    const state = this.#partitions.get(partition);
    if (state === undefined) {
      this.#partitions.set(partition, { token, last: -1, next: -1 });
      return -1;
    }
    if (token < state.token) return undefined;
    if (token > state.token) {
      state.token = token;
      // A job that lost its lease and has it back may send both what waited under the old one and
      // what it claimed under the new one, in one batch: the second time has been here before.
      state.last = state.next;
    }
    return state.last;
  }

  /** Takes note of a push of the present batch. */
  passed(partition: number, position: number): void {
    const state = this.#partitions.get(partition)!;
    if (position <= state.next) return;
    if (state.next === state.last) this.#touched.push(state);
    state.next = position;
  }

  /** Ends the batch: its pushes have been here before from now on. */
  commit(): void {
    for (const state of this.#touched) state.last = state.next;
    this.#touched.length = 0;
  }
}
