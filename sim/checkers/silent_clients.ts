import type { Finding, SilentReport } from "../types.ts";

/**
 * Whether clients that fell silent were closed when they had to be.
 *
 * @param deadlineMs After their last heartbeat, in milliseconds, lateness included.
 */
export function silentFinding(report: SilentReport, deadlineMs: number): Finding {
  const { silent, closed, early, late } = report;
  return {
    check: "silent clients are closed in time",
    ok: closed === silent,
    text: `${closed} of ${silent} silent clients were closed within ${deadlineMs / 1_000} s, ` +
      `${early} too early, ${late} late or never`,
  };
}
