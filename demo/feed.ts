import type { HistoryMessage, Room, RoomGap, RoomMessage } from "../client/types.ts";
import { type Comment, commentBody, readComment, readLike } from "./comment.ts";

/** Operations of the room's messages. */
export const COMMENT_OPERATION = 1000;
export const LIKE_OPERATION = 1001;

/** Messages that are read when the room is opened: comments, and hearts among them. */
const EARLIER_MESSAGES = 300;

/** Offsets of one's own comments, and gaps, that are remembered at most. */
const OWN_MAX = 1_000;
const GAPS_MAX = 100;

/** A comment with what is known of it. */
export interface Entry {
  /** In the room's log; 0 where it keeps none. */
  readonly offset: number;
  readonly comment: Comment;
  /** When it was said, or came, in milliseconds since the Unix epoch. */
  readonly timeMs: number;
  readonly mediaMs?: number;
  readonly isOwn: boolean;
  /** Whether it was missed at first. */
  readonly isRecovered: boolean;
}

/** What is told of a room. */
export interface FeedListener {
  /** Somebody has said something. */
  said(entry: Entry): void;
  /**
   * The latest comments of before, oldest first.
   *
   * @param isAnew Whether the room began anew, and these are of its new beginning.
   */
  earlier(entries: readonly Entry[], isAnew: boolean): void;
  /** A comment that was told before is one's own. */
  own(offset: number): void;
  /** Hearts and comments that nobody can read, since the page was opened. */
  counted(likes: number, unreadable: number): void;
}

/** A room's messages as comments: each once, whether it comes live or at its place in the scene. */
export class Feed {
  readonly #room: Pick<Room, "on" | "publish" | "history" | "position">;
  readonly #mid: string;
  readonly #listener: FeedListener;
  readonly #nowMs: () => number;
  /** The latest message when the scene was last sought: each one behind it comes live, */
  #passOffset = Infinity;
  /** but for these. */
  #gaps: RoomGap[] = [];
  readonly #own = new Set<number>();
  #isOpened = false;
  #likes = 0;
  #unreadable = 0;

  /**
   * @param mid Who watches, as digits.
   * @param nowMs The time of day, in milliseconds since the Unix epoch.
   */
  constructor(
    room: Pick<Room, "on" | "publish" | "history" | "position">,
    mid: string,
    listener: FeedListener,
    nowMs: () => number,
  ) {
    this.#room = room;
    this.#mid = mid;
    this.#listener = listener;
    this.#nowMs = nowMs;
    room.on("message", (message) => this.#message(message));
    room.on("gap", (gap) => this.#gap(gap));
    room.on("state", ({ state }) => {
      if (state !== "joined" || this.#isOpened) return;
      this.#isOpened = true;
      this.#begin(false);
    });
  }

  /** Publishes a comment at a place of the scene. */
  async publish(comment: Comment, mediaMs: number): Promise<number> {
    const options = { op: COMMENT_OPERATION, mediaMs };
    const { offset } = await this.#room.publish(commentBody(comment), options);
    if (offset === 0) return offset;
    this.#own.add(offset);
    if (this.#own.size > OWN_MAX) this.#own.delete(this.#own.values().next().value!);
    this.#listener.own(offset);
    return offset;
  }

  /** Publishes a heart. */
  async like(): Promise<void> {
    await this.#room.publish({ like: 1 }, { op: LIKE_OPERATION });
  }

  /** The scene was sought: what came live meanwhile is shown at its place as well. */
  beginPass(): void {
    this.#passOffset = this.#room.position?.offset ?? Infinity;
    this.#gaps = [];
  }

  /** Comments of kept messages; without those that come, or came, live in this pass. */
  read(messages: readonly HistoryMessage[]): Entry[] {
    return this.#comments(messages.filter(({ offset }) =>
      offset <= this.#passOffset ||
      this.#gaps.some(({ from = Infinity, to = 0 }) => from <= offset && offset <= to)
    ));
  }

  #comments(messages: readonly HistoryMessage[]): Entry[] {
    const entries: Entry[] = [];
    for (const { op, offset, body, timeMs, mediaMs, mid } of messages) {
      if (op !== COMMENT_OPERATION) continue;
      const comment = readComment(body);
      if (comment === undefined) continue;
      const isOwn = mid === this.#mid;
      entries.push({ offset, comment, timeMs, mediaMs, isOwn, isRecovered: false });
    }
    return entries;
  }

  #message({ op, body, offset, recovered: isRecovered }: RoomMessage): void {
    if (op === LIKE_OPERATION) this.#likes += readLike(body);
    if (op === COMMENT_OPERATION) {
      const comment = readComment(body);
      if (comment === undefined) this.#unreadable++;
      else {
        const isOwn = this.#own.has(offset);
        this.#listener.said({ offset, comment, timeMs: this.#nowMs(), isOwn, isRecovered });
        return;
      }
    }
    this.#listener.counted(this.#likes, this.#unreadable);
  }

  #gap(gap: RoomGap): void {
    if (gap.reason === "epoch") {
      // Offsets count anew.
      this.#own.clear();
      this.#begin(true);
    } else this.#gaps = [...this.#gaps, gap].slice(-GAPS_MAX);
  }

  /** From here on messages come live; those of before are read. */
  async #begin(isAnew: boolean): Promise<void> {
    this.beginPass();
    const offset = this.#passOffset;
    // Without history there is nothing of before, and nothing to say about it.
    const page = await this.#room.history({ last: EARLIER_MESSAGES }).catch(() => undefined);
    const before = page?.messages.filter((message) => message.offset <= offset) ?? [];
    this.#listener.earlier(this.#comments(before), isAnew);
  }
}
