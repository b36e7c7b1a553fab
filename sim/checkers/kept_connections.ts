import type { Finding } from "../types.ts";

/** Whether clients that beat, or were not yet to be closed, stayed connected. */
export function connectionFinding({ lostConnections }: { lostConnections: number }): Finding {
  return {
    check: "connections are kept",
    ok: lostConnections === 0,
    text: `the server closed ${lostConnections} clients that had done nothing wrong`,
  };
}
