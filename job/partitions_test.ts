import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock, promisesSettled } from "../base/clock.ts";
import { type Prng, randomBelow, seededPrng } from "../base/prng.ts";
import { MemoryPushLog } from "../drivers/memory/push_log.ts";
import type { PushLog } from "../drivers/ports.ts";
import { forEachFrame } from "../protocol/frame.ts";
import type { CometApi } from "../protocol/cluster/comet_calls.ts";
import type { Delivery } from "../protocol/cluster/delivery.ts";
import { StaticCometDirectory } from "./comet_directory.ts";
import { Job } from "./job.ts";
import { append, roomPush } from "../tests/support/job_fakes.ts";

const LEASE_MS = 3_000;
const PARTITIONS = 8;

/** A comet that leaves out what it has seen, as a real one does, and keeps what is new. */
class StrictComet implements CometApi {
  readonly texts: string[] = [];
  readonly #progress = new Map<number, { token: number; last: number }>();

  deliver(batch: readonly Delivery[]): Promise<readonly number[]> {
    const fenced: number[] = [];
    const before = new Map([...this.#progress].map(([partition, { last }]) => [partition, last]));
    for (const item of batch) {
      assert.ok(item.kind === "room");
      const { partition, token, positions } = item;
      const known = this.#progress.get(partition) ?? { token, last: -1 };
      if (token < known.token) {
        fenced.push(partition);
        continue;
      }
      let index = 0;
      forEachFrame(item.frames, ({ body }) => {
        const isNew = positions[index++] > (before.get(partition) ?? -1);
        if (isNew) this.texts.push(`${item.room} ${new TextDecoder().decode(body)}`);
      });
      this.#progress.set(partition, { token, last: Math.max(known.last, ...positions) });
    }
    return Promise.resolve(fenced);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A process that can stand still: what it asks of the log is not answered then. */
class FreezingLog {
  #waiting: (() => void)[] = [];
  #frozen = false;

  /** The log as the process sees it. */
  readonly log: PushLog;

  constructor(log: PushLog) {
    this.log = new Proxy(log, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return async (...args: unknown[]) => {
          await this.#thawed();
          const result = await value.apply(target, args);
          // An answer that comes while the process stands still is read when it goes on.
          await this.#thawed();
          return result;
        };
      },
    });
  }

  freeze(): void {
    this.#frozen = true;
  }

  thaw(): void {
    this.#frozen = false;
    for (const go of this.#waiting) go();
    this.#waiting = [];
  }

  async #thawed(): Promise<void> {
    while (this.#frozen) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

class World {
  readonly clock = new ManualClock();
  readonly log = new MemoryPushLog(this.clock, {
    partitions: PARTITIONS,
    partitionBytesMax: 1 << 24,
    leaseMs: LEASE_MS,
  });
  readonly comet = new StrictComet();
  readonly comets = new StaticCometDirectory();
  #names = 0;

  constructor() {
    this.comets.add("c~1", this.comet);
  }

  start(): { job: Job; process: FreezingLog } {
    const process = new FreezingLog(this.log);
    const { comets, clock } = this;
    const owner = `job~${++this.#names}`;
    const job = new Job({
      owner,
      pushLog: process.log,
      comets,
      clock,
      running: clock,
      prng: seededPrng(1),
    });
    job.start();
    return { job, process };
  }

  async pass(spanMs: number): Promise<void> {
    for (let passedMs = 0; passedMs < spanMs; passedMs += 100) {
      this.clock.advance(100);
      await promisesSettled();
    }
  }

  /** Stops a job while time passes. */
  async stop(job: Job): Promise<void> {
    let over = false;
    const stopped = job.stop().then(() => over = true);
    while (!over) await this.pass(100);
    await stopped;
  }
}

describe("Partitions", () => {
  test("are all read by the only job, and shared evenly when others come and go", async () => {
    const world = new World();
    const [a, b, c] = [world.start(), world.start(), world.start()];
    await world.pass(2 * LEASE_MS);
    const sizes = () => [a, b, c].map(({ job }) => job.partitions).toSorted();
    assert.deepEqual(sizes(), [2, 3, 3]);
    await world.stop(b.job);
    await world.pass(LEASE_MS);
    assert.deepEqual([a.job.partitions, c.job.partitions], [4, 4]);
    await world.stop(c.job);
    await world.pass(LEASE_MS);
    assert.equal(a.job.partitions, PARTITIONS);
    assert.equal(a.job.counters.leasesLost + b.job.counters.leasesLost, 0, "handed over, not lost");
    await world.stop(a.job);
    await world.log.close();
    assert.equal(world.clock.pending, 0);
  });

  test("change hands at once when a job stops, and after a lease when it stands still", async () => {
    const world = new World();
    const [a, b] = [world.start(), world.start()];
    await world.pass(LEASE_MS);
    b.process.freeze();
    await world.pass(LEASE_MS - 1_000);
    assert.equal(a.job.partitions, PARTITIONS / 2);
    await world.pass(2_500);
    assert.equal(a.job.partitions, PARTITIONS);
    b.process.thaw();
    await world.pass(2 * LEASE_MS);
    assert.deepEqual([a.job.partitions, b.job.partitions], [4, 4]);
    assert.ok(b.job.counters.leasesLost > 0);
    await world.stop(a.job);
    await world.stop(b.job);
    await world.log.close();
  });

  test("stay while the log cannot be reached for less than a lease", async () => {
    const world = new World();
    const { job, process } = world.start();
    await world.pass(500);
    process.freeze();
    await world.pass(LEASE_MS - 1_500);
    process.thaw();
    await world.pass(LEASE_MS);
    assert.equal(job.counters.leasesLost, 0);
    assert.equal(job.counters.leases, PARTITIONS);
    await world.stop(job);
    await world.log.close();
  });
});

/** Jobs come, stop, stand still and go on, while pushes run. */
async function live(prng: Prng): Promise<void> {
  const world = new World();
  let jobs = [world.start()];
  const expected = new Map<string, string[]>();
  for (let step = 0; step < 150; step++) {
    for (let push = randomBelow(prng, 4); push > 0; push--) {
      const room = `r://${randomBelow(prng, 12)}`;
      const text = `${room} ${step}.${push}`;
      expected.set(room, [...expected.get(room) ?? [], text]);
      await append(world.log, roomPush(room, `${step}.${push}`));
    }
    const one = jobs[randomBelow(prng, jobs.length)];
    switch (randomBelow(prng, 12)) {
      case 0:
        if (jobs.length < 3) jobs.push(world.start());
        break;
      case 1:
        if (jobs.length > 1) {
          one.process.thaw();
          jobs = jobs.filter((other) => other !== one);
          await world.stop(one.job);
        }
        break;
      case 2:
        one.process.freeze();
        break;
      case 3:
        one.process.thaw();
        break;
      case 4:
        await world.pass(randomBelow(prng, 2 * LEASE_MS));
        break;
      default:
        await world.pass(100);
    }
  }
  for (const { process } of jobs) process.thaw();
  for (let wait = 0; world.log.entries > 0; wait++) {
    assert.ok(wait < 200, `${world.log.entries} pushes do not get through`);
    await world.pass(100);
  }
  const got = new Map<string, string[]>();
  for (const text of world.comet.texts) {
    const [room] = text.split(" ");
    got.set(room, [...got.get(room) ?? [], text]);
  }
  for (const [room, texts] of expected) assert.deepEqual(got.get(room), texts);
  for (const { job } of jobs) await world.stop(job);
  await world.log.close();
  assert.equal(world.clock.pending, 0, "no timer is left");
}

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(
    `every push arrives once and in order, whatever jobs do (seed ${seed})`,
    { timeout: 60_000 },
    () => live(seededPrng(seed)),
  );
}
