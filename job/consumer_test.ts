import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock, promisesSettled } from "../base/clock.ts";
import { seededPrng } from "../base/prng.ts";
import { systemClock } from "../platform/system_clock.ts";
import { MemoryPushLog } from "../drivers/memory/push_log.ts";
import type { Lease } from "../drivers/ports.ts";
import type { BroadcastDelivery } from "../protocol/cluster/delivery.ts";
import { StaticCometDirectory } from "./comet_directory.ts";
import { Consumer } from "./consumer.ts";
import { JobCounters } from "./counters.ts";
import { Lanes } from "./lanes.ts";
import { ACKS_MAX, ENTRIES_PER_READ, jobDefaults, retryBackoff } from "./options.ts";
import {
  broadcastPush,
  FakeComet,
  FaultyLog,
  keysPush,
  roomPush,
} from "../tests/support/job_fakes.ts";

class Fixture {
  readonly clock = new ManualClock();
  readonly memory = new MemoryPushLog(systemClock, { partitions: 1, partitionBytesMax: 1 << 24 });
  readonly log = new FaultyLog(this.memory);
  readonly comets = new StaticCometDirectory();
  readonly counters = new JobCounters();
  readonly consumer: Consumer;

  constructor(readonly lease: Lease) {
    const { clock, comets, counters, log: pushLog } = this;
    const prng = seededPrng(1);
    const lanes = new Lanes({ comets, clock, prng, options: jobDefaults, counters });
    this.consumer = new Consumer(lease, { pushLog, comets, lanes, clock, prng, counters });
  }

  /** One that holds the lease of the only partition. */
  static async start(): Promise<Fixture> {
    const fixture = new Fixture({ partition: 0, owner: "job", token: 1 });
    assert.deepEqual(await fixture.memory.acquire(0, "job"), fixture.lease);
    return fixture;
  }

  comet(server: string, hold = false): FakeComet {
    const comet = new FakeComet(hold);
    this.comets.add(server, comet);
    return comet;
  }

  /** Waits out one backoff. */
  async retry(): Promise<void> {
    await promisesSettled();
    this.clock.advance(2 * retryBackoff.maxMs);
    await promisesSettled();
  }
}

