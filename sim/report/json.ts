import type { Report } from "../types.ts";

/** A number with three digits after the point. */
function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

/** A report as one line of JSON. */
export function jsonLine(report: Report): string {
  const { seed, scenario, clients, receipts, latencyMs, server, notes, findings, messages } =
    report;
  const { failures, ...counts } = receipts;
  return JSON.stringify({
    seed,
    scenario,
    clients,
    ...counts,
    heartbeats_sent: report.heartbeatsSent,
    heartbeats_missed: report.heartbeatsMissed,
    lost_connections: report.lostConnections,
    pushes: report.pushes,
    ...(messages === undefined ? {} : {
      messages: {
        sent: messages.sent,
        taken: messages.taken,
        taken_per_s: rounded(messages.takenPerS),
        refused: messages.refused,
        refused_by_reason: Object.fromEntries(messages.reasons),
      },
    }),
    latency_ms: {
      p50: rounded(latencyMs.p50),
      p99: rounded(latencyMs.p99),
      max: rounded(latencyMs.max),
    },
    server: server === undefined ? null : {
      cpu_s: rounded(server.cpuS),
      rss_bytes: server.rssBytes,
      rss_per_client_bytes: server.rssPerClientBytes,
    },
    ...notes,
    duration_s: rounded(report.durationS),
    failures: [
      ...findings.filter(({ ok }) => !ok).map(({ check, text }) => `${check}: ${text}`),
      ...failures,
    ],
    client_failures: report.failures,
    ok: findings.every(({ ok }) => ok),
  });
}
