import type { Finding } from "../types.ts";

/**
 * Whether the server counts those who are there, in each room.
 *
 * @param counted What the server counts in each room, by its index.
 * @param there How many are in each.
 */
export function onlineFinding(counted: readonly number[], there: readonly number[]): Finding {
  const wrong = there.findIndex((count, room) => count !== counted[room]);
  const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);
  return {
    check: "online counts are right",
    ok: wrong === -1,
    text: `the server counts ${total(counted)} of ${total(there)} clients` +
      (wrong === -1 ? "" : `, ${counted[wrong]} of ${there[wrong]} in room ${wrong}`),
  };
}