describe("Consumer", () => {
  test("handles what is pending before what is new", async () => {
    const fixture = await Fixture.start();
    const { log, memory, consumer } = fixture;
    const comet = fixture.comet("s");
    for (const text of ["a", "b", "c", "d"]) await log.append(0, roomPush(`r://${text}`, text));
    await memory.read(fixture.lease, 2);
    const run = consumer.run();
    await promisesSettled();
    assert.deepEqual(comet.received, ["r://a:a", "r://b:b", "r://c:c", "r://d:d"]);
    assert.equal(memory.entries, 0);
    await log.close();
    await run;
  });

  test("sends rooms and broadcasts to every comet, and keys to theirs", async () => {
    const fixture = await Fixture.start();
    const { log, consumer } = fixture;
    const [a, b] = [fixture.comet("a"), fixture.comet("b")];
    consumer.run();
    await log.append(0, roomPush("r://1", "room"));
    await log.append(0, keysPush("b", ["k"], "keys"));
    await log.append(0, keysPush("gone", ["k"], "keys of a comet that left"));
    await log.append(0, broadcastPush("all"));
    await promisesSettled();
    assert.deepEqual(a.received, ["r://1:room", "*all"]);
    assert.deepEqual(b.received, ["r://1:room", "k=keys", "*all"]);
    assert.equal(fixture.memory.entries, 0);
    await log.close();
  });

  test("encodes a push once for all comets", async () => {
    const fixture = await Fixture.start();
    const [a, b] = [fixture.comet("a"), fixture.comet("b")];
    fixture.consumer.run();
    await fixture.log.append(0, roomPush("r://1", "shared"));
    await promisesSettled();
    assert.equal(a.batches[0][0].frames, b.batches[0][0].frames);
    await fixture.log.close();
  });

  test("shares the speed of a broadcast among the comets, rounded up", async () => {
    const fixture = await Fixture.start();
    const comets = ["a", "b", "c"].map((server) => fixture.comet(server));
    fixture.consumer.run();
    for (const speed of [0, 1, 3, 100]) await fixture.log.append(0, broadcastPush("x", speed));
    await promisesSettled();
    for (const { batches } of comets) {
      const speeds = batches.flat().map((item) => (item as BroadcastDelivery).speed);
      assert.deepEqual(speeds, [0, 1, 1, 34]);
    }
    await fixture.log.close();
  });

  test("acknowledges when the last comet has taken the push", async () => {
    const fixture = await Fixture.start();
    const { log, consumer } = fixture;
    const [a, b] = [fixture.comet("a", true), fixture.comet("b", true)];
    consumer.run();
    const { position } = await log.append(0, roomPush("r://1", "a"));
    await promisesSettled();
    a.acknowledge();
    await promisesSettled();
    assert.deepEqual(log.acks, []);
    b.acknowledge();
    await promisesSettled();
    assert.deepEqual(log.acks, [[position]]);
    await log.close();
  });

  test("acknowledges the pushes of one batch together", async () => {
    const fixture = await Fixture.start();
    const { log, consumer } = fixture;
    const comet = fixture.comet("s", true);
    consumer.run();
    const positions: number[] = [];
    for (let push = 0; push < 50; push++) {
      positions.push((await log.append(0, roomPush(`r://${push}`, "x"))).position);
    }
    await promisesSettled();
    while (comet.held.length > 0) {
      comet.acknowledge();
      await promisesSettled();
    }
    assert.deepEqual(log.acks.flat(), positions);
    assert.ok(log.acks.length <= 2, `${log.acks.length} acknowledgements`);
    await log.close();
  });

  test("delivers what a failed read had taken, once and in order", async () => {
    const fixture = await Fixture.start();
    const { log, consumer, counters, memory } = fixture;
    const comet = fixture.comet("s", true);
    consumer.run();
    await log.append(0, roomPush("r://1", "a"));
    await promisesSettled();
    log.readFailures = 1;
    await log.append(0, roomPush("r://1", "b"));
    await log.append(0, roomPush("r://1", "c"));
    await fixture.retry();
    assert.equal(counters.logFailures, 1);
    comet.hold = false;
    comet.acknowledge();
    await promisesSettled();
    assert.equal(comet.received.join().replaceAll("r://1:", ""), "a,b,c");
    assert.equal(memory.entries, 0);
    await log.close();
  });

  test("waits longer while the log goes on failing", async () => {
    const fixture = await Fixture.start();
    const { log, consumer, counters, clock } = fixture;
    fixture.comet("s");
    consumer.run();
    log.readFailures = 6;
    for (let failure = 1; failure <= 6; failure++) {
      await log.append(0, roomPush("r://1", "x"));
      await promisesSettled();
      assert.equal(counters.logFailures, failure);
      const waitMs = 0.7 * retryBackoff.baseMs * 2 ** (failure - 1);
      clock.advance(Math.min(waitMs, 0.7 * retryBackoff.maxMs) - 1);
      await promisesSettled();
      assert.equal(clock.pending, 1, `the wait after failure ${failure} was too short`);
      await fixture.retry();
    }
    await log.close();
  });

  test("acknowledges again what the log failed to acknowledge, with what came meanwhile", async () => {
    const fixture = await Fixture.start();
    const { log, consumer, counters, memory } = fixture;
    const comet = fixture.comet("s");
    consumer.run();
    log.ackFailures = 2;
    const { position: first } = await log.append(0, roomPush("r://1", "a"));
    await promisesSettled();
    const { position: second } = await log.append(0, roomPush("r://1", "b"));
    await fixture.retry();
    await fixture.retry();
    assert.deepEqual(comet.received, ["r://1:a", "r://1:b"], "nothing is delivered twice");
    assert.deepEqual(log.acks, [[first, second]]);
    assert.equal(counters.logFailures, 2);
    assert.equal(memory.entries, 0);
    await log.close();
  });

  test("reads no further when too many acknowledgements wait", async () => {
    const fixture = await Fixture.start();
    const { log, consumer, memory, counters } = fixture;
    fixture.comet("s");
    log.ackFailures = Infinity;
    const pushes = ACKS_MAX + 4 * ENTRIES_PER_READ;
    for (let push = 0; push < pushes; push++) await log.append(0, roomPush("r://1", "x"));
    consumer.run();
    await promisesSettled();
    assert.ok(counters.delivered >= ACKS_MAX, `${counters.delivered} delivered`);
    assert.ok(counters.delivered < ACKS_MAX + 2 * ENTRIES_PER_READ, `${counters.delivered}`);
    log.ackFailures = 0;
    await fixture.retry();
    assert.equal(counters.delivered, pushes);
    assert.equal(memory.entries, 0);
    await log.close();
  });

  test("hands out nothing more once it is stopped", async () => {
    const fixture = await Fixture.start();
    const { log, consumer, memory } = fixture;
    const comet = fixture.comet("s");
    const run = consumer.run();
    await promisesSettled();
    consumer.stop();
    await log.append(0, roomPush("r://1", "a"));
    await promisesSettled();
    assert.deepEqual(comet.batches, []);
    assert.equal(memory.entries, 1, "the push stays in the log");
    await log.close();
    await run;
  });
});
