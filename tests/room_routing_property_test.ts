import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { type Prng, randomBelow, seededPrng } from "../base/prng.ts";
import { RoomInterest } from "../comet/room_interest.ts";
import type { Membership } from "../comet/room.ts";
import { Rooms } from "../comet/rooms.ts";
import { RemoteRoomInterest } from "../job/remote_room_interest.ts";
import { type RoomInterestApi, WATCH_MS } from "../protocol/cluster/comet_calls.ts";
import type { WatcherApi } from "../protocol/cluster/watcher_calls.ts";

const SEEDS = 300;
const STEPS = 400;
const ROOMS = 6;

type Member = Membership<null>;

/** A call on its way to the other end, or an answer on its way back. */
type Letter = () => void;

/** One connection between the comet and a job: in order, slow, and cut when the test says so. */
class Link {
  readonly toComet: Letter[] = [];
  readonly toJob: Letter[] = [];
  /** Calls whose answers have not come. */
  readonly #open = new Set<(error: Error) => void>();
  up = true;

  /** Sends a call along one way; the answer comes along the other. */
  call<Answer>(
    there: Letter[],
    back: Letter[],
    act: () => Promise<Answer> | Answer,
  ): Promise<Answer> {
    if (!this.up) return Promise.reject(new Error("lost"));
    return new Promise((resolve, reject) => {
      this.#open.add(reject);
      const answer = (settle: Letter) => {
        if (this.up) back.push(settle);
      };
      there.push(() => {
        // As a link does: a call is handled at once, its answer leaves when there is one.
        void (async () => act())().then(
          (value) => answer(() => (this.#open.delete(reject), resolve(value))),
          (error) => answer(() => (this.#open.delete(reject), reject(error))),
        );
      });
    });
  }

  cut(): void {
    this.up = false;
    this.toComet.length = this.toJob.length = 0;
    for (const reject of this.#open) reject(new Error("lost"));
    this.#open.clear();
  }
}

/** A comet with its rooms and clients, and jobs that watch them. */
class World {
  readonly clock = new ManualClock();
  readonly rooms = new Rooms<null>();
  readonly interest = new RoomInterest(this.rooms, this.clock, { watchesExpired: 0 });
  readonly members: Member[] = [];
  readonly jobs: Job[];

  constructor(readonly prng: Prng, jobs: number) {
    this.jobs = Array.from({ length: jobs }, (_, index) => new Job(this, `job-${index}`));
  }

  /** Lets a client in as a session does: waits until the room is held, then takes it in. */
  async join(room: string): Promise<void> {
    const held = this.interest.add(room);
    if (held !== undefined) await held;
    this.members.push(this.rooms.join(room, null));
    this.check();
  }

  leave(member: Member): void {
    this.members.splice(this.members.indexOf(member), 1);
    this.rooms.leave(member);
    if (member.room.size === 0) this.interest.remove(member.room.key);
  }

  /** Every room that has members is one that every job would send pushes for. */
  check(): void {
    for (const { room } of this.members) {
      for (const job of this.jobs) {
        assert.ok(job.rooms.has(room.key), `${job.id} would leave out ${room.key}`);
      }
    }
  }
}

/** A job, which may stand still: then nothing of it runs, and its clock goes on. */
class Job {
  readonly rooms: RemoteRoomInterest;
  frozen = false;
  link = new Link();

  constructor(readonly world: World, readonly id: string) {
    const api: RoomInterestApi = {
      watch: () => this.#ask((watcher) => this.world.interest.watch(this.id, watcher)),
      renewWatch: () =>
        this.#ask((watcher) => {
          if (!this.world.interest.renewWatch(this.id, watcher)) throw new Error("begin anew");
        }),
    };
    this.rooms = new RemoteRoomInterest(api, world.clock);
    this.connect();
  }

  connect(): void {
    this.link = new Link();
    this.#watcher = this.#newWatcher(this.link);
    this.rooms.up();
  }

  cut(): void {
    this.link.cut();
    this.rooms.down();
  }

  #watcher!: WatcherApi;

  #newWatcher(link: Link): WatcherApi {
    return {
      add: (rooms) => link.call(link.toJob, link.toComet, () => this.rooms.add(rooms)),
      remove: (rooms) => link.call(link.toJob, link.toComet, () => this.rooms.remove(rooms)),
    };
  }

  #ask<Answer>(act: (watcher: WatcherApi) => Answer): Promise<Answer> {
    const { link } = this;
    const watcher = this.#watcher;
    return link.call(link.toComet, link.toJob, () => act(watcher));
  }
}

async function settle(): Promise<void> {
  for (let step = 0; step < 20; step++) await Promise.resolve();
}

/** Does something at random. */
function act(world: World, waiting: Set<Promise<void>>): void {
  const { prng, jobs, members, clock } = world;
  const job = jobs[randomBelow(prng, jobs.length)];
  switch (randomBelow(prng, 12)) {
    case 0:
    case 1:
    case 2: {
      const joined = world.join(`r://${randomBelow(prng, ROOMS)}`);
      waiting.add(joined);
      void joined.finally(() => waiting.delete(joined)).catch(() => {});
      return;
    }
    case 3:
    case 4:
      if (members.length > 0) world.leave(members[randomBelow(prng, members.length)]);
      return;
    case 5:
      if (randomBelow(prng, 4) > 0) return;
      if (job.link.up) job.cut();
      else job.connect();
      return;
    case 6:
      if (randomBelow(prng, 4) === 0) job.frozen = !job.frozen;
      return;
    case 7:
      clock.advance(randomBelow(prng, 2) === 0 ? 30 : WATCH_MS / 3);
      world.interest.tick();
      for (const one of jobs) if (!one.frozen) one.rooms.tick();
      return;
    default:
      // Some letters arrive, in order; those to a job that stands still lie there.
      for (let count = randomBelow(prng, 4); count > 0; count--) {
        job.link.toComet.shift()?.();
        if (!job.frozen) job.link.toJob.shift()?.();
      }
  }
}

async function run(seed: number): Promise<number> {
  const world = new World(seededPrng(seed), 1 + seed % 2);
  const waiting = new Set<Promise<void>>();
  for (let step = 0; step < STEPS; step++) {
    act(world, waiting);
    await settle();
    world.check();
  }
  // Whatever stands still or is cut holds nobody up for long.
  const joins = [...waiting];
  for (let step = 0; step < 30; step++) {
    world.clock.advance(100);
    world.interest.tick();
    for (const job of world.jobs) {
      while (job.link.toComet.length > 0) job.link.toComet.shift()!();
    }
    await settle();
  }
  await Promise.all(joins);
  assert.equal(waiting.size, 0, "everyone got in");
  return world.members.length;
}

test("a room that has members is never one that a job leaves out, whatever links and jobs do", async () => {
  let members = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      members += await run(seed);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
  assert.ok(members > SEEDS, `${members} members were left at the ends`);
});
