import type { Deadline, Finding, SilentReport } from "../types.ts";

/** What is known of a client that has fallen silent; times are monotonic, in milliseconds. */
export interface SilentClient {
  /** When its last heartbeat was sent. */
  readonly lastHeartbeatMs: number;
  /** When that was answered. */
  readonly lastAnswerMs: number;
  /** When the server closed it; 0 = it did not. */
  readonly closedMs: number;
}

/** Sorts clients that have fallen silent by when they were closed. */
export function silentReport(
  clients: readonly SilentClient[],
  { earliestMs, latestMs }: Deadline,
): SilentReport {
  const report = { silent: clients.length, closed: 0, early: 0, late: 0, lastMs: 0 };
  for (const { lastHeartbeatMs, lastAnswerMs, closedMs } of clients) {
    if (closedMs > 0) report.lastMs = Math.max(report.lastMs, closedMs - lastAnswerMs);
    if (closedMs === 0 || closedMs > lastAnswerMs + latestMs) report.late++;
    else if (closedMs < lastHeartbeatMs + earliestMs) report.early++;
    else report.closed++;
  }
  return report;
}

/**
 * Whether clients that fell silent were closed when they had to be.
 *
 * @param deadlineMs After their last heartbeat, in milliseconds, lateness included.
 */
export function silentFinding(report: SilentReport, deadlineMs: number): Finding {
  const { silent, closed, early, late } = report;
  return {
    check: "silent clients are closed in time",
    ok: silent > 0 && closed === silent,
    text: `${closed} of ${silent} silent clients were closed within ${deadlineMs / 1_000} s, ` +
      `${early} too early, ${late} late or never`,
  };
}
