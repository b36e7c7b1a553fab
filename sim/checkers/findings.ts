/** What a run is judged by: each function looks at figures and says whether they are right. */
import type { Deadline, Finding, FleetProgress, ReceiptTotals, SilentReport } from "../types.ts";

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

/** What the receipts of all clients prove. */
export function deliveryFindings(receipts: ReceiptTotals): Finding[] {
  const { lost, duplicated, reordered, misdelivered, expected, received } = receipts;
  return [
    {
      check: "nothing is lost",
      ok: lost === 0,
      text: `${lost} of ${expected} deliveries are missing`,
    },
    {
      check: "nothing is doubled",
      ok: duplicated === 0,
      text: `${duplicated} of ${received} came twice`,
    },
    {
      check: "order is kept",
      ok: reordered === 0,
      text: `${reordered} of ${received} came out of order`,
    },
    {
      check: "nobody gets what is not theirs",
      ok: misdelivered === 0,
      text: `${misdelivered} went astray`,
    },
  ];
}

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

/** Whether heartbeats were answered in time. */
export function heartbeatFinding(
  { heartbeatsSent, heartbeatsMissed }: Pick<FleetProgress, "heartbeatsSent" | "heartbeatsMissed">,
): Finding {
  return {
    check: "heartbeats are answered",
    ok: heartbeatsMissed === 0,
    text: `${heartbeatsMissed} of ${heartbeatsSent} heartbeats were not answered in time`,
  };
}

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

/** Whether clients that the server had no reason to close stayed connected. */
export function connectionFinding({ lostConnections }: { lostConnections: number }): Finding {
  return {
    check: "connections are kept",
    ok: lostConnections === 0,
    text: `the server closed ${lostConnections} clients that had done nothing wrong`,
  };
}

/** What is known of a client that has fallen silent; times are monotonic, in milliseconds. */
export interface SilentClient {
  /** When its last heartbeat was sent. */
  readonly lastHeartbeatMs: number;
  /** When that was answered. */
  readonly lastAnswerMs: number;
  /** When the server closed it; 0 = it did not. */
  readonly closedMs: number;
}

/** Sorts clients that have fallen silent by when they were closed. */
export function silentReport(
  clients: readonly SilentClient[],
  { earliestMs, latestMs }: Deadline,
): SilentReport {
  const report = { silent: clients.length, closed: 0, early: 0, late: 0, lastMs: 0 };
  for (const { lastHeartbeatMs, lastAnswerMs, closedMs } of clients) {
    if (closedMs > 0) report.lastMs = Math.max(report.lastMs, closedMs - lastAnswerMs);
    if (closedMs === 0 || closedMs > lastAnswerMs + latestMs) report.late++;
    else if (closedMs < lastHeartbeatMs + earliestMs) report.early++;
    else report.closed++;
  }
  return report;
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
  /** Clients that did not read. */
  readonly slow: number;
  /** Pushes to them that were not accepted, so that their queues did not fill. */
  readonly refused: number;
}

/** Whether clients that do not read hold up the others. */
export function slowFinding({ beforeMs, meanwhileMs, slow, refused }: SlowSeen): Finding {
  const check = "slow readers hold up nobody";
  const words = (ms: number | undefined) => ms === undefined ? "nothing" : `${ms.toFixed(1)} ms`;
  const text = `p99 was ${words(beforeMs)} before and ${words(meanwhileMs)} meanwhile, ` +
    `with ${slow} that did not read` + (refused === 0 ? "" : `; ${refused} pushes to them failed`);
  const isQuick = beforeMs !== undefined && meanwhileMs !== undefined &&
    meanwhileMs <= Math.max(QUICK_MS, GROWTH_MAX * beforeMs);
  return { check, ok: isQuick && slow > 0 && refused === 0, text };
}

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
