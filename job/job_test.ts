import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock, promisesSettled } from "../base/clock.ts";
import { seededPrng } from "../base/prng.ts";
import { RunningClock } from "../base/running_clock.ts";
import { systemClock } from "../platform/system_clock.ts";
import { MemoryPushLog } from "../drivers/memory/push_log.ts";
import { StaticCometDirectory } from "./comet_directory.ts";
import { Job } from "./job.ts";
import { jobDefaults, type JobOptions, SWEEP_MS } from "./options.ts";
import {
  append,
  broadcastPush,
  FakeComet,
  FaultyLog,
  keysPush,
  microtasks,
  roomPush,
} from "../tests/support/job_fakes.ts";

class Fixture {
  readonly clock = new ManualClock();
  readonly log: MemoryPushLog;
  readonly comets = new StaticCometDirectory();
  readonly job: Job;

  #running: RunningClock | undefined;

  /** @param mayStall Whether the process of the job may stand still. */
  constructor(options: Partial<JobOptions> = {}, mayStall = false) {
    if (mayStall) this.#running = new RunningClock(this.clock);
    this.log = new MemoryPushLog(systemClock, { partitions: 8, partitionBytesMax: 1 << 25 });
    this.job = this.newJob(options);
  }

  /** Another job on the same log, as after a restart. */
  newJob(options: Partial<JobOptions> = {}, owner = "job"): Job {
    const { log: pushLog, comets, clock } = this;
    const running = this.#running ?? clock;
    return new Job({ owner, pushLog, comets, clock, running, prng: seededPrng(1), options });
  }

  comet(server: string, hold = false): FakeComet {
    const comet = new FakeComet(hold);
    this.comets.add(server, comet);
    return comet;
  }

  async room(room: string, text: string): Promise<void> {
    await append(this.log, roomPush(room, text));
  }

  /** Moves time on in steps, letting everything run after each. */
  async advance(spanMs: number, stepMs = SWEEP_MS): Promise<void> {
    for (let passedMs = 0; passedMs < spanMs; passedMs += stepMs) {
      this.clock.advance(stepMs);
      await promisesSettled();
    }
  }

  /** Stops with nothing on its way, and leaves nothing behind. */
  async stop(): Promise<void> {
    await this.job.stop();
    await this.log.close();
    this.#running?.stop();
    assert.equal(this.clock.pending, 0, "a timer was left behind");
  }
}

describe("goim fault 1: a push is acknowledged only after the comets took it", () => {
  test("a comet that fails is tried again, and the push stays in the log", async () => {
    const fixture = new Fixture();
    const comet = fixture.comet("s", true);
    fixture.job.start();
    await fixture.room("r://1", "a");
    await promisesSettled();
    for (let attempt = 0; attempt < 3; attempt++) {
      assert.equal(fixture.log.entries, 1);
      comet.fail();
      await fixture.advance(5_000);
    }
    comet.acknowledge();
    await promisesSettled();
    assert.equal(fixture.log.entries, 0);
    assert.deepEqual(comet.received, ["r://1:a", "r://1:a", "r://1:a", "r://1:a"]);
    await fixture.stop();
  });

  test("what a job did not get through, the next one claims and delivers in order", async () => {
    const fixture = new Fixture();
    const stuck = fixture.comet("s", true);
    fixture.job.start();
    for (const text of ["a", "b", "c"]) await fixture.room("r://1", text);
    await promisesSettled();
    const stopped = fixture.job.stop();
    await fixture.advance(jobDefaults.stopMsMax);
    await stopped;
    assert.equal(fixture.log.entries, 3);
    stuck.acknowledge();
    await promisesSettled();
    assert.equal(fixture.log.entries, 3, "a stopped job acknowledges nothing");

    const comet = fixture.comet("s");
    const next = fixture.newJob({}, "next");
    next.start();
    await promisesSettled();
    assert.deepEqual(comet.received, ["r://1:a,b,c"]);
    assert.equal(fixture.log.entries, 0);
    await next.stop();
    await fixture.stop();
  });
});

test("goim fault 3: nothing queued for an idle room is lost", async () => {
  const fixture = new Fixture();
  const comet = fixture.comet("s", true);
  fixture.job.start();
  await fixture.room("r://busy", "first");
  await promisesSettled();
  await fixture.room("r://idle", "queued");
  await fixture.advance(3_600_000, 600_000);
  assert.deepEqual(comet.received, ["r://busy:first"]);
  comet.hold = false;
  comet.acknowledge();
  await promisesSettled();
  assert.deepEqual(comet.received, ["r://busy:first", "r://idle:queued"]);
  await fixture.advance(3_600_000, 600_000);
  await fixture.room("r://idle", "after an hour");
  await promisesSettled();
  assert.deepEqual(comet.received.slice(2), ["r://idle:after an hour"]);
  assert.equal(fixture.log.entries, 0);
  await fixture.stop();
});

