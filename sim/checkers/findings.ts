/** What a run is judged by: each function looks at figures and says whether they are right. */
import type {
  CursorTotals,
  Finding,
  FleetProgress,
  ReceiptTotals,
  SilentReport,
} from "../types.ts";

/**
 * Whether everyone who was to be in is in.
 *
 * @param reason Why others are not, as one of them says it.
 */
export function connectingFinding(
  authenticated: number,
  wanted: number,
  reason: string | undefined,
  check = "everyone gets in",
): Finding {
  const text = `${authenticated} of ${wanted} clients are in`;
  const ok = authenticated === wanted;
  return { check, ok, text: ok || reason === undefined ? text : `${text}; ${reason}` };
}

/** What holds when there is nothing of a kind. */
function none(check: string, count: number, text: string): Finding {
  return { check, ok: count === 0, text };
}

export function deliveryFindings(receipts: ReceiptTotals): Finding[] {
  const { lost, duplicated, reordered, misdelivered, expected, received } = receipts;
  return [
    none("nothing is lost", lost, `${lost} of ${expected} deliveries are missing`),
    none("nothing is doubled", duplicated, `${duplicated} of ${received} came twice`),
    none("order is kept", reordered, `${reordered} of ${received} came out of order`),
    none("nobody gets what is not theirs", misdelivered, `${misdelivered} went astray`),
  ];
}

/** Whether all were live again in the end. */
export function liveFinding(live: number, wanted: number): Finding {
  const text = `${live} of ${wanted} clients are in their rooms and have what they missed`;
  return { check: "everyone is live again", ok: live === wanted, text };
}

/** Whether no server turned a client away that wanted in. */
export function turnedAwayFinding(turnedAway: number): Finding {
  return none(
    "nobody is turned away",
    turnedAway,
    `${turnedAway} times a client was to come later`,
  );
}

/**
 * Whether nobody was without their rooms for long.
 *
 * @param longestMs How long the one was that waited longest, in milliseconds.
 * @param mostMs How long one may be.
 */
export function awayFinding(longestMs: number, mostMs: number): Finding {
  const text = `the longest was ${longestMs.toFixed(0)} ms between two connections`;
  return { check: "nobody is away for long", ok: longestMs <= mostMs, text };
}

/** Whether all that came back to a room were promised what they had missed. */
export function recoveredFinding({ returned, recovered, gaps, told }: CursorTotals): Finding {
  const text = `${recovered} of ${returned} that came back to a room were promised all; ` +
    `told of ${gaps} gaps of ${told} messages`;
  return { check: "all is recovered", ok: recovered === returned && gaps === 0, text };
}

/** Whether clients that keep their places have every offset once, or were told of their gaps. */
export function cursorFindings(totals: CursorTotals): Finding[] {
  const { received, lost, doubled, wrong } = totals;
  return [
    none("no gap is kept quiet", lost, `${lost} messages are missing without a word`),
    none("no offset comes twice", doubled, `${doubled} of ${received} came twice`),
    none("what is said of logs is true", wrong, `${wrong} things are not`),
  ];
}

/**
 * Whether the pushes were answered with code 0, and none had to wait until the end.
 *
 * @param pushes `unsent` were due, and never sent since those before them took too long.
 */
export function pushFinding(
  { sent, failed, unsent }: Readonly<Record<"sent" | "failed" | "unsent", number>>,
): Finding {
  const text = `${failed} of ${sent} pushes were not accepted` +
    (unsent === 0 ? "" : `, and ${unsent} never sent, since those before them took too long`);
  return none("pushes are accepted", failed + unsent, text);
}

export function heartbeatFinding(
  { heartbeatsSent, heartbeatsMissed }: Pick<FleetProgress, "heartbeatsSent" | "heartbeatsMissed">,
): Finding {
  const text = `${heartbeatsMissed} of ${heartbeatsSent} heartbeats were not answered in time`;
  return none("heartbeats are answered", heartbeatsMissed, text);
}

/** Whether clients that asked for another room were told that they are in it. */
export function moveFinding({ moves, movesMissed }: FleetProgress): Finding {
  const text = `${movesMissed} of ${moves} changes of rooms were not answered in time`;
  return none("rooms are changed", movesMissed, text);
}

/** Whether clients that the server had no reason to close stayed connected. */
export function connectionFinding(lostConnections: number): Finding {
  const text = `the server closed ${lostConnections} clients that had done nothing wrong`;
  return none("connections are kept", lostConnections, text);
}

/**
 * Whether clients that fell silent were closed when they had to be.
 *
 * @param deadlineMs After their last heartbeat, in milliseconds, lateness included.
 */
export function silentFinding(report: SilentReport, deadlineMs: number): Finding {
  const { silent, closed, early, late } = report;
  return {
    check: "silent clients are closed in time",
    ok: silent > 0 && closed === silent,
    text: `${closed} of ${silent} silent clients were closed within ${deadlineMs / 1_000} s, ` +
      `${early} too early, ${late} late or never`,
  };
}

/** By how much the others' latency may grow; loopback is noisy. */
const GROWTH_MAX = 3;

/** What is never too slow: a busy machine alone holds a push up for so long, in milliseconds. */
const QUICK_MS = 100;

/** What was seen while some clients did not read. */
export interface SlowSeen {
  /** p99 of the others before and meanwhile, in milliseconds; undefined when nothing came. */
  readonly beforeMs: number | undefined;
  readonly meanwhileMs: number | undefined;
  readonly slow: number;
  /** Pushes to them that were not accepted, so that their queues did not fill. */
  readonly refused: number;
}

/** Whether clients that do not read hold up the others. */
export function slowFinding({ beforeMs, meanwhileMs, slow, refused }: SlowSeen): Finding {
  const words = (ms: number | undefined) => ms === undefined ? "nothing" : `${ms.toFixed(1)} ms`;
  const text = `p99 was ${words(beforeMs)} before and ${words(meanwhileMs)} meanwhile, ` +
    `with ${slow} that did not read` + (refused === 0 ? "" : `; ${refused} pushes to them failed`);
  const isQuick = beforeMs !== undefined && meanwhileMs !== undefined &&
    meanwhileMs <= Math.max(QUICK_MS, GROWTH_MAX * beforeMs);
  return { check: "slow readers hold up nobody", ok: isQuick && slow > 0 && refused === 0, text };
}

/**
 * Whether the server counts those who are there, in each room.
 *
 * @param counted What the server counts in each room, by its index.
 * @param there How many are in each.
 * @param isShared Whether others may be there as well.
 */
export function onlineFinding(
  counted: readonly number[],
  there: readonly number[],
  isShared = false,
): Finding {
  const isRight = (count: number, room: number) =>
    count === counted[room] || (isShared && count < counted[room]);
  const wrong = there.findIndex((count, room) => !isRight(count, room));
  const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);
  return {
    check: "online counts are right",
    ok: wrong === -1,
    text: `the server counts ${total(counted)} of ${total(there)} clients` +
      (wrong === -1 ? "" : `, ${counted[wrong]} of ${there[wrong]} in room ${wrong}`),
  };
}

/**
 * Whether anything is left when all have gone.
 *
 * @param left What the server still holds, by what it is called.
 */
export function leftOverFinding(left: Readonly<Record<string, number>>): Finding {
  const something = Object.entries(left).filter(([, count]) => count !== 0);
  const text = something.length === 0
    ? `no ${Object.keys(left).join(", no ")}`
    : `the server still holds ${something.map(([what, count]) => `${count} ${what}`).join(", ")}`;
  return none("nothing is left over", something.length, text);
}
