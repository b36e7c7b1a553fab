import type { Clock } from "../../base/clock.ts";
import type { HistoryPage } from "../../protocol/history.ts";
import { Limits } from "../../protocol/limits.ts";
import type { RoomOptions } from "../../protocol/room_options.ts";
import { EncodedPush } from "../format/encoded_push.ts";
import type { Evictable, LogMemory } from "./log_memory.ts";
import { Ring, type Run } from "./ring.ts";
import { runsOfHistory } from "./runs.ts";

/** Bytes of frames in one page for a member that is behind: its queue has room for answers beside. */
export const PAGE_BYTES_MAX = Limits.pendingBytesMax / 2;

/** Frames for members that are behind. */
export interface LogPage {
  /** The offset behind which they begin. */
  readonly after: number;
  /** Offset of the last one. */
  readonly last: number;
  readonly push: EncodedPush;
}

/**
 * The frames of a room's log that a comet has: the latest in a ring, and what was last read from
 * the store for those who are behind that.
 */
export class LogFrames implements Evictable {
  readonly #ring: Ring;
  #older: Ring | undefined;
  /** The last page, since many come back with the same cursor. */
  #page: LogPage | undefined;
  /** What is before it, the store has no more. */
  #first = 1;

  /** @param key Of the room. */
  constructor(
    private readonly key: string,
    private options: RoomOptions,
    private readonly memory: LogMemory,
    private readonly clock: Clock,
  ) {
    this.#ring = new Ring(options.historySize);
  }

  /** Offset of the latest frame. */
  get last(): number {
    return this.#ring.last;
  }

  /** Offset of the oldest message that may still be had: what was before is gone for good. */
  get first(): number {
    const firstBySize = this.last - this.options.historySize + 1;
    return Math.min(this.ringFirst, Math.max(this.#first, firstBySize));
  }

  /** Offset of the oldest message in the ring. */
  get ringFirst(): number {
    return this.#ring.first;
  }

  /** Keeps as much as other options say. */
  reconfigure(options: RoomOptions): void {
    this.options = options;
    this.#ring.sizeMax = options.historySize;
  }

  /** Takes note of the oldest message that the store has. */
  sawFirst(first: number): void {
    this.#first = first;
  }

  /**
   * Begins anew behind an offset.
   *
   * @param first Offset of the oldest message that the store has.
   */
  startAt(offset: number, first = offset + 1): void {
    this.memory.shrunk(this.#ring.bytes);
    this.#ring.clear(offset);
    this.forgetPages();
    this.#first = first;
  }

  /** Adds frames at the end. */
  append(run: Run): void {
    const { bytes } = this.#ring;
    this.#ring.append(run);
    while (this.#ring.bytes > this.memory.ringMax) this.#ring.dropOldest();
    this.memory.grown(this, this.#ring.bytes - bytes);
  }

  /** Fills the empty ring with the latest messages of the store. */
  fill({ head, messages }: HistoryPage): void {
    const runs = runsOfHistory(messages);
    let start = runs.length;
    // Only what goes up to the head without a hole.
    for (let next = head + 1; start > 0 && runs[start - 1].last === next - 1; start--) {
      next = runs[start - 1].first;
    }
    this.#ring.clear(start < runs.length ? runs[start].first - 1 : head);
    for (const run of runs.slice(start)) this.append(run);
  }

  /**
   * Takes messages from before the ring.
   *
   * @param after The offset behind which they were asked for.
   */
  takeOlder({ head, messages }: HistoryPage, after: number): void {
    this.#dropOlder();
    const runs = runsOfHistory(messages);
    const first = runs.length > 0 ? runs[0].first : head + 1;
    // What should be there and is not, is gone all the same.
    if (first > after + 1) this.#first = Math.max(this.#first, Math.min(first, this.ringFirst));
    if (runs.length === 0) return;
    const older = this.#older = new Ring(Infinity);
    older.clear(first - 1);
    for (const run of runs) {
      if (run.first !== older.last + 1) break;
      older.append(run);
    }
    this.memory.grown(this, older.bytes);
  }

  /**
   * Frames behind an offset.
   *
   * @param upTo The last offset to give; beyond `after`.
   * @returns Nothing where the store has to be asked for them.
   */
  page(after: number, upTo: number): LogPage | undefined {
    if (this.#page?.after === after) return this.#page;
    const source = after + 1 >= this.ringFirst ? this.#ring : this.#older;
    if (source === undefined || after + 1 < source.first || after >= source.last) return undefined;
    const { frames, count, last } = source.cut(after, Math.min(upTo, source.last), PAGE_BYTES_MAX);
    this.#page = { after, last, push: new EncodedPush(frames, count, this.key) };
    this.memory.paged(this);
    return this.#page;
  }

  /** Nobody is behind any more. */
  forgetPages(): void {
    this.forgetPage();
    this.#dropOlder();
  }

  forgetPage(): void {
    this.#page = undefined;
    this.memory.unpaged(this);
  }

  /** Lets go of what the room keeps no longer. */
  expire(): void {
    const { bytes } = this.#ring;
    this.#ring.expire(this.clock.wallMs() - this.options.historyTtlMs);
    this.memory.shrunk(bytes - this.#ring.bytes);
  }

  evict(): boolean {
    // What somebody waited for goes last.
    const bytes = this.#ring.dropOldest();
    this.memory.shrunk(bytes);
    if (bytes > 0) return true;
    const hasOlder = this.#older !== undefined;
    this.forgetPages();
    return hasOlder;
  }

  /** Lets go of everything. */
  close(): void {
    this.startAt(0);
    this.memory.remove(this);
  }

  #dropOlder(): void {
    if (this.#older === undefined) return;
    this.memory.shrunk(this.#older.bytes);
    this.#older = undefined;
  }
}
