import assert from "node:assert/strict";
import { test } from "node:test";
import { failedSimReport, showReport, simReport } from "../../tests/support/sim_report.ts";
import { jsonLine } from "./json.ts";

test("jsonLine() is one line with all figures under their names", () => {
  const line = jsonLine(simReport());
  assert.doesNotMatch(line, /\n/);
  assert.deepEqual(JSON.parse(line), {
    seed: 7,
    scenario: "fanout",
    clients: 500,
    expected: 100_000,
    received: 100_000,
    lost: 0,
    duplicated: 0,
    reordered: 0,
    misdelivered: 0,
    heartbeats_sent: 250,
    heartbeats_missed: 0,
    lost_connections: 0,
    pushes: { due: 400, sent: 400, failed: 0 },
    latency_ms: { p50: 2.063, p99: 7.555, max: 12.25 },
    server: { cpu_s: 2.5, rss_bytes: 73_400_320, rss_per_client_bytes: 20_480 },
    duration_s: 12.5,
    failures: [],
    client_failures: [],
    ok: true,
  });
});

test("jsonLine() says what failed: the checks, then the first deliveries", () => {
  const { ok, lost, failures } = JSON.parse(jsonLine(failedSimReport()));
  assert.equal(ok, false);
  assert.equal(lost, 12);
  assert.deepEqual(failures, [
    "nothing is lost: 12 of 100000 deliveries are missing",
    "client 17, room 1: numbers 40 to 51 never came",
  ]);
});

test("jsonLine() has no figures of a server that runs elsewhere", () => {
  assert.equal(JSON.parse(jsonLine(simReport({ server: undefined }))).server, null);
});

test("jsonLine() takes the figures of the scenario's own in", () => {
  const notes = { storm_ms: 65, stopped_by: 'a "limit"\nof two lines' };
  const line = jsonLine(simReport({ notes }));
  assert.doesNotMatch(line, /\n/);
  assert.equal(JSON.parse(line).storm_ms, 65);
  assert.equal(JSON.parse(line).stopped_by, notes.stopped_by);
});

test("jsonLine() has the messages of a show, and why some were refused", () => {
  assert.deepEqual(JSON.parse(jsonLine(showReport())).messages, {
    sent: 1_240,
    taken: 1_200,
    taken_per_s: 20.04,
    refused: 40,
    refused_by_reason: { "too many <messages>": 30, "the user is muted": 10 },
  });
});
