import { assert } from "../../base/assert.ts";
import { concatFrames, readInt32 } from "../../protocol/frame.ts";

/** Frames of consecutive offsets, back to back. */
export interface Run {
  /** Offset of the first frame. */
  readonly first: number;
  /** Offset of the last frame. */
  readonly last: number;
  readonly frames: Uint8Array;
  /** When the last of them was stored, on the wall clock, as far as it is known. */
  readonly timeMs: number;
}

/**
 * What frames cost to keep beside their bytes: an array of its own takes 180 bytes on Bun and 540 on
 * Deno, so that many small ones would take several times what is counted.
 */
export const KEPT_OVERHEAD_BYTES = 256;

/** Frames that were cut out of others. */
export interface Cut {
  readonly frames: Uint8Array;
  readonly count: number;
  /** Offset of the last one. */
  readonly last: number;
}

/** Emptied places at the front of the list before it is shortened. */
const EMPTIED_MAX = 64;

/**
 * The latest frames of a room, without a hole. It keeps the runs as they came, shared with whoever
 * else has them, and lets go of the oldest ones first, each as a whole.
 */
export class Ring {
  /** What it costs to keep, in bytes. */
  bytes = 0;
  #runs: Run[] = [];
  /** Place of the oldest run. */
  #head = 0;
  #last = 0;

  /** @param sizeMax Most frames that it gives. */
  constructor(public sizeMax: number) {}

  /** Offset of the oldest frame that it gives; `last` + 1 when there is none. */
  get first(): number {
    const oldest = this.#head < this.#runs.length ? this.#runs[this.#head].first : this.#last + 1;
    return Math.max(oldest, this.#last - this.sizeMax + 1);
  }

  /** Offset of the latest frame. */
  get last(): number {
    return this.#last;
  }

  /** Adds a run at the end, where it must begin. */
  append(run: Run): void {
    assert(run.first === this.#last + 1, "a ring has no holes");
    this.#runs.push(run);
    this.#last = run.last;
    this.bytes += run.frames.length + KEPT_OVERHEAD_BYTES;
    while (this.#runs[this.#head].last < this.first) this.dropOldest();
  }

  /** Begins anew behind an offset. */
  clear(last: number): void {
    this.#runs = [];
    this.#head = 0;
    this.#last = last;
    this.bytes = 0;
  }

  /** Lets go of what was stored before a time, on the wall clock. */
  expire(timeMs: number): void {
    while (this.#head < this.#runs.length && this.#runs[this.#head].timeMs < timeMs) {
      this.dropOldest();
    }
  }

  /**
   * Lets go of the oldest run.
   *
   * @returns How many bytes that was; 0 when it was empty.
   */
  dropOldest(): number {
    if (this.#head === this.#runs.length) return 0;
    const bytes = this.#runs[this.#head].frames.length + KEPT_OVERHEAD_BYTES;
    this.bytes -= bytes;
    if (++this.#head === this.#runs.length) this.clear(this.#last);
    else if (this.#head >= EMPTIED_MAX) {
      this.#runs.splice(0, this.#head);
      this.#head = 0;
    }
    return bytes;
  }

  /**
   * The frames behind an offset from which on they are here.
   *
   * @param upTo Offset of the last frame to give; beyond `after`.
   * @param bytesMax Where to stop, in bytes; at least one frame is given.
   */
  cut(after: number, upTo: number, bytesMax: number): Cut {
    assert(after + 1 >= this.first && after < upTo && upTo <= this.#last, "a cut is in the ring");
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    let last = after;
    for (let at = this.#runOf(after + 1); last < upTo; at++) {
      const piece = cutRun(this.#runs[at], last, upTo, bytes === 0 ? bytesMax : bytesMax - bytes);
      if (bytes > 0 && bytes + piece.frames.length > bytesMax) break;
      pieces.push(piece.frames);
      bytes += piece.frames.length;
      last = piece.last;
      if (last < Math.min(upTo, this.#runs[at].last)) break;
    }
    return { frames: concatFrames(pieces), count: last - after, last };
  }

  /** Place of the run that has an offset. */
  #runOf(offset: number): number {
    let low = this.#head;
    let high = this.#runs.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#runs[middle].last < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The frames of a run that stand behind an offset, one at least. */
export function cutRun(run: Run, after: number, upTo: number, bytesMax: number): Cut {
  const { frames } = run;
  if (after < run.first && upTo >= run.last && frames.length <= bytesMax) {
    return { frames, count: run.last - run.first + 1, last: run.last };
  }
  let start = 0;
  let offset = run.first;
  for (; offset <= after; offset++) start += readInt32(frames, start);
  let end = start;
  let last = offset - 1;
  for (const lastMax = Math.min(upTo, run.last); last < lastMax; last++) {
    const length = readInt32(frames, end);
    if (end > start && end + length - start > bytesMax) break;
    end += length;
  }
  return { frames: frames.subarray(start, end), count: last - offset + 1, last };
}
