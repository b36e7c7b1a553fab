import assert from "node:assert/strict";
import { test } from "node:test";
import { failedSimReport, showReport, simReport } from "../../tests/support/sim_report.ts";
import { verdict } from "./verdict.ts";

test("verdict() says in words that everything holds, and gives the figures", () => {
  assert.deepEqual(verdict(simReport()).split("\n"), [
    "",
    "fanout, 500 clients, seed 7, 13 s: everything that was checked holds",
    "",
    "  ok      nothing is lost: 0 of 100000 deliveries are missing",
    "  ok      order is kept: 0 of 100000 came out of order",
    "",
    "  deliveries  100,000, at least 100,000 expected",
    "  latency     median 2.06 ms, p99 7.56 ms, max 12 ms",
    "  heartbeats  250 sent, 0 missed",
    "  server      2.5 s of CPU, 70 MiB, 20,480 bytes more for each client",
  ]);
});

test("verdict() puts what failed first, with the first deliveries that are wrong", () => {
  assert.deepEqual(verdict(failedSimReport()).split("\n").slice(1, 6), [
    "fanout, 500 clients, seed 7, 13 s: 1 of 2 checks FAILED",
    "",
    "  FAILED  nothing is lost: 12 of 100000 deliveries are missing",
    "          client 17, room 1: numbers 40 to 51 never came",
    "  ok      order is kept: 0 of 100000 came out of order",
  ]);
});

test("verdict() shows five wrong deliveries and no more", () => {
  const { receipts } = failedSimReport();
  const failures = Array.from({ length: 8 }, (_, index) => `wrong ${index}`);
  const text = verdict(failedSimReport({ receipts: { ...receipts, failures } }));
  assert.match(text, /wrong 4/);
  assert.doesNotMatch(text, /wrong 5/);
});

test("verdict() has no line of a server that runs elsewhere", () => {
  assert.doesNotMatch(verdict(simReport({ server: undefined })), /CPU/);
});

test("verdict() ends with the figures of the scenario's own", () => {
  const notes = { capacity_clients: 60_000, growth: 1.256, stopped_by: "CPU" };
  const lines = verdict(simReport({ notes })).split("\n");
  assert.deepEqual(lines.slice(-3), [
    "  capacity clients: 60000",
    "  growth: 1.26",
    "  stopped by: CPU",
  ]);
});

test("verdict() says what became of the messages of a show", () => {
  const lines = verdict(showReport()).split("\n");
  const at = lines.indexOf("  messages    1,200 taken, 20 a second, 40 refused");
  assert.deepEqual(lines.slice(at + 1, at + 3), [
    "              30: too many <messages>",
    "              10: the user is muted",
  ]);
});
