import assert from "node:assert/strict";
import { test } from "node:test";
import { edgeOf } from "../checkers/histogram.ts";
import { barsOf, latencyChart } from "./latency_chart.ts";

test("barsOf() adds five buckets up into each bar", () => {
  const buckets = Array.from({ length: 250 }, (_, bucket) => [edgeOf(bucket), 1] as const);
  const bars = barsOf(buckets);
  assert.equal(bars.reduce((sum, [, , count]) => sum + count, 0), 250);
  assert.ok(bars.slice(1, -1).every(([, , count]) => count === 5));
  bars.slice(1).forEach(([fromMs], index) => {
    assert.ok(Math.abs(fromMs / bars[index][1] - 1) < 1e-9, "bars touch one another");
  });
});

test("barsOf() passes over what cannot be drawn", () => {
  assert.deepEqual(barsOf([[0, 1], [-1, 1], [NaN, 1], [Infinity, 1], [1, 0], [1, NaN]]), []);
});

test("latencyChart() draws bars as high as their counts, and the marks", () => {
  const html = latencyChart("Latency", [[1, 50], [100, 25]], [["p50", 1], ["p99", 100]]);
  const heights = [...html.matchAll(/<rect class="bar"[^>]* height="([^"]*)"/g)];
  assert.deepEqual(heights.map(([, height]) => height), ["200", "100"]);
  assert.match(html, /<title>0.871 ms to 1 ms\n50 deliveries<\/title>/);
  assert.match(html, /<path class="mark-1" d="M[\d.]+ 0V200"/);
  assert.match(html, /<span class="mark-2"><i><\/i>p99 100 ms<\/span>/);
});

test("latencyChart() leaves out a mark that is nowhere on the axis", () => {
  const html = latencyChart("Latency", [[1, 50]], [["p50", 0]]);
  assert.doesNotMatch(html, /p50/);
});

test("latencyChart() of one delivery has whole numbers on its axis", () => {
  const html = latencyChart("Latency", [[0.01, 1]], []);
  assert.match(
    html,
    /<div class="y"><span style="bottom:0%">0<\/span><span style="bottom:100%">1</,
  );
  assert.doesNotMatch(html, /NaN|Infinity|undefined/);
});

test("latencyChart() of nothing is a sentence", () => {
  assert.match(latencyChart("Latency", [], []), /nothing arrived/);
});
