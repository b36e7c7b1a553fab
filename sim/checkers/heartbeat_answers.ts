import type { Finding, FleetProgress } from "../types.ts";

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
