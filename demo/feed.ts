import type { HistoryMessage, Room, RoomGap, RoomMessage } from "../client/types.ts";
import { type Comment, commentBody, readComment, readLike } from "./comment.ts";

/** Operations of the room's messages. */
export const COMMENT_OPERATION = 1000;
export const LIKE_OPERATION = 1001;

/** Messages that that are read when the room is opened: comments, and hearts among them. */
const EARLIER_MESSAGES = 300;

/** Offsets that are remembered at most. */
const OFFSETS_MAX = 5_000;

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

function remember(offsets: Set<number>, offset: number): void {
  if (offset === 0) return;
  offsets.add(offset);
  if (offsets.size > OFFSETS_MAX) offsets.delete(offsets.values().next().value!);
}

/** A room's messages as comments: each once, whether it comes live or at its place in the scene. */
export class Feed {
  readonly #room: Pick<Room, "on" | "publish" | "history">;
  readonly #mid: string;
  readonly #listener: FeedListener;
  readonly #nowMs: () => number;
  /** Those that were told as they came, since the scene was last sought. */
  readonly #seen = new Set<number>();
  readonly #own = new Set<number>();
  #firstLive = Infinity;
  #isOpened = false;
  #likes = 0;
  #unreadable = 0;

  /**
   * @param mid Who watches, as digits.
   * @param nowMs The time of day, in milliseconds since the Unix epoch.
   */
  constructor(
    room: Pick<Room, "on" | "publish" | "history">,
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
      this.#readEarlier(false);
    });
  }

  /** Publishes a comment at a place of the scene. */
  async publish(comment: Comment, mediaMs: number): Promise<number> {
    const options = { op: COMMENT_OPERATION, mediaMs };
    const { offset } = await this.#room.publish(commentBody(comment), options);
    remember(this.#own, offset);
    if (offset > 0) this.#listener.own(offset);
    return offset;
  }

  /** Publishes a heart. */
  async like(): Promise<void> {
    await this.#room.publish({ like: 1 }, { op: LIKE_OPERATION });
  }

  /** The scene was sought: what came live meanwhile is shown at its place as well. */
  beginPass(): void {
    this.#seen.clear();
  }

  /** Comments of kept messages; without those that were told in this pass already. */
  read(messages: readonly HistoryMessage[]): Entry[] {
    const entries: Entry[] = [];
    for (const { op, offset, body, timeMs, mediaMs, mid } of messages) {
      if (op !== COMMENT_OPERATION || this.#seen.has(offset)) continue;
      const comment = readComment(body);
      if (comment === undefined) continue;
      const isOwn = mid === this.#mid;
      entries.push({ offset, comment, timeMs, mediaMs, isOwn, isRecovered: false });
    }
    return entries;
  }

  #message({ op, body, offset, recovered: isRecovered }: RoomMessage): void {
    if (offset > 0) this.#firstLive = Math.min(this.#firstLive, offset);
    if (op === LIKE_OPERATION) this.#likes += readLike(body);
    if (op === COMMENT_OPERATION) {
      const comment = readComment(body);
      if (comment === undefined) this.#unreadable++;
      else {
        remember(this.#seen, offset);
        const isOwn = this.#own.has(offset);
        this.#listener.said({ offset, comment, timeMs: this.#nowMs(), isOwn, isRecovered });
        return;
      }
    }
    this.#listener.counted(this.#likes, this.#unreadable);
  }

  #gap({ reason }: RoomGap): void {
    if (reason !== "epoch") return;
    // Offsets count anew.
    this.#seen.clear();
    this.#own.clear();
    this.#firstLive = Infinity;
    this.#readEarlier(true);
  }

  async #readEarlier(isAnew: boolean): Promise<void> {
    // Without history there is nothing of before, and nothing to say about it.
    const page = await this.#room.history({ last: EARLIER_MESSAGES }).catch(() => undefined);
    const before = page?.messages.filter(({ offset }) => offset < this.#firstLive) ?? [];
    this.#listener.earlier(this.read(before), isAnew);
  }
}
