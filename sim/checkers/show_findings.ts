/** What a show is judged by, beside what every run is. */
import type { Published, PublishedTotals } from "../show/types.ts";
import type { Finding } from "../types.ts";

/** How many messages there are of some epochs of rooms. */
export function countAccepted(accepted: Published["accepted"]): number {
  return accepted.reduce((sum, { numbers }) => sum + numbers.length, 0);
}

/** Whether each message was answered: it was taken, or refused for a reason. */
export function answeredFinding({ sent, failed, unanswered, failures }: Published): Finding {
  const why = failures.length === 0 ? "" : `; ${failures[0]}`;
  return {
    check: "messages are answered",
    ok: failed + unanswered === 0,
    text: `${unanswered} of ${sent} had no answer, ${failed} failed${why}`,
  };
}

/** Whether what was taken came as it was, and what was refused did not come. */
export function publishedFindings(
  { accepted, refused }: Published,
  { misplaced, slipped, doubled }: PublishedTotals,
  outOfOrder: number,
): Finding[] {
  const taken = countAccepted(accepted);
  const none = (check: string, count: number, text: string) => ({ check, ok: count === 0, text });
  return [
    {
      check: "what is taken comes",
      ok: misplaced === 0 && taken > 0,
      text: taken === 0
        ? "no message was taken"
        : `${misplaced} of ${taken} messages are not where the answers say`,
    },
    none("what is refused does not come", slipped, `${slipped} of ${refused.length} came`),
    none("no message comes twice", doubled, `${doubled} of ${taken} are in the room twice`),
    none(
      "nobody overtakes themselves",
      outOfOrder,
      `${outOfOrder} of ${taken} messages stand behind later ones of their author`,
    ),
  ];
}

/** A time when some may not write, in milliseconds since the Unix epoch. */
export interface Mute {
  readonly clients: readonly number[];
  readonly fromMs: number;
  readonly toMs: number;
}

/** Whether those who are muted wrote nothing that was taken. */
export function muteFinding(
  accepted: Published["accepted"],
  { clients, fromMs, toMs }: Mute,
  authorOf: (number: number) => number,
): Finding {
  let heard = 0;
  for (const { numbers, sentMs } of accepted) {
    numbers.forEach((number, at) => {
      const isMuted = clients.includes(authorOf(number));
      if (isMuted && sentMs[at] > fromMs && sentMs[at] < toMs) heard++;
    });
  }
  return {
    check: "who is muted is not heard",
    ok: heard === 0,
    text: `${heard} messages of ${clients.length} muted clients were taken within ${
      ((toMs - fromMs) / 1_000).toFixed(1)
    } s`,
  };
}
