import assert from "node:assert/strict";
import { it } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { withLogLines } from "../../tests/support/log_lines.ts";
import { Outage } from "./store_health.ts";

it("Outage says when it begins and when nothing has failed for a while", async () => {
  await withLogLines(["halley", "redis"], (lines) => {
    const clock = new ManualClock();
    const outage = new Outage(clock, "It rains", "It is dry");
    outage.succeeded();
    for (let times = 0; times < 3; times++) outage.failed("clouds");
    clock.advance(999);
    outage.succeeded();
    assert.ok(outage.isOn);
    clock.advance(1);
    outage.succeeded();
    assert.ok(!outage.isOn);
    assert.deepEqual(lines, ["warning: It rains: clouds", "info: It is dry"]);
    return Promise.resolve();
  });
});

it("Outage that comes and goes is said ever less often", async () => {
  await withLogLines(["halley", "redis"], (lines) => {
    const clock = new ManualClock();
    const outage = new Outage(clock, "It rains", "It is dry");
    const rain = (times: number) => {
      for (let time = 0; time < times; time++) {
        outage.failed("clouds");
        clock.advance(2_000);
        outage.succeeded();
      }
    };
    rain(1_000);
    assert.equal(lines.length, 5, lines.join("\n"));
    clock.advance(60_000);
    outage.succeeded();
    clock.advance(60_000);
    const before = lines.length;
    rain(1);
    assert.deepEqual(lines.slice(before), ["warning: It rains: clouds", "info: It is dry"]);
    return Promise.resolve();
  });
});
