import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { concatFrames, encodeFrame } from "../../protocol/frame.ts";
import type { HistoryPage } from "../../protocol/history.ts";
import { roomDefaults } from "../../protocol/room_options.ts";
import { CometCounters } from "../counters.ts";
import { LogMemory } from "./log_memory.ts";
import type { LogStep } from "./log_step.ts";
import { RoomLog } from "./room_log.ts";

const EPOCH = "e";

/** More than a ring has room for. */
const LARGE = 2_000;

function frames(first: number, last: number, bytes = 1): Uint8Array {
  const offsets = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return concatFrames(offsets.map((offset) => encodeFrame(1000, offset, new Uint8Array(bytes))));
}

/** What the store has behind an offset. */
function page(after: number, head: number): HistoryPage {
  const messages = Array.from({ length: head - after }, (_, index) => (
    { offset: after + 1 + index, operation: 1000, timeMs: 0, mid: 0n, body: new Uint8Array(1) }
  ));
  return { epoch: EPOCH, head, first: 1, messages, more: false };
}

/** A log of a room whose latest message is the third, and what it says is next. */
function withThree() {
  const steps: string[] = [];
  const memory = new LogMemory({ ringMax: 1_000, ringsMax: 10_000 }, new CometCounters());
  const options = { ...roomDefaults, historySize: 100 };
  const log = new RoomLog("live://1", options, memory, new ManualClock(), {
    hole: () => void steps.push("hole"),
    repeated: (count) => void steps.push(`repeated ${count}`),
  });
  const run = (next: Iterable<LogStep>) => {
    for (const step of next) {
      if (step.kind === "frames") steps.push(`frames up to ${step.last}`);
      if (step.kind === "gap") steps.push(`gap ${step.from} to ${step.to}`);
    }
  };
  const deliver = (first: number, last: number, bytes = 1) =>
    run(log.take({ epoch: EPOCH, head: last, frames: frames(first, last, bytes) }));
  run(log.load(page(0, 3)));
  return { log, steps, run, deliver };
}

describe("RoomLog", () => {
  it("reads what is missing, and goes on with what it has kept meanwhile", () => {
    const { log, steps, run, deliver } = withThree();
    deliver(4, 4);
    deliver(6, 6);
    const asked = log.ask();
    deliver(7, 7);
    run(log.repair(page(4, 6), 4, asked));
    assert.deepEqual(steps, [
      "frames up to 4",
      "hole",
      "frames up to 6",
      "repeated 1",
      "frames up to 7",
    ]);
  });

  it("takes what the store has not of what it was asked about for lost", () => {
    const { log, steps, run, deliver } = withThree();
    deliver(6, 6);
    run(log.repair(page(3, 3), 3, log.ask()));
    assert.deepEqual(steps, ["hole", "gap 4 to 5", "frames up to 6"]);
  });

  it("does not take for lost what came while the store was read, and found no room", () => {
    const { log, steps, run, deliver } = withThree();
    deliver(5, 5, LARGE);
    const asked = log.ask();
    deliver(6, 6, LARGE);
    deliver(7, 7, LARGE);
    run(log.repair(page(3, 5), 3, asked));
    assert.deepEqual(steps.splice(0), ["hole", "frames up to 5", "hole"]);
    assert.ok(log.isKeeping);
    run(log.repair(page(5, 7), 5, log.ask()));
    assert.deepEqual(steps, ["frames up to 7"]);
  });
});
