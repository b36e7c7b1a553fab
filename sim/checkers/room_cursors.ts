import type { CursorTotals, LoggedPushes } from "../types.ts";
import type { StreamPosition } from "../../protocol/history.ts";
import {
  Cursor,
  type CursorEvents,
  type JoinAsk,
  type JoinedAt,
  type KeptMessages,
  type ToldGap,
} from "./cursor.ts";
import { MessageNumbers } from "./message_numbers.ts";
import { headOf, type MessageReader } from "./push_body.ts";

/** Failures that are described; the others are only counted. */
const DESCRIBED_MAX = 20;

/** A message that came, where it stands in its room. */
interface CameIn {
  readonly room: number;
  readonly offset: number;
  readonly body: Uint8Array;
}

/**
 * Where clients are in the logs of their rooms: over all its connections each has every offset of
 * each epoch once and in order, or was told of exactly the gap that it has.
 */
export class RoomCursors implements CursorEvents {
  /** By client, and there by room. */
  readonly #cursors = new Map<number, Map<number, Cursor>>();
  readonly numbers = new MessageNumbers();
  readonly #failures: string[] = [];
  #sums = {
    received: 0,
    lost: 0,
    doubled: 0,
    wrong: 0,
    gaps: 0,
    told: 0,
    epochs: 0,
    returned: 0,
    recovered: 0,
  };
  /** Whom what is judged is about. */
  #client = 0;
  #room = 0;

  /**
   * @param read Which messages they are.
   * @param kept What a room has kept right now, where that is known.
   */
  constructor(
    private readonly read: MessageReader,
    private readonly kept: (room: number) => KeptMessages | undefined = () => undefined,
  ) {}

  /** What a client comes back to a room with; undefined where it has not been. */
  since(client: number, room: number): StreamPosition | undefined {
    return this.#cursors.get(client)?.get(room)?.since;
  }

  /** Whether a client is in a room. */
  isIn(client: number, room: number): boolean {
    return this.#cursors.get(client)?.get(room)?.isIn ?? false;
  }

  /** @param answer Undefined for goim's change of rooms. */
  joined(client: number, room: number, answer: JoinedAt | undefined, ask: JoinAsk = {}): void {
    const cursor = this.#of(client, room);
    // One that is in already stays where it is.
    if (answer === undefined && cursor.isIn) return;
    if (ask.since !== undefined) {
      this.#sums.returned++;
      if (answer?.recovered) this.#sums.recovered++;
    }
    cursor.joined(answer, ask, this.kept(room), this);
  }

  /** A client is not in a room any more: nothing of it comes. */
  left(client: number, room: number): void {
    this.#of(client, room).isIn = false;
  }

  /** A client's connection is over. */
  cut(client: number): void {
    for (const cursor of this.#cursors.get(client)?.values() ?? []) cursor.isIn = false;
  }

  /** @returns When it was due, in milliseconds since the Unix epoch, where it is the client's. */
  received(client: number, { room, offset, body }: CameIn): number | undefined {
    const cursor = this.#of(client, room);
    this.#sums.received++;
    cursor.received(offset, this);
    const message = this.read(body, room, client);
    if (message === undefined) {
      this.wrong(`offset ${offset} is a push that is not for it`);
      return undefined;
    }
    const { number, dueMs } = message;
    const { epoch } = cursor.place ?? {};
    if (epoch) {
      const known = this.numbers.note(room, epoch, offset, number);
      if (known !== number) {
        this.wrong(`offset ${offset} of epoch ${epoch} is push ${number} and push ${known}`);
      }
    }
    return dueMs;
  }

  gap(client: number, room: number, told: ToldGap): void {
    this.#of(client, room).gap(told, this.kept(room), this);
  }

  epochChanged(client: number, room: number, to: StreamPosition): void {
    this.#of(client, room).epochChanged(to, this.kept(room), this);
  }

  /** The server has told a client something that cannot be, in words. */
  contradicted(client: number, room: number, text: string): void {
    this.#of(client, room);
    this.wrong(text);
  }

  /** Whether anyone that is in a room has not got as far as its log. */
  areBehind(heads: readonly StreamPosition[]): boolean {
    return [...this.#cursors.values()].some((rooms) =>
      [...rooms].some(([room, { isIn, place }]) =>
        isIn && place !== undefined && place.offset < heads[room].offset
      )
    );
  }

  /**
   * Adds everything up, given what was pushed.
   *
   * @param pushes By room.
   * @param heads Where the log of each room has got to, where that is known better than by the
   * answers to the pushes.
   * @param areExact Whether there is nothing behind the heads.
   */
  totals(
    pushes: readonly LoggedPushes[],
    heads?: readonly (StreamPosition | undefined)[],
    areExact = heads !== undefined,
  ): CursorTotals {
    const described = this.#failures.length;
    const before = { ...this.#sums };
    for (const room of pushes) this.#checkOrder(room);
    const ends = heads ?? pushes.map(headOf);
    for (const [client, rooms] of this.#cursors) {
      for (const [room, cursor] of rooms) {
        const end = ends[room];
        if (!cursor.isIn || end === undefined) continue;
        [this.#client, this.#room] = [client, room];
        this.#checkEnd(cursor, end, areExact);
      }
    }
    const sums = { ...this.#sums, failures: [...this.#failures] };
    this.#failures.length = described;
    this.#sums = before;
    return sums;
  }

  lost(count: number): void {
    this.#sums.lost += count;
    this.#describe(`misses ${count} messages without a word`);
  }

  doubled(offset: number): void {
    this.#sums.doubled++;
    this.#describe(`got offset ${offset} again`);
  }

  told(count: number | "epoch"): void {
    if (count === "epoch") this.#sums.epochs++;
    else {
      this.#sums.gaps++;
      this.#sums.told += count;
    }
  }

  wrong(text: string): void {
    this.#sums.wrong++;
    this.#describe(text);
  }

  /** Whether each push that was answered stands where the answer says, and later ones behind it. */
  #checkOrder({ room, offsets, epochs, failed }: LoggedPushes): void {
    this.#room = room;
    this.#client = -1;
    let at = 0;
    for (const [index, offset] of offsets.entries()) {
      const sequence = index + 1;
      while (at + 1 < epochs.length && epochs[at + 1].from <= sequence) at++;
      if (offset === 0) continue;
      const known = this.numbers.at(room, epochs[at].epoch, offset) ?? sequence;
      if (known !== sequence) {
        this.wrong(`push ${sequence} was answered with offset ${offset}, which is push ${known}`);
      }
    }
    // What was not accepted may be stored at any time.
    const isFailed = new Set(failed);
    for (const [epoch, sequences] of this.numbers.epochsOf(room)) {
      let before = 0;
      sequences.forEach((sequence, offset) => {
        if (isFailed.has(sequence)) return;
        if (sequence <= before) {
          this.wrong(`offset ${offset} of epoch ${epoch} is push ${sequence}, behind ${before}`);
        }
        before = sequence;
      });
    }
  }

  /** Whether one that is in its room has got as far as the room. */
  #checkEnd({ place }: Cursor, head: StreamPosition, isExact: boolean): void {
    // A room that has lost everything, and had no message since, has no epoch that one could know.
    if (place === undefined || head.epoch === "") return;
    const { epoch, offset } = place;
    const isSame = !epoch || epoch === head.epoch;
    if (!isSame) {
      this.wrong(`is at ${epoch}/${offset} in the end, the room at ${head.epoch}/${head.offset}`);
    } else if (offset < head.offset) this.lost(head.offset - offset);
    else if (isExact && offset > head.offset) {
      this.wrong(`is at offset ${offset} in the end, the room at ${head.offset}`);
    }
  }

  /** The cursor of a client in a room, of which something is said now. */
  #of(client: number, room: number): Cursor {
    [this.#client, this.#room] = [client, room];
    return getOr(getOr(this.#cursors, client, () => new Map()), room, () => new Cursor());
  }

  #describe(failure: string): void {
    if (this.#failures.length >= DESCRIBED_MAX) return;
    const who = this.#client === -1 ? "in " : `client ${this.#client} in `;
    this.#failures.push(`${who}room ${this.#room} ${failure}`);
  }
}

/** The value of a key, made when there is none. */
function getOr<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) map.set(key, value = make());
  return value;
}
