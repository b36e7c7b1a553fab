import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ManualClock } from "../base/clock.ts";
import { type Prng, randomBelow, seededPrng } from "../base/prng.ts";
import { systemClock } from "../platform/system_clock.ts";
import { MemoryPushLog } from "../drivers/memory/push_log.ts";
import { type CometApi, NONE_FENCED } from "../protocol/cluster/comet_calls.ts";
import type { Delivery } from "../protocol/cluster/delivery.ts";
import { forEachFrame } from "../protocol/frame.ts";
import { partitionOf, type RoomPush } from "../protocol/push_message.ts";
import { StaticCometDirectory } from "./comet_directory.ts";
import { Job } from "./job.ts";
import { append, microtasks, readable, roomPush } from "../tests/support/job_fakes.ts";

const PUSHES = 300;

/** A comet that takes its time and fails now and then; it keeps what it acknowledged. */
class ErraticComet implements CometApi {
  readonly taken: Delivery[] = [];
  inFlight = 0;

  /** @param slowMs How long a batch takes at most, in milliseconds. */
  constructor(
    private readonly clock: ManualClock,
    private readonly prng: Prng,
    private readonly slowMs = 40,
  ) {}

  deliver(batch: readonly Delivery[]): Promise<readonly number[]> {
    assert.equal(++this.inFlight, 1, "one batch at a time");
    const fails = randomBelow(this.prng, 5) === 0;
    return new Promise((resolve, reject) =>
      this.clock.setTimeout(() => {
        this.inFlight--;
        if (fails) return reject(new Error("erratic"));
        this.taken.push(...batch);
        resolve(NONE_FENCED);
      }, randomBelow(this.prng, this.slowMs))
    );
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The texts that came for each room, in order. */
function textsByRoom(taken: readonly Delivery[]): Map<string, string[]> {
  const texts = new Map<string, string[]>();
  for (const line of readable(taken)) {
    const [, room, list] = line.match(/^(r:\/\/\d+):(.*)$/)!;
    texts.set(room, [...texts.get(room) ?? [], ...list.split(",")]);
  }
  return texts;
}

async function run(seed: number, rooms: number): Promise<void> {
  const clock = new ManualClock();
  const prng = seededPrng(seed);
  const log = new MemoryPushLog(systemClock, { partitions: 4, partitionBytesMax: 1 << 24 });
  const comets = new StaticCometDirectory();
  const erratic = ["a", "b", "c"].map((server) => {
    const comet = new ErraticComet(clock, prng);
    comets.add(server, comet);
    return comet;
  });
  // The lanes are so short that the consumers often wait, and never shed.
  const options = { laneBytesMax: 20_000, stallMsMax: 1e9 };
  const job = new Job({ owner: "job", pushLog: log, comets, clock, running: clock, prng, options });
  job.start();
  const expected = new Map<string, string[]>();
  for (let push = 0; push < PUSHES; push++) {
    const room = `r://${randomBelow(prng, rooms)}`;
    const text = `${push}`.padEnd(1 + randomBelow(prng, 2_000), ".");
    expected.set(room, [...expected.get(room) ?? [], text]);
    await append(log, roomPush(room, text));
    if (randomBelow(prng, 8) > 0) continue;
    clock.advance(10);
    await microtasks();
  }
  for (let step = 0; log.entries > 0; step++) {
    assert.ok(step < 10_000, "the pushes do not get through");
    clock.advance(10);
    await microtasks();
  }
  for (const { taken } of erratic) {
    const received = textsByRoom(taken);
    assert.equal(received.size, expected.size);
    for (const [room, texts] of expected) assert.deepEqual(received.get(room), texts);
  }
  assert.equal(job.counters.delivered, 3 * PUSHES);
  assert.ok(job.counters.retries > 0);
  await job.stop();
  await log.close();
}

test("goim fault 2: pushes to one room keep their order", () =>
  fc.assert(
    fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 20 }), run),
    { numRuns: 20, seed: 20 },
  ));

/**
 * A comet that is slow again and again; of each room with a log it is told of the last push, by the
 * push itself or in its place.
 *
 * @returns How many pushes it did not get.
 */
async function runShedding(seed: number, rooms: number): Promise<number> {
  const clock = new ManualClock();
  const prng = seededPrng(seed);
  const log = new MemoryPushLog(clock, { partitions: 4, partitionBytesMax: 1 << 24 }, prng);
  const comets = new StaticCometDirectory();
  const comet = new ErraticComet(clock, prng, 400);
  comets.add("a", comet);
  const options = { laneBytesMax: 20_000, stallMsMax: 150, stopMsMax: 60_000 };
  const job = new Job({ owner: "job", pushLog: log, comets, clock, running: clock, prng, options });
  job.start();
  const last = new Map<string, number>();
  for (let push = 0; push < PUSHES; push++) {
    const message = roomPush(`r://${randomBelow(prng, rooms)}`, "x".repeat(2_000));
    const partition = partitionOf(message, log.partitions);
    const retention = { sizeMax: 10, ttlMs: 60_000 };
    const { stream } = await log.append(partition, message, { retention });
    last.set((message as RoomPush).room, stream!.offset);
    clock.advance(10);
    await microtasks();
  }
  let stopped = false;
  let stopping: Promise<unknown> | undefined;
  for (let step = 0; !stopped; step++) {
    assert.ok(step < 10_000, "the pushes do not get through");
    // Whoever stops waits for what comets are still to be told.
    if (log.entries === 0) stopping ??= job.stop().then(() => stopped = true);
    clock.advance(10);
    await microtasks();
  }
  const offsets = new Map<string, number>();
  const heads = new Map<string, number>();
  for (const delivery of comet.taken) {
    assert.ok(delivery.kind === "room" && delivery.epoch !== "");
    const { room, head, frames } = delivery;
    heads.set(room, Math.max(heads.get(room) ?? 0, head));
    forEachFrame(frames, ({ sequence }) => {
      assert.ok(sequence > (offsets.get(room) ?? 0), "pushes to a room keep their order");
      offsets.set(room, sequence);
    });
  }
  assert.deepEqual([...heads].toSorted(), [...last].toSorted());
  await log.close();
  return job.counters.shed;
}

test("a comet hears of every room of which pushes were dropped", async () => {
  let shed = 0;
  const run = async (seed: number, rooms: number) => void (shed += await runShedding(seed, rooms));
  const property = fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 20 }), run);
  await fc.assert(property, { numRuns: 20, seed: 21 });
  assert.ok(shed > PUSHES, `${shed} pushes were dropped`);
});
