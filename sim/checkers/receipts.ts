import type { ReceiptTotals, RoomPushes } from "../types.ts";
import { decodePushBody } from "./push_body.ts";

/** Failures that are described; the others are only counted. */
const DESCRIBED_MAX = 20;

/** More pushes than this are not missing at a time: it is a number that nobody sent. */
const MISSING_MAX = 1_000_000;

/** Pushes around a join or a leave that may have come or not, in milliseconds. */
export interface Margins {
  /** Those that were sent so soon after the join was answered. */
  readonly joinMs: number;
  /**
   * Those that were answered so shortly before the client began to leave, or as shortly as the
   * slowest push that any client of the process has got took.
   */
  readonly leaveMs: number;
}

/** What a server on real sockets has, and the processes around it. */
export const usualMargins: Margins = { joinMs: 250, leaveMs: 250 };

/** What a client has got in one room that it was in. */
class RoomStay {
  /** Whether it may miss pushes, since it does not read. */
  exempt = false;
  /** When it began to leave; undefined while it is in. */
  leftMs: number | undefined = undefined;
  /** Whether the connection was cut: what was on its way then may be gone. */
  cut = false;
  /** The first and the last number that came; 0 before one has. */
  first = 0;
  last = 0;
  received = 0;
  /** Numbers between first and last that have not come. */
  missing: Set<number> | undefined = undefined;
  /** Numbers that came after later ones. */
  late: number[] | undefined = undefined;
  duplicated = 0;

  /** @param exact Whether it was in before the first push: then everything is expected. */
  constructor(
    readonly client: number,
    readonly room: number,
    readonly exact: boolean,
    readonly joinedMs: number,
  ) {}
}

/** Who got what, and in which order. */
export class Receipts {
  /** By client; null between two rooms, when what comes is not judged. */
  readonly #stays: (RoomStay | null | undefined)[] = [];
  readonly #ended: RoomStay[] = [];
  readonly #push = { tag: 0, room: 0, sequence: 0, dueMs: 0 };
  readonly #failures: string[] = [];
  /** Index of the first client of this process among all of the run. */
  first = 0;
  #misdelivered = 0;
  #slowestMs = 0;

  /** @param tag Of this run's pushes. */
  constructor(private readonly tag: number, private readonly margins: Margins = usualMargins) {}

  /**
   * A client is in a room.
   *
   * @param exact Whether that was before the first push to the room.
   */
  joined(client: number, room: number, exact: boolean, nowMs: number): void {
    this.left(client, nowMs);
    this.#stays[client - this.first] = new RoomStay(client, room, exact, nowMs);
  }

  /** A client begins to leave its room; what still comes is not misdelivered. */
  left(client: number, nowMs: number): void {
    const stay = this.#end(client);
    if (stay !== undefined) stay.leftMs = nowMs;
  }

  /** A client's connection is over though it had not begun to leave. */
  cut(client: number): void {
    const stay = this.#end(client);
    if (stay !== undefined) stay.cut = true;
  }

  /** A client stops reading: it may miss pushes from now on. */
  exempt(client: number): void {
    const stay = this.#stays[client - this.first];
    if (stay) stay.exempt = true;
  }

