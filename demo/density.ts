import type { HistoryOptions } from "../client/types.ts";
import type { ReadHistory } from "./media_reader.ts";

/** Pages that are counted at most, and messages of each: the curve of more is that of the first. */
const PAGES_MAX = 10;
const PAGE_MESSAGES = 1_000;

/** How many comments there are along the time line. */
export class Density {
  readonly #counts: Float64Array;
  readonly #lengthMs: number;
  #isCounting = false;

  /** @param buckets Parts of equal length. */
  constructor(lengthMs: number, buckets: number) {
    this.#lengthMs = lengthMs;
    this.#counts = new Float64Array(buckets);
  }

  /**
   * Counts anew what a room has kept.
   *
   * @param counted Called after each page.
   */
  async count(read: ReadHistory, counted: () => void): Promise<void> {
    if (this.#isCounting) return;
    this.#isCounting = true;
    let from: HistoryOptions = { fromMs: 0 };
    for (let pages = 0; pages < PAGES_MAX; pages++) {
      const range = { ...from, toMs: this.#lengthMs, limit: PAGE_MESSAGES };
      const page = await read(range).catch(() => undefined);
      if (page === undefined) break;
      if (pages === 0) this.#counts.fill(0);
      for (const { mediaMs = -1 } of page.messages) this.add(mediaMs);
      counted();
      const last = page.messages.at(-1);
      if (!page.more || last === undefined) break;
      from = { fromMs: last.mediaMs, after: last.offset };
    }
    this.#isCounting = false;
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
