import assert from "node:assert/strict";
import { it } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { withLogLines } from "../../tests/support/log_lines.ts";
import { Trouble } from "./trouble.ts";

it("Trouble is said when it begins and when it has not been met for a while", async () => {
  await withLogLines(["halley", "redis"], (lines) => {
    const clock = new ManualClock();
    const trouble = new Trouble(clock, "It rains", "It is dry");
    trouble.notMet();
    for (let times = 0; times < 3; times++) trouble.met("clouds");
    clock.advance(999);
    trouble.notMet();
    assert.ok(trouble.isThere);
    clock.advance(1);
    trouble.notMet();
    assert.ok(!trouble.isThere);
    assert.deepEqual(lines, ["warning: It rains: clouds", "info: It is dry"]);
    return Promise.resolve();
  });
});

it("Trouble that comes and goes is said ever less often", async () => {
  await withLogLines(["halley", "redis"], (lines) => {
    const clock = new ManualClock();
    const trouble = new Trouble(clock, "It rains", "It is dry");
    const rain = (times: number) => {
      for (let time = 0; time < times; time++) {
        trouble.met("clouds");
        clock.advance(2_000);
        trouble.notMet();
      }
    };
    rain(1_000);
    assert.equal(lines.length, 5, lines.join("\n"));
    clock.advance(60_000);
    trouble.notMet();
    clock.advance(60_000);
    const before = lines.length;
    rain(1);
    assert.deepEqual(lines.slice(before), ["warning: It rains: clouds", "info: It is dry"]);
    return Promise.resolve();
  });
});
