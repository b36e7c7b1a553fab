import { boolean, bytes, int32, int64, integer, list, Message, text } from "./message.ts";

/**
 * A place in a room's log.
 *
 * ```ts
 * import type { StreamPosition } from "./mod.ts";
 *
 * const beginning: StreamPosition = { epoch: "", offset: 0 };
 * console.log(beginning);
 * ```
 */
export interface StreamPosition {
  /**
   * A random text, new when the state of the room is new: offsets of different epochs have nothing
   * to do with each other. Empty in a room that never had a message.
   */
  readonly epoch: string;
  /** Number of a message, from 1 and without holes; 0 is before the first. */
  readonly offset: number;
}

/** The last offset of an epoch: offsets are the int32 `seq` of frames. */
export const OFFSET_MAX = 2 ** 31 - 1;

/**
 * A message as a room's history keeps it.
 *
 * ```ts
 * import type { HistoryMessage } from "./mod.ts";
 *
 * const line = ({ mid, body }: HistoryMessage) => `${mid}: ${new TextDecoder().decode(body)}`;
 * const body = new TextEncoder().encode("hello");
 * console.log(line({ offset: 1, operation: 1000, timeMs: 1_700_000_000_000, mid: 7n, body }));
 * ```
 */
export interface HistoryMessage {
  readonly offset: number;
  /** The operation that clients see in the frame, an int32. */
  readonly operation: number;
  /** When it was stored, in milliseconds since the Unix epoch. */
  readonly timeMs: number;
  /** Its place in the video or the like that the room is about, in milliseconds. */
  readonly mediaMs?: number;
  /** Who said it, an int64; 0 is nobody. */
  readonly mid: bigint;
  /** The application's bytes; shared, never written to. */
  readonly body: Uint8Array;
}

/**
 * Which messages of a room are wanted, oldest first:
 * - `after`: those behind an offset;
 * - `last`: the latest so many;
 * - `fromMs` and `toMs`: those whose media time is from `fromMs` up to, and without, `toMs`, by
 *   media time and then offset; with `after`, those of media time `fromMs` begin behind that offset,
 *   which is how the next page is asked for.
 */
export interface HistoryQuery {
  /** Room key. */
  readonly room: string;
  readonly after?: number;
  readonly last?: number;
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Most messages to give; for `last`, the latest of these. */
  readonly limit: number;
  /** Most bytes of bodies to give, though at least one message. */
  readonly bytesMax: number;
}

/**
 * Part of a room's history.
 *
 * ```ts
 * import type { HistoryPage } from "./mod.ts";
 *
 * const lost = ({ first, epoch }: HistoryPage, seen: number) => epoch !== "" && first > seen + 1;
 * console.log(lost({ epoch: "k3x9", head: 57, first: 8, messages: [], more: false }, 6));
 * ```
 */
export interface HistoryPage {
  /** Of the room; empty when it never had a message. */
  readonly epoch: string;
  /** Offset of the room's latest message; 0 when there was none. */
  readonly head: number;
  /** Offset of the oldest message that is kept; `head` + 1 when none is. */
  readonly first: number;
  readonly messages: readonly HistoryMessage[];
  /** Whether there are more, behind these (for `last`: before these). */
  readonly more: boolean;
}

export const streamPositionMessage = new Message<StreamPosition>({
  epoch: [1, text, ""],
  offset: [2, integer],
});

export const historyQueryMessage = new Message<HistoryQuery>({
  room: [1, text],
  after: [2, integer, undefined],
  last: [3, integer, undefined],
  fromMs: [4, integer, undefined],
  toMs: [5, integer, undefined],
  limit: [6, int32],
  bytesMax: [7, int32],
});

const historyMessage = new Message<HistoryMessage>({
  offset: [1, integer],
  operation: [2, int32],
  timeMs: [3, integer, 0],
  mediaMs: [4, integer, undefined],
  mid: [5, int64, 0n],
  body: [6, bytes],
});

export const historyPageMessage = new Message<HistoryPage>({
  epoch: [1, text, ""],
  head: [2, integer],
  first: [3, integer],
  messages: [4, list(historyMessage), []],
  more: [5, boolean, false],
});
