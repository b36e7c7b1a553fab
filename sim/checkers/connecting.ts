import type { Finding } from "../types.ts";

/** Whether everyone who was to be in is in. */
export function connectingFinding(
  { authenticated, wanted, reason }: {
    readonly authenticated: number;
    readonly wanted: number;
    /** Why others are not, as the first of them says it. */
    readonly reason: string | undefined;
  },
): Finding {
  return {
    check: "everyone gets in",
    ok: authenticated === wanted,
    text: `${authenticated} of ${wanted} clients are in` +
      (reason === undefined || authenticated === wanted ? "" : `; ${reason}`),
  };
}
