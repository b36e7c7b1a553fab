import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { seededPrng } from "../base/prng.ts";
import { StaticCometDirectory } from "./comet_directory.ts";
import { JobCounters } from "./counters.ts";
import { Lanes } from "./lanes.ts";
import { jobDefaults } from "./options.ts";
import { FakeComet } from "../tests/support/job_fakes.ts";

function fixture() {
  const comets = new StaticCometDirectory();
  const lanes = new Lanes({
    comets,
    clock: new ManualClock(),
    prng: seededPrng(1),
    options: jobDefaults,
    counters: new JobCounters(),
  });
  return { comets, lanes };
}

describe("Lanes", () => {
  test("keeps one lane for each comet that is alive", () => {
    const { comets, lanes } = fixture();
    assert.deepEqual(lanes.all(), []);
    assert.equal(lanes.of("a"), undefined);
    comets.add("a", new FakeComet());
    comets.add("b", new FakeComet());
    const all = lanes.all();
    assert.deepEqual(all.map((lane) => lane.server), ["a", "b"]);
    assert.deepEqual(lanes.all(), all);
    assert.equal(lanes.of("a"), all[0]);
  });

  test("ends the lane of a comet that another one replaced", () => {
    const { comets, lanes } = fixture();
    comets.add("a", new FakeComet());
    const old = lanes.of("a")!;
    const replacement = new FakeComet();
    comets.add("a", replacement);
    const lane = lanes.of("a")!;
    assert.equal(old.ended, true);
    assert.equal(lane.comet, replacement);
    assert.equal(lane.ended, false);
  });

  test("ends the lane of a comet that left, and begins another when it is back", () => {
    const { comets, lanes } = fixture();
    const comet = new FakeComet();
    comets.add("a", comet);
    const old = lanes.of("a")!;
    comets.remove("a");
    lanes.check();
    assert.equal(old.ended, true);
    comets.add("a", comet);
    const lane = lanes.of("a")!;
    assert.notEqual(lane, old);
    assert.equal(lane.ended, false);
  });
});
