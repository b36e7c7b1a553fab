import { Fifo } from "../../base/fifo.ts";
import { lowerBound } from "../../base/lower_bound.ts";
import type { HistoryMessage, HistoryPage, HistoryQuery } from "../../protocol/history.ts";
import type { RoomPush } from "../../protocol/push_message.ts";
import { isMediaQuery, ROOM_STATE_MS, takePage } from "../history.ts";
import type { Retention } from "../push_log.ts";
import { MediaIndex, type MediaMessage } from "./media_index.ts";

/** What a message costs beside its body, in bytes, about. */
const MESSAGE_BYTES = 256;

/** Messages that are too old of which one look at a room forgets so many at most. */
const EXPIRED_PER_LOOK = 1_000;

/** What one room has kept. */
export class RoomHistory {
  /** Offset of the latest message. */
  head = 0;
  /** Of its messages, about. */
  bytes = 0;
  /** When its state is forgotten, in milliseconds since the Unix epoch. */
  endMs = 0;
  /** The latest, by offset without holes. */
  readonly #log = new Fifo<HistoryMessage>();
  /** Those before the log that their media time keeps. */
  readonly #beyond = new Fifo<MediaMessage>();
  readonly #media = new MediaIndex();
  #retention: Retention = { sizeMax: 0, ttlMs: 0 };

  constructor(readonly epoch: string) {}

  /** How many messages it keeps. */
  get size(): number {
    return this.#log.length + this.#beyond.length;
  }

  /** Adds the next message, and returns its bytes. */
  append(push: RoomPush, nowMs: number, retention: Retention): number {
    const { operation, mediaMs, mid = 0n, body } = push;
    const offset = ++this.head;
    // What is too old is found by halving: a clock that is set back must not mix the times.
    const timeMs = Math.max(nowMs, this.#log.last?.timeMs ?? 0);
    const message = { offset, operation, timeMs, mediaMs, mid, body };
    const bytes = bytesOf(message);
    this.#log.push(message);
    if (isMedia(message)) this.#media.add(message);
    this.bytes += bytes;
    this.#retention = retention;
    this.endMs = timeMs + retention.ttlMs + ROOM_STATE_MS;
    return bytes;
  }

  /** Forgets what the retention of the last append does not keep, some of it, and returns its bytes. */
  trim(nowMs: number): number {
    const { sizeMax, ttlMs, by } = this.#retention;
    let freed = 0;
    while (this.#log.length > sizeMax) {
      const message = this.#log.shift();
      if (by === "media" && isMedia(message)) this.#beyond.push(message);
      else freed += this.#forget(message);
    }
    for (let count = 0; count < EXPIRED_PER_LOOK && this.size > 0; count++) {
      if (this.#oldest().at(0).timeMs + ttlMs > nowMs) break;
      freed += this.dropOldest();
    }
    return freed;
  }

  /** Forgets the oldest message, and returns its bytes. */
  dropOldest(): number {
    return this.#forget(this.#oldest().shift());
  }

  read(query: HistoryQuery, retention: Retention, nowMs: number): HistoryPage {
    const first = this.#firstKept(retention, nowMs);
    const isKept = retention.by === "media"
      ? ({ timeMs }: HistoryMessage) => timeMs + retention.ttlMs > nowMs
      : ({ offset }: HistoryMessage) => offset >= first;
    const { messages, more } = takePage(this.#candidates(query, first, isKept), query);
    const page = { epoch: this.epoch, head: this.head, first, more };
    return { ...page, messages: isLatest(query) ? messages.toReversed() : messages };
  }

  /** Messages that a query asks for, the latest first where it is for the last ones. */
  *#candidates(
    query: HistoryQuery,
    first: number,
    isKept: (message: HistoryMessage) => boolean,
  ): Generator<HistoryMessage> {
    const { after = 0, fromMs = -Infinity, toMs = Infinity } = query;
    if (isMediaQuery(query)) {
      for (const message of this.#media.between(fromMs, after + 1, toMs)) {
        if (isKept(message)) yield message;
      }
    } else if (isLatest(query)) {
      for (let offset = this.head; offset >= first; offset--) yield this.#at(offset);
    } else {
      for (let offset = Math.max(first, after + 1); offset <= this.head; offset++) {
        yield this.#at(offset);
      }
    }
  }

  #at(offset: number): HistoryMessage {
    return this.#log.at(this.#log.length - 1 - (this.head - offset));
  }

  /** Where the oldest message is. */
  #oldest(): Fifo<HistoryMessage> {
    return this.#beyond.length > 0 ? this.#beyond : this.#log;
  }

  #forget(message: HistoryMessage): number {
    if (isMedia(message)) this.#media.remove(message);
    const bytes = bytesOf(message);
    this.bytes -= bytes;
    return bytes;
  }

  /** Offset of the oldest message of the log that is kept. */
  #firstKept({ sizeMax, ttlMs }: Retention, nowMs: number): number {
    const count = Math.min(this.#log.length, sizeMax);
    const first = this.head + 1 - count;
    return first + lowerBound(count, (index) => this.#at(first + index).timeMs + ttlMs <= nowMs);
  }
}

function isLatest(query: HistoryQuery): boolean {
  return query.last !== undefined && !isMediaQuery(query);
}

function isMedia(message: HistoryMessage): message is MediaMessage {
  return message.mediaMs !== undefined;
}

function bytesOf({ body }: HistoryMessage): number {
  return MESSAGE_BYTES + body.byteLength;
}
