import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Prng, randomBelow, seededPrng } from "../../base/prng.ts";
import type { CursorTotals, LoggedPushes } from "../types.ts";
import { encodePushBody, pushReader } from "./push_body.ts";
import { RoomCursors } from "./room_cursors.ts";

const TAG = 7;
const CLIENTS = 3;

/** A room's log, and what its store has kept of it. */
class Room {
  epoch = "e0";
  /** Of each message of this epoch, its push; offsets count from 1. */
  log: number[] = [];
  first = 1;
  readonly pushes = {
    room: 0,
    last: 0,
    failed: [],
    sentMs: [],
    answeredMs: [],
    offsets: [] as number[],
    epochs: [] as { from: number; epoch: string }[],
  } satisfies LoggedPushes;

  push(): void {
    const sequence = ++this.pushes.last;
    this.log.push(sequence);
    this.pushes.offsets.push(this.log.length);
    const { epochs } = this.pushes;
    if (epochs.at(-1)?.epoch !== this.epoch) epochs.push({ from: sequence, epoch: this.epoch });
  }

  lose(): void {
    this.epoch = `e${Number(this.epoch.slice(1)) + 1}`;
    this.log = [];
    this.first = 1;
  }
}

/** What a server does wrong once. */
const faults = [
  "leaves a message out",
  "sends a message twice",
  "goes on one too early",
  "goes on one too late",
  "says that all comes though some does not",
  "says that what is kept will not come",
  "tells of one too few",
  "keeps an epoch to itself",
  "sends another message in its place",
  "sends the last no more",
] as const;
type Fault = typeof faults[number];

/** What a client is told all the same when it comes back before it could notice. */
const healed: readonly Fault[] = [
  "leaves a message out",
  "tells of one too few",
  "keeps an epoch to itself",
  "sends the last no more",
];

/** A server as it should be, but for one fault, and what its clients note. */
class Model {
  readonly room = new Room();
  readonly cursors = new RoomCursors(pushReader(TAG), () => this.room);
  /** Where each client is by the server's mind; undefined for one that is away. */
  readonly #places: ({ epoch: string; offset: number } | undefined)[] = [];
  /** Whether the fault has happened. */
  faulty = false;

  constructor(private readonly prng: Prng, private readonly fault?: Fault) {}

  step(): void {
    const client = randomBelow(this.prng, CLIENTS);
    const what = randomBelow(this.prng, 100);
    if (this.#places[client] === undefined) this.#join(client);
    else if (what < 30) this.room.push();
    else if (what < 85) this.#send(client);
    else if (what < 94) this.#cut(client);
    else if (what < 98) this.#trim();
    else this.room.lose();
  }

  end(): CursorTotals {
    for (let client = 0; client < CLIENTS; client++) {
      if (this.#places[client] === undefined) this.#join(client);
      const leave = this.#happens("sends the last no more", this.#isBehind(client)) ? 1 : 0;
      while (this.#isBehind(client, leave)) this.#send(client);
    }
    const { epoch, log } = this.room;
    return this.cursors.totals([this.room.pushes], [{ epoch, offset: log.length }]);
  }

  #isBehind(client: number, leave = 0): boolean {
    const { epoch, offset } = this.#places[client]!;
    return epoch !== this.room.epoch || offset + leave < this.room.log.length;
  }

  #happens(fault: Fault, may = true): boolean {
    if (this.fault !== fault || this.faulty || !may || randomBelow(this.prng, 3) > 0) return false;
    return this.faulty = true;
  }

  #join(client: number): void {
    const since = this.cursors.since(client, 0);
    const { epoch, first, log: { length: head } } = this.room;
    const answer = (from: number, recovered: boolean) => {
      this.#places[client] = { epoch, offset: from };
      this.cursors.joined(
        client,
        0,
        { epoch, offset: head, recovered, missed: head - from },
        since === undefined ? {} : { since },
      );
    };
    if (since === undefined) return answer(head, true);
    if (since.epoch !== epoch) return answer(head, false);
    if (this.#happens("goes on one too late", since.offset < head)) {
      return answer(since.offset + 1, true);
    }
    if (this.#happens("goes on one too early", since.offset > 0)) {
      return answer(since.offset - 1, true);
    }
    const isKept = since.offset + 1 >= first;
    if (isKept && this.#happens("says that what is kept will not come", since.offset < head)) {
      return answer(head, false);
    }
    if (isKept) return answer(since.offset, true);
    if (this.#happens("says that all comes though some does not")) return answer(first - 1, true);
    answer(first - 1, false);
  }

  #send(client: number): void {
    const place = this.#places[client]!;
    const { epoch, log, first } = this.room;
    if (place.epoch !== epoch) {
      this.#places[client] = { epoch, offset: 0 };
      if (this.#happens("keeps an epoch to itself", log.length > 0)) return;
      return this.cursors.epochChanged(client, 0, { epoch, offset: 0 });
    }
    if (place.offset === log.length) return;
    const from = place.offset + 1;
    if (from < first) {
      const short = this.#happens("tells of one too few", first - from > 1) ? 1 : 0;
      const to = first - 1 - short;
      this.cursors.gap(client, 0, { epoch, from, to, count: to - from + 1 });
      place.offset = first - 1;
      return;
    }
    place.offset = from;
    if (this.#happens("leaves a message out", from < log.length)) return;
    const other = this.#happens("sends another message in its place", from > 1) ? 1 : 0;
    const body = encodePushBody({
      tag: TAG,
      room: 0,
      sequence: log[from - 1 - other],
      dueMs: 0,
      size: 40,
    });
    this.cursors.received(client, { room: 0, offset: from, body });
    if (this.#happens("sends a message twice")) {
      this.cursors.received(client, { room: 0, offset: from, body });
    }
  }

  #cut(client: number): void {
    this.#places[client] = undefined;
    this.cursors.cut(client);
  }

  /** The store keeps no more than the last few. */
  #trim(): void {
    const { log } = this.room;
    this.room.first = Math.max(this.room.first, log.length - randomBelow(this.prng, 4));
  }
}

function run(seed: number, fault?: Fault) {
  const model = new Model(seededPrng(seed), fault);
  for (let step = 0; step < 150; step++) model.step();
  const { lost, doubled, wrong, failures, ...others } = model.end();
  return { isFaulty: model.faulty, found: lost + doubled + wrong, failures, ...others };
}

describe("RoomCursors", () => {
  it("find nothing wrong with a server that does as it should", () => {
    let [told, epochs, recovered] = [0, 0, 0];
    for (let seed = 1; seed <= 300; seed++) {
      const { found, failures, ...totals } = run(seed);
      assert.equal(found, 0, `seed ${seed}: ${failures.join("\n")}`);
      assert.deepEqual(failures, []);
      told += totals.told;
      epochs += totals.epochs;
      recovered += totals.recovered;
    }
    assert.ok(told > 100 && epochs > 100 && recovered > 100, `${[told, epochs, recovered]}`);
  });

  for (const fault of faults) {
    it(`find a server that ${fault}`, () => {
      let [happened, seen] = [0, 0];
      for (let seed = 1; seed <= 300; seed++) {
        const { isFaulty, found, failures } = run(seed, fault);
        if (!isFaulty) continue;
        happened++;
        if (found > 0) seen++;
        else assert.ok(healed.includes(fault), `seed ${seed}`);
        assert.equal(failures.length > 0, found > 0);
      }
      assert.ok(happened > 20 && seen > happened / 2, `${seen} of ${happened}`);
    });
  }
});
