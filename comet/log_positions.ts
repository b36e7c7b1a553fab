/** How far one partition of the push log has been delivered here. */
interface Progress {
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
  readonly #partitions = new Map<number, Progress>();
  #touched: Progress[] = [];

  /**
   * Takes note of a delivery's token.
   *
   * @returns The position up to which the partition's pushes were here before this batch, or
   * before this token, or undefined when the token is older than one seen.
   */
  seen(partition: number, token: number): number | undefined {
    const progress = this.#partitions.get(partition);
    if (progress === undefined) {
      this.#partitions.set(partition, { token, last: -1, next: -1 });
      return -1;
    }
    if (token < progress.token) return undefined;
    if (token > progress.token) {
      progress.token = token;
      // A job that lost its lease and has it back may send both what waited under the old one and
      // what it claimed under the new one, in one batch: the second time has been here before.
      progress.last = progress.next;
    }
    return progress.last;
  }

  /** Takes note of a push of the present batch. */
  passed(partition: number, position: number): void {
    const progress = this.#partitions.get(partition)!;
    if (position <= progress.next) return;
    if (progress.next === progress.last) this.#touched.push(progress);
    progress.next = position;
  }

  /** Ends the batch: its pushes have been here before from now on. */
  commit(): void {
    for (const progress of this.#touched) progress.last = progress.next;
    this.#touched.length = 0;
  }
}