  /**
   * A push has come.
   *
   * @param nowMs Milliseconds since the Unix epoch.
   * @returns How long after it was due, in milliseconds; undefined when it is not this client's.
   */
  received(client: number, body: Uint8Array, nowMs: number): number | undefined {
    const push = this.#push;
    const stay = this.#stays[client - this.first];
    if (stay === null) return undefined;
    const isMine = decodePushBody(body, push) && push.tag === this.tag && stay?.room === push.room;
    if (!isMine || (stay.last > 0 && push.sequence > stay.last + MISSING_MAX)) {
      this.#misdelivered++;
      this.#describe(`client ${client} got a push that is not for it`);
      return undefined;
    }
    stay.received++;
    if (stay.first === 0) stay.first = push.sequence;
    if (push.sequence === stay.last + 1 || stay.last === 0) stay.last = push.sequence;
    else this.#outOfTurn(stay, push.sequence);
    const latencyMs = nowMs - push.dueMs;
    if (latencyMs > this.#slowestMs && !stay.exempt) this.#slowestMs = latencyMs;
    return latencyMs;
  }

  /** Adds everything up, given what was pushed. */
  totals(pushes: readonly RoomPushes[]): ReceiptTotals {
    const described = this.#failures.length;
    const byRoom = new Map(pushes.map((room) => [room.room, room]));
    const sums = { expected: 0, received: 0, lost: 0, duplicated: 0, reordered: 0 };
    for (const stay of [...this.#ended, ...this.#stays]) {
      if (stay === undefined || stay === null) continue;
      const { expected, lost, reordered } = this.#judge(stay, byRoom.get(stay.room));
      sums.expected += expected;
      sums.lost += lost;
      sums.received += stay.received;
      sums.duplicated += stay.duplicated;
      sums.reordered += reordered;
    }
    const failures = [...this.#failures];
    this.#failures.length = described;
    return { ...sums, misdelivered: this.#misdelivered, failures };
  }

  #end(client: number): RoomStay | undefined {
    const stay = this.#stays[client - this.first] ?? undefined;
    if (stay === undefined) return undefined;
    this.#stays[client - this.first] = null;
    this.#ended.push(stay);
    return stay;
  }

  #outOfTurn(stay: RoomStay, sequence: number): void {
    if (sequence > stay.last) {
      stay.missing ??= new Set();
      for (let number = stay.last + 1; number < sequence; number++) stay.missing.add(number);
      stay.last = sequence;
    } else if (stay.missing?.delete(sequence) || isFirstSight(stay, sequence)) {
      (stay.late ??= []).push(sequence);
    } else {
      stay.duplicated++;
      this.#describe(`client ${stay.client} got push ${sequence} again`);
    }
  }

  /**
   * What a stay should have brought, and what of it is missing or came out of order: all pushes
   * that were sent after it had begun, and answered before it began to end, and whatever is before
   * the last that came. Pushes that were not accepted may come at any time.
   */
  #judge(stay: RoomStay, pushes: RoomPushes | undefined) {
    if (pushes === undefined) return { expected: 0, lost: 0, reordered: 0 };
    const { failed } = pushes;
    const isDue = (number: number) => !has(failed, number);
    const late = stay.late?.filter(isDue) ?? [];
    for (const number of late) {
      this.#describe(`client ${stay.client} got push ${number} after later ones`);
    }
    if (stay.exempt) return { expected: 0, lost: 0, reordered: late.length };
    const { from, to } = this.#span(stay, pushes);
    /** Pushes within a span that were accepted. */
    const due = (from: number, to: number) =>
      to < from ? 0 : to - from + 1 - countBelow(failed, to + 1) + countBelow(failed, from);
    const expected = due(from, to);
    // Before the first that came, beyond the last, and in between.
    let lost = stay.first === 0
      ? expected
      : due(from, Math.min(to, stay.first - 1)) + due(Math.max(from, stay.last + 1), to);
    for (const number of late) if (number < stay.first && number >= from) lost--;
    for (const number of stay.missing ?? []) {
      if (number >= from && number <= to && isDue(number)) lost++;
    }
    if (lost > 0) {
      this.#describe(
        `client ${stay.client} misses ${lost} pushes of room ${stay.room}`,
      );
    }
    return { expected, lost, reordered: late.length };
  }

  /** The numbers that a stay is to bring, both inclusive. */
  #span(stay: RoomStay, { sentMs, answeredMs, last }: RoomPushes): { from: number; to: number } {
    const { exact, joinedMs, leftMs, cut } = stay;
    const { joinMs, leaveMs } = this.margins;
    const from = exact ? 1 : 1 + countBelow(sentMs, joinedMs + joinMs);
    if (cut) return { from, to: stay.last };
    if (leftMs === undefined) return { from, to: last };
    const marginMs = Math.max(leaveMs, this.#slowestMs);
    return { from, to: Math.max(stay.last, countBelow(answeredMs, leftMs - marginMs)) };
  }

  #describe(failure: string): void {
    if (this.#failures.length < DESCRIBED_MAX) this.#failures.push(failure);
  }
}

/** Whether a number from before the first that came has not come yet. */
function isFirstSight({ first, late }: RoomStay, sequence: number): boolean {
  return sequence < first && !late?.includes(sequence);
}

/** Whether a number is among some ascending numbers. */
function has(numbers: readonly number[], number: number): boolean {
  return numbers[countBelow(numbers, number)] === number;
}

/** How many of some ascending numbers are below a limit. */
function countBelow(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
