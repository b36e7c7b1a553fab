import type { Finding, FleetProgress, SilentReport } from "../types.ts";

/** Whether heartbeats were answered in time. */
export function heartbeatFinding(
  { heartbeatsSent, heartbeatsMissed }: Pick<FleetProgress, "heartbeatsSent" | "heartbeatsMissed">,
): Finding {
  return {
    check: "heartbeats are answered",
    ok: heartbeatsMissed === 0,
    text: `${heartbeatsMissed} of ${heartbeatsSent} heartbeats were not answered in time`,
  };
}

/** Whether clients that beat, or were not yet to be closed, stayed connected. */
export function connectionFinding({ lostConnections }: { lostConnections: number }): Finding {
  return {
    check: "connections are kept",
    ok: lostConnections === 0,
    text: `the server closed ${lostConnections} clients that had done nothing wrong`,
  };
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
    ok: closed === silent,
    text: `${closed} of ${silent} silent clients were closed within ${deadlineMs / 1_000} s, ` +
      `${early} too early, ${late} late or never`,
  };
}
