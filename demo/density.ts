/** How many comments there are along the time line. */
export class Density {
  readonly #counts: Float64Array;
  readonly #lengthMs: number;

  /** @param buckets Parts of equal length. */
  constructor(lengthMs: number, buckets: number) {
    this.#lengthMs = lengthMs;
    this.#counts = new Float64Array(buckets);
  }

  clear(): void {
    this.#counts.fill(0);
  }

  add(mediaMs: number): void {
    if (mediaMs < 0 || mediaMs >= this.#lengthMs) return;
    this.#counts[Math.floor(mediaMs / this.#lengthMs * this.#counts.length)]++;
  }

  /**
   * A curve over all parts, smoothed, as the `d` of an SVG path in a box of 100 by 100. The busiest
   * part reaches the top; a root keeps quiet ones visible beside it.
   */
  path(): string {
    const counts = this.#counts;
    const smooth = Array.from(counts, (count, at) => {
      const before = counts[at - 1] ?? count;
      const after = counts[at + 1] ?? count;
      return (before + 2 * count + after) / 4;
    });
    const highest = Math.max(...smooth);
    if (highest === 0) return "";
    const points = smooth.map((count, at) => {
      const x = 100 * (at + 0.5) / counts.length;
      return `${x.toFixed(2)} ${(100 - 96 * Math.sqrt(count / highest)).toFixed(1)}`;
    });
    const [first] = points, last = points[points.length - 1];
    const y = (point: string) => point.split(" ")[1];
    return `M0 100L0 ${y(first)}L${points.join("L")}L100 ${y(last)}L100 100Z`;
  }
}
