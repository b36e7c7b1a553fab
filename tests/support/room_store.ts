import { encodeFrame } from "../../protocol/frame.ts";
import type { HistoryMessage, HistoryPage, HistoryQuery } from "../../protocol/history.ts";
import type { RoomDelivery } from "../../protocol/cluster/delivery.ts";
import { utf8 } from "./websocket_frames.ts";

/** Grows over all rooms of a test, which are in one partition. */
let position = 0;

/** What the store and the job of one room do, in a few lines: the messages that were appended. */
export class RoomStore {
  epoch = "";
  head = 0;
  /** How many messages it keeps. */
  sizeMax = Infinity;
  #messages: HistoryMessage[] = [];

  /** @param timeMs What its clock says. */
  constructor(readonly room: string, private readonly timeMs = () => 0) {}

  /** Offset of the oldest message that it keeps. */
  get first(): number {
    return this.head - this.#messages.length + 1;
  }

  /** Appends a message, whose body says where it stands, padded to a length. */
  append(bodyBytes = 0): HistoryMessage {
    if (this.epoch === "") this.begin("e1");
    const offset = ++this.head;
    const body = utf8(`${this.epoch}:${offset};`.padEnd(bodyBytes, "."));
    const message = { offset, operation: 1000, timeMs: this.timeMs(), mid: 0n, body };
    this.#messages.push(message);
    while (this.#messages.length > this.sizeMax) this.#messages.shift();
    return message;
  }

  /** It has lost everything, and begins anew. */
  begin(epoch: string): void {
    this.epoch = epoch;
    this.head = 0;
    this.#messages = [];
  }

  /** It keeps no message up to an offset. */
  trim(offset: number): void {
    while (this.#messages.length > 0 && this.#messages[0].offset <= offset) this.#messages.shift();
  }

  /** What it answers. */
  read({ after = 0, last, limit, bytesMax }: HistoryQuery): HistoryPage {
    const { epoch, head, first } = this;
    const kept = last === undefined
      ? this.#messages.filter(({ offset }) => offset > after)
      : this.#messages.slice(-Math.min(last, limit)).reverse();
    const messages: HistoryMessage[] = [];
    let bytes = 0;
    for (const message of kept.slice(0, limit)) {
      bytes += message.body.length;
      if (messages.length > 0 && bytes > bytesMax) break;
      messages.push(message);
    }
    const candidates = last === undefined ? kept.length : this.#messages.length;
    const more = messages.length < candidates;
    if (last !== undefined) messages.reverse();
    return { epoch, head, first, messages, more };
  }

  /** A job's delivery of messages of one epoch. */
  delivery(messages: readonly HistoryMessage[], epoch = this.epoch, head?: number): RoomDelivery {
    const frames = messages.map(({ operation, offset, body }) =>
      encodeFrame(operation, offset, body)
    );
    return {
      kind: "room",
      partition: 0,
      token: 1,
      room: this.room,
      epoch,
      head: head ?? messages.at(-1)?.offset ?? 0,
      frames: new Uint8Array(frames.flatMap((frame) => [...frame])),
      positions: messages.map(() => ++position),
    };
  }
}
