import { lowerBound } from "../../base/lower_bound.ts";
import type { HistoryMessage } from "../../protocol/history.ts";

/** A message that has a media time. */
export type MediaMessage = HistoryMessage & { readonly mediaMs: number };

/** Most messages of a block; a full one is cut in two. */
const BLOCK_MAX = 512;

/**
 * Messages by media time and then offset. They stand in sorted blocks, so that one which comes or
 * goes in the middle moves few others.
 */
export class MediaIndex {
  /** None is empty, and each is before the next. */
  readonly #blocks: MediaMessage[][] = [];

  add(message: MediaMessage): void {
    if (this.#blocks.length === 0) {
      this.#blocks.push([message]);
      return;
    }
    const { mediaMs, offset } = message;
    const at = Math.min(this.#blockOf(mediaMs, offset), this.#blocks.length - 1);
    const block = this.#blocks[at];
    block.splice(placeIn(block, mediaMs, offset), 0, message);
    if (block.length <= BLOCK_MAX) return;
    // What comes by growing time leaves full blocks behind.
    const isLast = at === this.#blocks.length - 1;
    this.#blocks.splice(at + 1, 0, block.splice(isLast ? BLOCK_MAX : BLOCK_MAX / 2));
  }

  remove({ mediaMs, offset }: MediaMessage): void {
    const at = this.#blockOf(mediaMs, offset);
    const block = this.#blocks[at];
    block.splice(placeIn(block, mediaMs, offset), 1);
    if (block.length === 0) this.#blocks.splice(at, 1);
  }

  /** Those from a media time and offset on, up to and without another time. */
  *between(fromMs: number, offset: number, toMs: number): Generator<MediaMessage> {
    let at = this.#blockOf(fromMs, offset);
    let place = at < this.#blocks.length ? placeIn(this.#blocks[at], fromMs, offset) : 0;
    for (; at < this.#blocks.length; at++, place = 0) {
      const block = this.#blocks[at];
      for (; place < block.length; place++) {
        if (block[place].mediaMs >= toMs) return;
        yield block[place];
      }
    }
  }

  /** The first block that ends at a place or behind it, or how many blocks there are. */
  #blockOf(mediaMs: number, offset: number): number {
    return lowerBound(
      this.#blocks.length,
      (index) => isBefore(this.#blocks[index].at(-1)!, mediaMs, offset),
    );
  }
}

/** Where a message stands in a block, or would. */
function placeIn(block: readonly MediaMessage[], mediaMs: number, offset: number): number {
  return lowerBound(block.length, (index) => isBefore(block[index], mediaMs, offset));
}

function isBefore(message: MediaMessage, mediaMs: number, offset: number): boolean {
  return message.mediaMs < mediaMs || (message.mediaMs === mediaMs && message.offset < offset);
}
