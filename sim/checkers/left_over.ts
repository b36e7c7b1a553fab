import type { Finding } from "../types.ts";

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
