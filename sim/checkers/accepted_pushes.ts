import type { Finding } from "../types.ts";

/** Whether the pushes were answered with code 0, and none had to wait until the end. */
export function pushFinding(
  { sent, failed, unsent }: {
    readonly sent: number;
    readonly failed: number;
    /** Due, and never sent since those before them took too long. */
    readonly unsent: number;
  },
): Finding {
  return {
    check: "pushes are accepted",
    ok: failed + unsent === 0,
    text: `${failed} of ${sent} pushes were not accepted` +
      (unsent === 0 ? "" : `, and ${unsent} never sent, since those before them took too long`),
  };
}
