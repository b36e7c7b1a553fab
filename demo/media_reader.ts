import type { HistoryMessage, HistoryOptions, HistoryPage } from "../client/types.ts";

/** How far ahead of the scene it reads, and how far behind the place that was sought. */
export const AHEAD_MS = 15_000;
export const BEHIND_MS = 20_000;

/** Messages of one page, and those that are kept at most before it reads on. */
const PAGE_MESSAGES = 500;
const KEPT_MAX = 2_000;

/** Who drags the time line seeks all the time: it is read once in so many milliseconds. */
const SEEK_MS = 100;

/** After how long a read that failed is made again, in milliseconds. */
const RETRY_MS = 2_000;

/** Reads a page of the room's history. */
export type ReadHistory = (options: HistoryOptions) => Promise<HistoryPage>;

/**
 * What a room has kept of the scene, by media time, a bit ahead of where the scene is. It pages
 * forward as the scene plays, and keeps few pages however many messages there are. Between two calls
 * of `seek` each message is given once.
 */
export class MediaReader {
  readonly #read: ReadHistory;
  readonly #lengthMs: number;
  /** Read and not given yet, by media time. */
  #kept: HistoryMessage[] = [];
  /** From where the next page is, and behind which message of that very millisecond. */
  #fromMs = 0;
  #after: number | undefined;
  /** Counts seeks, so that a page that was asked for before one is known. */
  #pass = 0;
  #isReading = false;
  #readAtMs = 0;
  #lastReadMs = -SEEK_MS;

  /** @param lengthMs Of the scene. */
  constructor(read: ReadHistory, lengthMs: number) {
    this.#read = read;
    this.#lengthMs = lengthMs;
  }

  /** Goes to a place, and reads anew what is there, from a little before it. */
  seek(positionMs: number): void {
    this.#pass++;
    this.#kept = [];
    this.#fromMs = Math.max(0, positionMs - BEHIND_MS);
    this.#after = undefined;
    this.#isReading = false;
    this.#readAtMs = this.#lastReadMs + SEEK_MS;
  }

  /**
   * Whether all that the room has kept up to this place has been given.
   *
   * @param positionMs Where the scene is.
   */
  isComplete(positionMs: number): boolean {
    return this.#fromMs > positionMs;
  }

  /**
   * Takes the messages whose place the scene has come to, and reads ahead.
   *
   * @param positionMs Where the scene is.
   * @param nowMs By any clock.
   */
  advance(positionMs: number, nowMs: number): HistoryMessage[] {
    const first = this.#kept.findIndex(({ mediaMs }) => mediaMs! > positionMs);
    const due = this.#kept.splice(0, first === -1 ? this.#kept.length : first);
    const toMs = Math.min(positionMs + AHEAD_MS, this.#lengthMs);
    // Small steps would be many reads: it goes on when a good part of the way ahead is used up.
    const isDue = this.#after !== undefined || toMs - this.#fromMs >= AHEAD_MS / 3 ||
      (toMs === this.#lengthMs && this.#fromMs < toMs);
    const mayRead = !this.#isReading && nowMs >= this.#readAtMs && this.#kept.length < KEPT_MAX;
    if (isDue && mayRead) this.#readPage(toMs, nowMs);
    return due;
  }

  async #readPage(toMs: number, nowMs: number): Promise<void> {
    const pass = this.#pass;
    this.#isReading = true;
    this.#lastReadMs = nowMs;
    const range = { fromMs: this.#fromMs, toMs, after: this.#after, limit: PAGE_MESSAGES };
    const page = await this.#read(range).catch(() => undefined);
    if (pass !== this.#pass) return;
    this.#isReading = false;
    if (page === undefined) {
      this.#readAtMs = nowMs + RETRY_MS;
      return;
    }
    const messages = page.messages.filter(({ mediaMs }) => mediaMs !== undefined);
    this.#kept.push(...messages);
    const last = messages.at(-1);
    this.#fromMs = page.more && last !== undefined ? last.mediaMs! : toMs;
    this.#after = page.more ? last?.offset : undefined;
  }
}
