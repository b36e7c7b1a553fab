import type { Finding } from "../types.ts";

/** Whether the pushes were answered with code 0. */
export function pushFinding(pushes: { readonly sent: number; readonly failed: number }): Finding {
  const { sent, failed } = pushes;
  return {
    check: "pushes are accepted",
    ok: failed === 0,
    text: `${failed} of ${sent} pushes were not accepted`,
  };
}
