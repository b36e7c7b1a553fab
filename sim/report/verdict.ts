import type { Report } from "../types.ts";
import { figure } from "./text.ts";

/** How many of the first failures are shown, of deliveries and of what clients say. */
const FAILURES_SHOWN = 5;

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : figure(value)} ms`;
}

/** What became of the messages of clients, a line, and one for each reason of a refusal. */
function messageLines({ messages }: Report): string[] {
  if (messages === undefined) return [];
  const { taken, takenPerS, refused, reasons } = messages;
  return [
    `  messages    ${figure(taken)} taken, ${figure(takenPerS, 1)} a second, ` +
    `${figure(refused)} refused`,
    ...reasons.map(([reason, count]) => `              ${figure(count)}: ${reason}`),
  ];
}

/** What a run came to, in words. */
export function verdict(report: Report): string {
  const { findings, receipts, latencyMs, server, notes } = report;
  const failed = findings.filter(({ ok }) => !ok);
  const lines = [
    "",
    `${report.scenario}, ${figure(report.clients)} clients, seed ${report.seed}, ` +
    `${report.durationS.toFixed(0)} s: ${
      failed.length === 0
        ? "everything that was checked holds"
        : `${failed.length} of ${findings.length} checks FAILED`
    }`,
    "",
    ...failed.map(({ check, text }) => `  FAILED  ${check}: ${text}`),
    ...(failed.length === 0 ? [] : [
      ...receipts.failures.slice(0, FAILURES_SHOWN),
      ...report.failures.slice(0, FAILURES_SHOWN),
    ].map((failure) => `          ${failure}`)),
    ...findings.filter(({ ok }) => ok).map(({ check, text }) => `  ok      ${check}: ${text}`),
    "",
    ...messageLines(report),
    ...(receipts.received + receipts.expected === 0 ? [] : [
      `  deliveries  ${figure(receipts.received)}, at least ${figure(receipts.expected)} expected`,
      `  latency     median ${ms(latencyMs.p50)}, p99 ${ms(latencyMs.p99)}, ` +
      `max ${ms(latencyMs.max)}`,
    ]),
    `  heartbeats  ${figure(report.heartbeatsSent)} sent, ${
      figure(report.heartbeatsMissed)
    } missed`,
  ];
  if (server !== undefined) {
    lines.push(
      `  server      ${server.cpuS.toFixed(1)} s of CPU, ${
        figure(server.rssBytes / 2 ** 20)
      } MiB, ${figure(server.rssPerClientBytes)} bytes more for each client`,
    );
  }
  for (const [name, value] of Object.entries(notes)) {
    const text = typeof value === "number" && !Number.isInteger(value) ? value.toFixed(2) : value;
    lines.push(`  ${name.replaceAll("_", " ")}: ${text}`);
  }
  return lines.join("\n");
}
