import type { Report } from "../types.ts";
import { bytes, escapeHtml, figure, milliseconds } from "./text.ts";

function tile(name: string, value: string, more = "", bad = false): string {
  const mark = bad ? '<span class="sign" aria-hidden="true">✗</span>' : "";
  return `<div class="tile"><dt>${escapeHtml(name)}</dt><dd${bad ? ' class="bad"' : ""}>${mark}${
    escapeHtml(value)
  }${more === "" ? "" : `<small>${escapeHtml(more)}</small>`}</dd></div>`;
}

/** A count that is to be zero. */
function fault(name: string, value: number, more: string): string {
  return tile(name, figure(value), more, value > 0);
}

/** The figures of a run that are looked at first. */
export function tiles(report: Report): string {
  const { receipts, latencyMs, server, durationS, heartbeatsMissed } = report;
  const { expected, received, lost, duplicated, reordered, misdelivered } = receipts;
  // Around joins and leaves a delivery may come or not: those that came are not among the expected.
  const atLeast = received > expected && lost === 0 ? "at least " : "";
  const cores = durationS > 0 ? (server?.cpuS ?? 0) / durationS : 0;
  const latency = (ms: number) => milliseconds(received > 0 ? ms : undefined);
  return [
    tile("Clients", figure(report.clients), `${figure(report.lostConnections)} connections lost`),
    tile("Deliveries received", figure(received), `of ${atLeast}${figure(expected)} expected`),
    fault("Lost", lost, "never came"),
    fault("Doubled", duplicated, "came twice"),
    fault("Reordered", reordered, "came out of order"),
    fault("Misdelivered", misdelivered, "went astray"),
    tile(
      "Heartbeats",
      figure(report.heartbeatsSent),
      `${figure(heartbeatsMissed)} missed`,
      heartbeatsMissed > 0,
    ),
    tile("Latency, median", latency(latencyMs.p50), "from when the push was due"),
    tile("Latency, p99", latency(latencyMs.p99), "99 of 100 were quicker"),
    tile("Latency, longest", latency(latencyMs.max), "of all deliveries"),
    ...(server === undefined ? [] : [
      tile("Server CPU", `${figure(server.cpuS, 1)} s`, `${figure(cores, 2)} cores on average`),
      tile(
        "Server memory",
        bytes(server.rssBytes),
        `grew by ${bytes(server.rssPerClientBytes)} per client`,
      ),
    ]),
  ].join("");
}
