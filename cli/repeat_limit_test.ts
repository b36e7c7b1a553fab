import { describe, test } from "node:test";
import assert from "node:assert/strict";
import type { LogLevel, LogRecord } from "@logtape/logtape";
import { ManualClock } from "../base/clock.ts";
import { periodMs, RepeatLimit, repeatsMax } from "./repeat_limit.ts";

function record(rawMessage: string, level: LogLevel = "warning", category = "comet"): LogRecord {
  return {
    category: ["halley", category],
    level,
    timestamp: 0,
    message: [rawMessage],
    rawMessage,
    properties: {},
  };
}

function limited() {
  const clock = new ManualClock();
  const counters = { linesLeftOut: 0 };
  const said: string[] = [];
  const limit = new RepeatLimit(({ message }) => said.push(message.join("")), clock, counters);
  const repeat = (times: number, ...args: Parameters<typeof record>) => {
    for (let time = 0; time < times; time++) limit.log(record(...args));
  };
  return { clock, counters, said, repeat };
}

describe("RepeatLimit", () => {
  test("lets lines of one kind pass a few times in a period, and says how many it left out", () => {
    const { clock, counters, said, repeat } = limited();
    repeat(repeatsMax, "is gone");
    clock.advance(periodMs);
    repeat(1_000, "is gone");
    assert.equal(said.length, 2 * repeatsMax);
    clock.advance(periodMs);
    assert.equal(said.length, 2 * repeatsMax + 1);
    assert.equal(said.at(-1), `${1_000 - repeatsMax} more were left out: is gone`);
    assert.equal(counters.linesLeftOut, 1_000 - repeatsMax);
    assert.equal(clock.pending, 0);
    repeat(1, "is gone");
    assert.equal(said.at(-1), "is gone");
  });

  test("tells loggers, levels and messages apart", () => {
    const { said, repeat } = limited();
    repeat(100, "is gone");
    repeat(1, "is back");
    repeat(1, "is gone", "error");
    repeat(1, "is gone", "warning", "job");
    assert.equal(said.length, repeatsMax + 3);
  });
});
