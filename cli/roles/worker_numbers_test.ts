import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { CometCounters } from "../../comet/counters.ts";
import { logCounters } from "../log_counters.ts";
import { encodeNumbers, numbersOf, sharedNumbers } from "./worker_numbers.ts";

/** A worker that answers what it counts; each has dropped lines of its log. */
function worker(connections: number, linesDropped: number) {
  const counters = Object.assign(new CometCounters(), { accepted: 10 });
  const numbers = { ...numbersOf({ counters, connections, rooms: 1 }), linesDropped };
  return { call: () => Promise.resolve(encodeNumbers(numbers)) };
}

test("sharedNumbers() adds up the comets and the logs of all processes, but for silent workers", async () => {
  const silent = { call: () => Promise.reject(new Error("it is silent")) };
  const workers = [worker(3, 100), silent, worker(4, 200)];
  const numbers = sharedNumbers(new ManualClock(), () => workers);
  const own = logCounters.linesDropped;
  try {
    logCounters.linesDropped = own + 1;
    const { connections, rooms, accepted, linesDropped } = await numbers();
    assert.deepEqual([connections, rooms, accepted], [7, 2, 20]);
    assert.equal(linesDropped, own + 301);
    workers.pop();
    assert.equal((await numbers()).connections, 7, "an answer is shared for a while");
  } finally {
    logCounters.linesDropped = own;
  }
});
