import assert from "node:assert/strict";
import { test } from "node:test";
import { Metrics } from "../metrics.ts";
import { askMetrics, metricsAnswer } from "./worker_links.ts";

/** The metrics of a process with so many connections, and so many taken in. */
function metricsOf(connections: number, accepted: number): Metrics {
  const metrics = new Metrics();
  metrics.addCounters({ prefix: "comet", values: { accepted }, help: { accepted: "Taken in." } });
  metrics.addGauge("comet_connections", "Connections.", () => connections);
  return metrics;
}

test("askMetrics() gets what all workers count, but for silent ones, to be added up", async () => {
  const silent = { call: () => Promise.reject(new Error("it is silent")) };
  const worker = (metrics: Metrics) => ({ call: () => metricsAnswer(metrics) });
  const workers = [worker(metricsOf(3, 10)), silent, worker(metricsOf(4, 20))];
  const all = new Metrics(() => askMetrics(workers));
  all.addCounters({ prefix: "comet", values: { accepted: 1 }, help: { accepted: "Taken in." } });
  const text = await all.text();
  assert.match(text, /^halley_comet_connections 7$/m);
  assert.match(text, /^halley_comet_accepted_total 31$/m);
});