describe("goim fault 5: a stuck comet does not hold up the others", () => {
  test("not while there is room in its lane", async () => {
    const fixture = new Fixture();
    const [stuck, well] = [fixture.comet("stuck", true), fixture.comet("well")];
    fixture.job.start();
    for (let push = 0; push < 5_000; push++) {
      await fixture.room(`r://${push % 10}`, `${push}`);
      if (push % 100 === 0) await promisesSettled();
    }
    await promisesSettled();
    assert.equal(fixture.job.counters.delivered, 5_000);
    assert.equal(well.received.map((line) => line.split(",").length).reduce((a, b) => a + b), 5000);
    assert.equal(stuck.batches.length, 1);
    fixture.comets.remove("stuck");
    await fixture.advance(SWEEP_MS);
    await fixture.stop();
  });

  test("nor is it slow because the job itself stood still: what it took is read first", async () => {
    const fixture = new Fixture({ laneBytesMax: 1 << 20 }, true);
    const comet = fixture.comet("well", true);
    fixture.job.start();
    for (let push = 0; push < 1_500; push++) {
      await append(fixture.log, broadcastPush("x".repeat(1_000)));
    }
    await fixture.advance(SWEEP_MS);
    fixture.clock.stall(15_000);
    // Its acknowledgement lies in the socket, and is read in the first turns.
    fixture.clock.nextTurn(() => {
      comet.hold = false;
      comet.acknowledge();
    });
    await fixture.advance(2 * SWEEP_MS);
    assert.equal(fixture.job.counters.shed, 0);
    assert.equal(comet.batches.flat().length, 1_500);
    await fixture.stop();
  });

  test("not for longer than the stall limit when its lane is full", async () => {
    const fixture = new Fixture({ laneBytesMax: 1 << 20 });
    const { counters } = fixture.job;
    const [stuck, well] = [fixture.comet("stuck", true), fixture.comet("well")];
    fixture.job.start();
    for (let push = 0; push < 1_500; push++) {
      await append(fixture.log, broadcastPush("x".repeat(1_000)));
    }
    await fixture.advance(jobDefaults.stallMsMax - SWEEP_MS);
    const before = well.batches.flat().length;
    assert.ok(before < 1_500, "a full lane makes the consumer wait at first");
    await fixture.advance(2 * SWEEP_MS);
    assert.equal(well.batches.flat().length, 1_500);
    assert.equal(counters.shed, 1_500 - fixture.log.entries);

    for (let push = 0; push < 100; push++) await append(fixture.log, broadcastPush("more"));
    await promisesSettled();
    assert.equal(well.batches.flat().length, 1_600, "a slow comet costs the others nothing");

    stuck.hold = false;
    stuck.acknowledge();
    await promisesSettled();
    assert.equal(fixture.log.entries, 0, "what its lane held is delivered");
    await append(fixture.log, broadcastPush("after"));
    await promisesSettled();
    assert.equal(stuck.received.at(-1), "*after");
    assert.equal(stuck.batches.flat().length + counters.shed, 1_601);
    await fixture.stop();
  });
});

test("goim fault 8: a broadcast with no comets is acknowledged", async () => {
  const fixture = new Fixture();
  fixture.job.start();
  await append(fixture.log, broadcastPush("anyone?", 7));
  await append(fixture.log, broadcastPush("anyone?"));
  await fixture.room("r://1", "anyone?");
  await append(fixture.log, keysPush("gone", ["k"], "anyone?"));
  assert.equal(fixture.log.entries, 4);
  await promisesSettled();
  assert.equal(fixture.log.entries, 0);
  await fixture.stop();
});

test("goim fault 10: a push to an idle room leaves at once", async () => {
  const fixture = new Fixture();
  const comet = fixture.comet("s");
  fixture.job.start();
  await promisesSettled();
  for (let push = 0; push < 3; push++) {
    await fixture.room("r://1", `${push}`);
    await microtasks();
    assert.equal(comet.received.at(-1), `r://1:${push}`);
  }
  assert.equal(fixture.clock.monotonicMs(), 0);
  await fixture.stop();
});

