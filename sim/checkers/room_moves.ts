import type { Finding, FleetProgress } from "../types.ts";

/** Whether clients that asked for another room were told that they are in it. */
export function moveFinding(
  { moves, movesMissed }: Pick<FleetProgress, "moves" | "movesMissed">,
): Finding {
  return {
    check: "rooms are changed",
    ok: movesMissed === 0,
    text: `${movesMissed} of ${moves} changes of rooms were not answered in time`,
  };
}
