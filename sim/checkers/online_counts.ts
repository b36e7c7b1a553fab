import type { Finding } from "../types.ts";

/** Whether the server counts those who are there. */
export function onlineFinding(counted: number, there: number): Finding {
  return {
    check: "online counts are right",
    ok: counted === there,
    text: `the server counts ${counted} of ${there} clients`,
  };
}
