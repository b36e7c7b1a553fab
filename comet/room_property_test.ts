import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { type Prng, randomBelow, seededPrng } from "../base/prng.ts";
import { type Membership, Room } from "./room.ts";

const SEED = 5_000;
const WALKS = 20_000;

interface Member {
  /** In the room, when it is inside. */
  membership?: Membership<Member>;
  /** Visits in the walk under way. */
  visits: number;
}

/** Members that come and go at random, and the set of those who should be in the room. */
class Crowd {
  readonly room = new Room<Member>("live://1");
  readonly inside = new Set<Member>();
  /** Who was inside when the walk under way began. */
  before: ReadonlySet<Member> = new Set();
  /** Who has not left since. */
  stayed = new Set<Member>();
  readonly #all: Member[];

  constructor(private readonly prng: Prng, sizeMax: number) {
    this.#all = Array.from({ length: sizeMax }, () => ({ visits: 0 }));
  }

  /** To be called when a walk begins. */
  begin(): void {
    for (const member of this.#all) member.visits = 0;
    this.before = new Set(this.inside);
    this.stayed = new Set(this.inside);
  }

  /** Some join or leave. */
  stir(timesMax: number): void {
    for (let times = randomBelow(this.prng, timesMax + 1); times > 0; times--) {
      const member = this.#all[randomBelow(this.prng, this.#all.length)];
      if (this.inside.has(member)) {
        this.#leave(member);
      } else {
        this.inside.add(member);
        member.membership = this.room.join(member);
      }
    }
  }

  /** Takes everyone out. */
  empty(): void {
    for (const member of this.inside) this.#leave(member);
  }

  #leave(member: Member): void {
    this.inside.delete(member);
    this.stayed.delete(member);
    this.room.leave(member.membership!);
    assert.equal(member.membership!.index, -1);
    assert.equal(this.room.size, this.inside.size);
  }
}

/** One walk, with joins and leaves before it, within its slices and between them. */
function tryWalk(crowd: Crowd, prng: Prng): void {
  const clock = new ManualClock();
  const unrest = randomBelow(prng, 4);
  const slice = 1 + randomBelow(prng, 8);
  const wrong = new Set<string>();
  const thrown: unknown[] = [];
  let ended = 0;
  crowd.stir(20);
  crowd.begin();
  crowd.room.walk(clock, slice, ({ channel: member }) => {
    if (!crowd.inside.has(member)) wrong.add("visited who had left");
    if (!crowd.before.has(member)) wrong.add("visited who was not there before");
    if (++member.visits > 1) wrong.add("visited twice");
    crowd.stir(unrest);
    if (randomBelow(prng, 50) > 0) return;
    thrown.push(new Error("a visit failed"));
    throw thrown.at(-1);
  }, (failure) => {
    assert.equal(failure, thrown[0]);
    ended++;
  });
  while (ended === 0) {
    assert.equal(clock.pending, 1);
    if (randomBelow(prng, 100) === 0) crowd.empty();
    crowd.stir(2 * unrest);
    clock.advance(0);
  }
  for (const member of crowd.stayed) if (member.visits !== 1) wrong.add("skipped");
  assert.deepEqual([...wrong], []);
  assert.equal(ended, 1);
  assert.equal(clock.pending, 0);
}

test("Room.walk() visits everyone who stays once, over 20,000 walks with joins and leaves", () => {
  const prng = seededPrng(SEED);
  for (const sizeMax of [1, 2, 5, 40]) {
    const crowd = new Crowd(prng, sizeMax);
    for (let walk = 0; walk < WALKS / 4; walk++) tryWalk(crowd, prng);
  }
});
