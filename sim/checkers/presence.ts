import type { Finding } from "../types.ts";

/** Whether everyone who was to be in is in. */
export function entranceFinding(
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

/** Whether the server counts those who are there. */
export function onlineFinding(counted: number, there: number): Finding {
  return {
    check: "online counts are right",
    ok: counted === there,
    text: `the server counts ${counted} of ${there} clients`,
  };
}

/**
 * Whether anything is left when all have gone.
 *
 * @param left What the server still holds, by what it is called.
 */
export function leftOverFinding(left: Readonly<Record<string, number>>): Finding {
  const something = Object.entries(left).filter(([, count]) => count !== 0);
  return {
    check: "nothing is left over",
    ok: something.length === 0,
    text: something.length === 0
      ? `no ${Object.keys(left).join(", no ")}`
      : `the server still holds ${something.map(([what, count]) => `${count} ${what}`).join(", ")}`,
  };
}
