import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { randomBelow, seededPrng } from "../../base/prng.ts";
import { concatFrames, encodeFrame } from "../../protocol/frame.ts";
import type { HistoryMessage } from "../../protocol/history.ts";
import { roomDefaults } from "../../protocol/room_options.ts";
import { LogFrames, PAGE_BYTES_MAX } from "./log_frames.ts";
import { LogMemory, PAGES_MAX } from "./log_memory.ts";
import { KEPT_OVERHEAD_BYTES, type Run } from "./ring.ts";

function run(first: number, count: number, bodyBytes: number, timeMs = 0): Run {
  const offsets = Array.from({ length: count }, (_, index) => first + index);
  const body = new Uint8Array(bodyBytes);
  const frames = concatFrames(offsets.map((offset) => encodeFrame(1000, offset, body)));
  return { first, last: first + count - 1, frames, timeMs };
}

function messages(first: number, count: number, bytes: number): HistoryMessage[] {
  return Array.from({ length: count }, (_, index) => (
    { offset: first + index, operation: 1000, timeMs: 0, mid: 0n, body: new Uint8Array(bytes) }
  ));
}

function setUp(ringMax: number, ringsMax: number) {
  const counters = { ringEvictions: 0 };
  const memory = new LogMemory({ ringMax, ringsMax }, counters);
  const clock = new ManualClock();
  const options = { ...roomDefaults, historySize: 50, historyTtlMs: 1_000 };
  const open = (room: number) => new LogFrames(`r://${room}`, options, memory, clock);
  return { counters, memory, clock, open };
}

describe("LogMemory", () => {
  it("counts exactly what logs keep, and bounds it, whatever they do", () => {
    let evictions = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const prng = seededPrng(seed);
      const below = (limit: number) => randomBelow(prng, limit);
      const { counters, memory, clock, open } = setUp(4_000, 12_000);
      let logs = Array.from({ length: 6 }, (_, room) => open(room));
      for (let step = 0; step < 200; step++) {
        const log = logs[below(logs.length)];
        const { last, ringFirst } = log;
        const bytes = below(10) === 0 ? 5_000 : below(300);
        const after = below(last + 1);
        const read = { epoch: "e", head: last, first: 1, more: false };
        switch (below(10)) {
          case 0:
            log.startAt(last + below(5));
            break;
          case 1:
            log.startAt(last);
            log.fill({ ...read, messages: messages(Math.max(1, last - 5), Math.min(6, last), 99) });
            break;
          case 2:
            if (after + 1 >= ringFirst) break;
            log.takeOlder({
              ...read,
              messages: messages(after + 1, Math.min(4, last - after), bytes),
            }, after);
            break;
          case 3:
            log.page(after, last + 1);
            break;
          case 4:
            log.forgetPages();
            break;
          case 5:
            clock.advance(below(300));
            log.expire();
            break;
          default:
            log.append(run(last + 1, 1 + below(4), bytes, clock.wallMs()));
        }
        assert.ok(memory.ringBytes >= 0 && memory.ringBytes <= 12_000, `${memory.ringBytes} bytes`);
        if (below(50) > 0) continue;
        for (const each of logs) each.close();
        assert.equal(memory.ringBytes, 0);
        logs = logs.map((_, room) => open(room));
      }
      evictions += counters.ringEvictions;
    }
    assert.ok(evictions > 1_000, `only ${evictions} evictions`);
  });

  it("takes from the log that grew the longest ago, whenever that began", () => {
    const cost = run(1, 1, 100).frames.length + KEPT_OVERHEAD_BYTES;
    const { memory, open } = setUp(1_000_000, 6 * cost);
    const [first, second, third] = [open(1), open(2), open(3)];
    for (const log of [first, second, third]) log.append(run(1, 1, 100));
    for (const offset of [2, 3]) first.append(run(offset, 1, 100));
    third.append(run(2, 1, 100));
    third.append(run(3, 1, 100));
    assert.deepEqual([first, second, third].map(({ ringFirst }) => ringFirst), [1, 2, 1]);
    third.append(run(4, 1, 100));
    assert.deepEqual([first.ringFirst, third.ringFirst, memory.ringBytes], [2, 1, 6 * cost]);
  });

  it("keeps no frame that is larger than a ring, and no ring that is larger than all", () => {
    const { memory, open } = setUp(1_000, 500);
    const log = open(1);
    log.append(run(1, 1, 2_000));
    assert.deepEqual([log.first, log.ringFirst, log.last, memory.ringBytes], [1, 2, 1, 0]);
    log.append(run(2, 1, 400));
    assert.deepEqual([log.ringFirst, memory.ringBytes], [3, 0]);
    log.append(run(3, 1, 10));
    assert.deepEqual([log.ringFirst, log.page(2, 3)?.last], [3, 3]);
  });

  it("keeps the pages of some logs only, those of the latest", () => {
    const { open } = setUp(1_000_000, 1_000_000_000);
    const logs = Array.from({ length: 2 * PAGES_MAX }, (_, room) => open(room));
    const pages = logs.map((log) => {
      log.append(run(1, 50, PAGE_BYTES_MAX / 40));
      return log.page(0, 50)!;
    });
    const kept = logs.filter((log, index) => log.page(0, 50) === pages[index]);
    assert.deepEqual([kept, pages[0].last], [[], 39]);
    const again = logs.map((log) => log.page(0, 50)!).slice(-PAGES_MAX);
    assert.deepEqual(logs.slice(-PAGES_MAX).map((log) => log.page(0, 50)), again);
    for (const log of logs) log.close();
  });
});
