import type { Report, Sample } from "../../sim/types.ts";

/** How often the run was looked at, in seconds. */
const SAMPLE_S = 0.5;

/** What the run was at, and until when, in seconds. */
const phases = [["connect", 1], ["fanout", 11], ["drain", 12], ["leave", 12.5]] as const;

/** One moment of a run of 500 clients in two rooms, at 40 pushes a second. */
function sampleAt(atS: number): Sample {
  const phase = phases.find(([, untilS]) => atS <= untilS)?.[0] ?? "leave";
  const pushes = phase === "fanout";
  return {
    atS,
    phase,
    clients: phase === "leave" ? 0 : Math.min(500, 500 * atS),
    expectedPerS: pushes ? 10_000 : 0,
    receivedPerS: pushes ? 10_000 + 100 * Math.sin(atS) : 0,
    publishedPerS: 0,
    refusedPerS: 0,
    p50Ms: pushes ? 2 + Math.sin(atS) / 2 : 0,
    p99Ms: pushes ? 6 + 3 * Math.sin(3 * atS) : 0,
    serverCores: pushes ? 0.2 : 0.01,
    serverRssBytes: 2 ** 20 * (60 + atS / 2),
    clientCores: pushes ? 0.15 : 0.01,
  };
}

/** What a run came to in which all checks hold, but for what a test changes. */
export function simReport(changes: Partial<Report> = {}): Report {
  return {
    seed: 7,
    scenario: "fanout",
    options: ["--scenario fanout", "--clients 500", "--transport tcp,ws", "--seed 7"],
    clients: 500,
    durationS: 12.5,
    receipts: {
      expected: 100_000,
      received: 100_000,
      lost: 0,
      duplicated: 0,
      reordered: 0,
      misdelivered: 0,
      failures: [],
    },
    heartbeatsSent: 250,
    heartbeatsMissed: 0,
    lostConnections: 0,
    pushes: { due: 400, sent: 400, failed: 0 },
    failures: [],
    latencyMs: { p50: 2.0625, p99: 7.55519, max: 12.25 },
    histogram: Array.from({ length: 100 }, (_, index) => {
      const edgeMs = 0.5 * 2 ** (index / 25);
      return [edgeMs, Math.round(1_000 * Math.exp(-((index - 50) ** 2) / 400))] as const;
    }),
    samples: Array.from({ length: 25 }, (_, index) => sampleAt((index + 1) * SAMPLE_S)),
    server: { cpuS: 2.5, rssBytes: 70 * 2 ** 20, rssPerClientBytes: 20_480 },
    findings: [
      { check: "nothing is lost", ok: true, text: "0 of 100000 deliveries are missing" },
      { check: "order is kept", ok: true, text: "0 of 100000 came out of order" },
    ],
    notes: {},
    ...changes,
  };
}

/** The same run with 12 deliveries missing. */
export function failedSimReport(changes: Partial<Report> = {}): Report {
  const { receipts, findings } = simReport();
  return simReport({
    receipts: {
      ...receipts,
      received: 99_988,
      lost: 12,
      failures: ["client 17, room 1: numbers 40 to 51 never came"],
    },
    findings: [
      findings[1],
      { check: "nothing is lost", ok: false, text: "12 of 100000 deliveries are missing" },
    ],
    ...changes,
  });
}

/** A show, some of whose messages were refused. */
export function showReport(): Report {
  const { samples } = simReport();
  return simReport({
    scenario: "danmaku",
    messages: {
      sent: 1_240,
      taken: 1_200,
      takenPerS: 20.04,
      refused: 40,
      reasons: [["too many <messages>", 30], ["the user is muted", 10]],
    },
    samples: samples.map((sample) => ({ ...sample, publishedPerS: 20, refusedPerS: 3 })),
  });
}
