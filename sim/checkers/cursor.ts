import type { JoinAnswer } from "../../client/rooms.ts";
import type { StreamPosition } from "../../protocol/history.ts";

/** Where one who joins a room is told to be in its log. */
export type JoinedAt = Pick<JoinAnswer, "epoch" | "offset" | "recovered" | "missed">;

/** What a client asks for when it joins: what is behind a place, the latest so many, or neither. */
export interface JoinAsk {
  readonly since?: StreamPosition;
  readonly last?: number;
}

/** Messages that a server says will not come. */
export interface ToldGap {
  readonly epoch: string;
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** What a room has kept at some moment. */
export interface KeptMessages {
  readonly epoch: string;
  /** The offset of the oldest; nothing before it is kept. */
  readonly first: number;
}

/** Told what a client's cursor meets. */
export interface CursorEvents {
  /** Messages are missing, without a word. */
  lost(count: number): void;
  /** A message came again. */
  doubled(offset: number): void;
  /** The server said that messages are missing: so many, or a whole epoch's, which has no number. */
  told(count: number | "epoch"): void;
  /** The server says something that cannot be, in words. */
  wrong(text: string): void;
}

/** The last message that a client has, or was told that it will not get. */
interface Place {
  /** Undefined where nobody has said it. */
  readonly epoch: string | undefined;
  readonly offset: number;
}

/** Where one client is in one room's log, over all its connections. */
export class Cursor {
  /** Whether the client is in the room. */
  isIn = false;
  /** Undefined while unknown. */
  place: Place | undefined = undefined;

  /** What to come back with; undefined where that is unknown. */
  get since(): StreamPosition | undefined {
    const { epoch, offset } = this.place ?? {};
    return epoch === undefined || offset === undefined ? undefined : { epoch, offset };
  }

  /**
   * The client is told that it is in the room.
   *
   * @param answer Undefined for goim's change of rooms, which says nothing of the log.
   * @param kept What the store has, where that is known.
   */
  joined(
    answer: JoinedAt | undefined,
    { since, last = 0 }: JoinAsk,
    kept: KeptMessages | undefined,
    events: CursorEvents,
  ): void {
    this.isIn = true;
    if (answer === undefined) {
      this.place = undefined;
      return;
    }
    const { epoch, offset, recovered, missed } = answer;
    const place = this.place = { epoch, offset: offset - missed };
    if (missed < 0 || missed > offset) events.wrong(`missed is ${missed} at offset ${offset}`);
    if (since !== undefined) cameBack(since, place, recovered, kept, events);
    else if (!recovered || missed > last) {
      events.wrong(`asked for the last ${last}, recovered is ${recovered}, missed ${missed}`);
    }
  }

  /** A message has come. */
  received(offset: number, events: CursorEvents): void {
    const { place } = this;
    if (!this.isIn) return events.wrong(`offset ${offset} came though it is not in the room`);
    const next = place === undefined ? offset : place.offset + 1;
    if (offset < next) return events.doubled(offset);
    if (offset > next) events.lost(offset - next);
    this.place = { epoch: place?.epoch, offset };
  }

  /** The server says that messages will not come. */
  gap(told: ToldGap, kept: KeptMessages | undefined, events: CursorEvents): void {
    const { place } = this;
    const { epoch, from, to, count } = told;
    const words = `offsets ${from} to ${to} of epoch ${epoch} will not come`;
    const isRight = this.isIn && to >= from && count === to - from + 1;
    const isSame = !place?.epoch || place.epoch === epoch;
    if (!isRight || !isSame) return events.wrong(`told that ${words}, count ${count}`);
    const next = place === undefined ? from : place.offset + 1;
    if (from < next) events.wrong(`told that ${words}, some of which it has`);
    if (from > next) events.lost(from - next);
    if (isKept({ epoch, offset: to }, kept)) events.wrong(`told that ${words}, which are kept`);
    events.told(count);
    this.place = { epoch, offset: to };
  }

  /** The server says that the room's log is another one now, and where it goes on. */
  epochChanged(
    { epoch, offset }: StreamPosition,
    kept: KeptMessages | undefined,
    events: CursorEvents,
  ): void {
    const { place } = this;
    if (!this.isIn) return events.wrong("told of an epoch of a room in which it is not");
    // The log of a room without messages has no name until it has one.
    if (!place?.epoch) {
      if (place !== undefined && offset > place.offset) events.lost(offset - place.offset);
    } else if (place.epoch === kept?.epoch) {
      events.wrong(`told of epoch ${epoch} though ${place.epoch} goes on`);
    } else events.told("epoch");
    this.place = { epoch, offset };
  }
}

/** Whether one who comes back is told all there is to tell. */
function cameBack(
  since: StreamPosition,
  to: StreamPosition,
  recovered: boolean,
  kept: KeptMessages | undefined,
  events: CursorEvents,
): void {
  const isFirst = since.epoch === "" && since.offset === 0;
  const isSame = isFirst || since.epoch === to.epoch;
  const words = `came back behind ${since.epoch}/${since.offset}, goes on behind ` +
    `${to.epoch}/${to.offset}, recovered is ${recovered}`;
  if (recovered) {
    if (!isSame || to.offset !== since.offset) events.wrong(words);
  } else if (isSame) {
    if (to.offset > since.offset) events.told(to.offset - since.offset);
    // Of a log that the store has lost, no comet knows what another one had.
    else if (kept?.epoch === since.epoch || kept === undefined) {
      events.wrong(`${words}; nothing is missing`);
    }
    if (isKept(to, kept)) events.wrong(`${words}; what it misses is kept`);
  } else {
    events.told("epoch");
    if (kept?.epoch === since.epoch) events.wrong(`${words}; the epoch goes on`);
  }
}

/** Whether a message is kept; no where nobody knows. */
function isKept({ epoch, offset }: StreamPosition, kept: KeptMessages | undefined): boolean {
  return kept !== undefined && kept.epoch === epoch && offset >= kept.first;
}