describe("Job", () => {
  test("sends 100 pushes that come while a batch is in flight as one batch", async () => {
    const fixture = new Fixture();
    const comet = fixture.comet("s", true);
    fixture.job.start();
    await fixture.room("r://0", "first");
    await promisesSettled();
    for (let push = 0; push < 100; push++) await fixture.room(`r://${push % 7}`, `${push}`);
    await promisesSettled();
    comet.acknowledge();
    await promisesSettled();
    assert.deepEqual(comet.batches.map((batch) => batch.length), [1, 7]);
    comet.acknowledge();
    await promisesSettled();
    const { delivered, batches, batchItems } = fixture.job.counters;
    assert.deepEqual([delivered, batches, batchItems], [101, 2, 8]);
    await fixture.stop();
  });

  test("keeps no more for a stuck comet than its lane may hold", async () => {
    const laneBytesMax = 1 << 20;
    const fixture = new Fixture({ laneBytesMax });
    const stuck = fixture.comet("stuck", true);
    fixture.comet("well");
    fixture.job.start();
    for (let second = 0; second < 20; second++) {
      for (let push = 0; push < 1_000; push++) {
        await fixture.room(`r://${push % 50}`, "x".repeat(1_000));
      }
      await fixture.advance(1_000);
      assert.ok(fixture.log.bytes < 3 * laneBytesMax, `${fixture.log.bytes} bytes in the log`);
    }
    assert.ok(fixture.log.bytes <= laneBytesMax, `${fixture.log.bytes} bytes stay`);
    assert.equal(stuck.batches.length, 1);
    fixture.comets.remove("stuck");
    await fixture.advance(SWEEP_MS);
    assert.equal(fixture.log.entries, 0);
    await fixture.stop();
  });

  test("lets no crowd into a full lane when there is room for one", async () => {
    const laneBytesMax = 3_000;
    const fixture = new Fixture({ laneBytesMax });
    const comet = fixture.comet("s", true);
    fixture.job.start();
    for (let push = 0; push < 100; push++) await fixture.room(`r://${push}`, "x".repeat(1_000));
    await promisesSettled();
    while (fixture.log.entries > 0) {
      comet.acknowledge();
      await promisesSettled();
    }
    for (const batch of comet.batches) {
      const bytes = batch.reduce((sum, { frames }) => sum + frames.length, 0);
      assert.ok(bytes < laneBytesMax + 1_016, `${bytes} bytes in a batch`);
    }
    await fixture.stop();
  });

  test("gives up a comet that is removed mid-batch, and goes on with the others", async () => {
    const fixture = new Fixture();
    const [leaving, staying] = [fixture.comet("leaving", true), fixture.comet("staying")];
    fixture.job.start();
    for (let push = 0; push < 10; push++) await fixture.room("r://1", `${push}`);
    await promisesSettled();
    assert.equal(fixture.log.entries, 10);
    fixture.comets.remove("leaving");
    await fixture.room("r://1", "after");
    await promisesSettled();
    assert.match(staying.received.join(), /after$/);
    await fixture.advance(SWEEP_MS);
    assert.equal(fixture.log.entries, 0);
    assert.equal(fixture.job.counters.gone, 10);
    leaving.fail();
    await fixture.advance(5_000);
    assert.equal(leaving.batches.length, 1);
    await fixture.stop();
  });

  test("begins anew with a comet that came back as another", async () => {
    const fixture = new Fixture();
    const old = fixture.comet("s", true);
    fixture.job.start();
    await fixture.room("r://1", "to the old one");
    await promisesSettled();
    const back = fixture.comet("s");
    await fixture.room("r://1", "to the new one");
    await promisesSettled();
    assert.deepEqual(old.received, ["r://1:to the old one"]);
    assert.deepEqual(back.received, ["r://1:to the new one"]);
    assert.equal(fixture.log.entries, 0);
    await fixture.stop();
  });

  test("stop() waits for what is on its way and acknowledges it", async () => {
    const fixture = new Fixture();
    const comet = fixture.comet("s", true);
    fixture.job.start();
    await fixture.room("r://1", "a");
    await promisesSettled();
    await fixture.room("r://1", "b");
    await promisesSettled();
    let stopped = false;
    const stop = fixture.job.stop().then(() => stopped = true);
    await promisesSettled();
    assert.equal(stopped, false);
    comet.acknowledge();
    await promisesSettled();
    assert.equal(stopped, false);
    comet.acknowledge();
    await stop;
    assert.deepEqual(comet.received, ["r://1:a", "r://1:b"]);
    assert.equal(fixture.log.entries, 0);
    await fixture.stop();
  });

  test("stop() waits for the log to acknowledge", async () => {
    const fixture = new Fixture();
    fixture.comet("s");
    const log = new FaultyLog(fixture.log);
    const { comets, clock } = fixture;
    await fixture.job.stop();
    const job = new Job({
      owner: "job",
      pushLog: log,
      comets,
      clock,
      running: clock,
      prng: seededPrng(1),
    });
    log.ackFailures = 1;
    job.start();
    await fixture.room("r://1", "a");
    await promisesSettled();
    const stop = job.stop();
    await promisesSettled();
    assert.equal(fixture.log.entries, 1);
    await fixture.advance(200);
    await stop;
    assert.equal(fixture.log.entries, 0);
    assert.equal(clock.pending, 0);
    await fixture.stop();
  });

  test("stop() gives up at its deadline, also while a comet or a full lane is waited for", async () => {
    const fixture = new Fixture({ laneBytesMax: 2_000, stopMsMax: 500 });
    const comet = fixture.comet("s", true);
    fixture.job.start();
    for (let push = 0; push < 10; push++) await fixture.room("r://1", "x".repeat(1_000));
    await promisesSettled();
    comet.fail();
    await promisesSettled();
    const stop = fixture.job.stop();
    await fixture.advance(500);
    await stop;
    assert.equal(fixture.log.entries, 10);
    await fixture.stop();
  });
});
