/** Buckets to each doubling: each is about 2.8 % wide. */
const PER_DOUBLING = 25;

/** Upper edge of the first bucket, in milliseconds. */
const LEAST_MS = 0.01;

/** From 10 µs to more than ten minutes. */
const BUCKETS = Math.ceil(PER_DOUBLING * Math.log2(600_000 / LEAST_MS)) + 1;

/** The bucket of a duration in milliseconds; the last takes all that is longer. */
export function bucketOf(ms: number): number {
  if (!(ms > LEAST_MS)) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(PER_DOUBLING * Math.log2(ms / LEAST_MS)));
}

/** Upper edge of a bucket, in milliseconds. */
export function edgeOf(bucket: number): number {
  return LEAST_MS * 2 ** (bucket / PER_DOUBLING);
}

/** Durations, counted in buckets that are all about equally wide in percent. */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  count = 0;
  /** The longest, in milliseconds: exact for what was added, an edge for what was merged. */
  max = 0;

  add(ms: number): void {
    this.#counts[bucketOf(ms)]++;
    this.count++;
    if (ms > this.max) this.max = ms;
  }

  /** Adds what another has counted in a bucket. */
  addBucket(bucket: number, count: number): void {
    this.#counts[bucket] += count;
    this.count += count;
    if (count > 0) this.max = Math.max(this.max, edgeOf(bucket));
  }

  /**
   * The duration that a share stays within.
   *
   * @param share 0 to 1.
   * @returns Milliseconds, an edge of a bucket; 0 when there is nothing.
   */
  quantile(share: number): number {
    let left = share * this.count;
    if (this.count === 0) return 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#counts[bucket];
      if (left <= 0) return Math.min(edgeOf(bucket), this.max);
    }
    return this.max;
  }

  /** The buckets that have any. */
  buckets(): (readonly [bucket: number, count: number])[] {
    const found: (readonly [number, number])[] = [];
    this.#counts.forEach((count, bucket) => {
      if (count > 0) found.push([bucket, count]);
    });
    return found;
  }

  clear(): void {
    this.#counts.fill(0);
    this.count = 0;
    this.max = 0;
  }
}
