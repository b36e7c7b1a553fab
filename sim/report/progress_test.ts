import assert from "node:assert/strict";
import { test } from "node:test";
import { simReport } from "../../tests/support/sim_report.ts";
import type { Sample } from "../types.ts";
import { ProgressDisplay } from "./progress.ts";

const OVER_FIVE_LINES = "\u001b[5F\u001b[J";

/** A display of progress, and what it wrote. */
class Shown {
  readonly writes: string[] = [];
  readonly progress: ProgressDisplay;

  constructor(isTTY: boolean, columns = 80) {
    const write = (text: string) => void this.writes.push(text);
    this.progress = new ProgressDisplay({ write, isTTY, columns });
  }
}

function sampleAt(atS: number, changes: Partial<Sample> = {}): Sample {
  return { ...simReport().samples[10], atS, ...changes };
}

const sample = sampleAt(12, {
  phase: "fanout",
  clients: 10_000,
  expectedPerS: 400_000.4,
  receivedPerS: 399_999.6,
  p50Ms: 2.25,
  p99Ms: 17.04,
  serverCores: 0.987,
  serverRssBytes: 200 * 2 ** 20,
  clientCores: 0.75,
});

const latency = { p50: 2.25, p99: 17.04 };

const line = "  12 s  fanout  clients 10,000 on 0.75 cores  messages/s 400,000 of 400,000  " +
  "so far p50 2.3 p99 17.0 ms  server 0.99 cores 200 MiB\n";

const block = [
  "  12 s  fanout",
  "  clients     10,000 on 0.75 cores",
  "  messages/s  400,000 of 400,000",
  "  so far      p50 2.3 p99 17.0 ms",
  "  server      0.99 cores 200 MiB",
];

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}

test("ProgressDisplay draws each sample over the one before on a terminal", () => {
  const { writes, progress } = new Shown(true);
  progress.phase("fanout");
  progress.sample(sample, latency);
  progress.sample({ ...sample, atS: 13 }, latency);
  const drawn = lines(block);
  assert.deepEqual(writes, [drawn, OVER_FIVE_LINES + drawn.replace("12 s", "13 s")]);
});

test("ProgressDisplay cuts its lines to the columns of a terminal", () => {
  const { writes, progress } = new Shown(true, 25);
  progress.sample(sample, latency);
  assert.deepEqual(writes, [lines(block.map((text) => text.slice(0, 24)))]);
});

test("ProgressDisplay keeps a few columns where a terminal says that it has none", () => {
  const { writes, progress } = new Shown(true, 0);
  progress.sample(sample, latency);
  assert.deepEqual(writes, [lines(block.map((text) => text.slice(0, 20)))]);
});

test("ProgressDisplay prints a line every 5 s at most where lines stay", () => {
  const { writes, progress } = new Shown(false);
  for (let atS = 0; atS <= 12; atS += 0.5) progress.sample(sampleAt(atS), latency);
  assert.deepEqual(writes.map((text) => text.slice(0, 6)), ["   0 s", "   5 s", "  10 s"]);
  assert.ok(writes.every((text) => text.indexOf("\n") === text.length - 1));
});

test("ProgressDisplay prints each phase once, and its first sample, where lines stay", () => {
  const { writes, progress } = new Shown(false);
  progress.phase("connect");
  progress.phase("connect");
  progress.sample(sampleAt(1), latency);
  progress.phase("fanout");
  progress.sample(sampleAt(2), latency);
  progress.sample(sampleAt(3), latency);
  assert.deepEqual(writes.map((text) => text.slice(0, 7).trimEnd()), [
    "connect",
    "   1 s",
    "fanout",
    "   2 s",
  ]);
});

test("ProgressDisplay writes no control signs where lines stay", () => {
  const { writes, progress } = new Shown(false);
  progress.phase("connect");
  progress.sample(sample, latency);
  assert.deepEqual(writes, ["connect\n", line]);
});

test("ProgressDisplay says nothing of a server that runs elsewhere", () => {
  const { writes, progress } = new Shown(false);
  progress.sample({ ...sample, serverCores: undefined, serverRssBytes: undefined }, latency);
  assert.deepEqual(writes, [`${line.slice(0, line.indexOf("  server"))}\n`]);
});

test("ProgressDisplay shows what clients write, where they do", () => {
  const shown = new Shown(false);
  shown.progress.sample(sampleAt(1, { publishedPerS: 20.4, refusedPerS: 3 }), latency);
  assert.ok(shown.writes[0].includes("  taken/s 20  refused/s 3  server "));
});
