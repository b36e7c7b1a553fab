import { sleep } from "../base/clock.ts";
import { systemClock } from "../platform/system_clock.ts";
import type { AudienceReport } from "./audience.ts";
import { Child } from "./child.ts";
import type { CrowdKind, CrowdReport } from "./crowd.ts";
import { cell, printTable, scaled } from "./measure.ts";
import type { ServerPorts } from "./whole_server.ts";

/**
 * Who is there already. Their rooms are small, so that a push is not late for the members before
 * one; pushes are many, so that the last of a hundred is more than one that had bad luck.
 */
const MEMBERS = 1_000;
const ROOMS = 10;
const PUSHES_PER_SECOND = 100;

/** Who comes at once, from so many processes. */
const CROWDS: Readonly<Record<CrowdKind, number>> = {
  TCP: 20_000,
  WebSocket: 20_000,
  garbage: 10_000,
};
const PROCESSES = 4;

/** How long the audience is watched before a crowd comes, and at least while it is there. */
const BEFORE_MS = 5_000;

/** What the audience saw while a crowd of a kind came, and what became of the crowd. */
async function burst(kind: CrowdKind, scale: number): Promise<string[][]> {
  await using server = new Child("./whole_server.ts");
  await using audience = new Child("./audience.ts");
  const crowds = Array.from({ length: PROCESSES }, () => new Child("./crowd.ts"));
  try {
    const ports = await server.call<ServerPorts>("start");
    const members = scaled(MEMBERS, scale, 2 * ROOMS);
    await audience.call("open", {
      ports,
      members,
      rooms: ROOMS,
      perSecond: PUSHES_PER_SECOND,
    });
    const watch = async (): Promise<AudienceReport> => {
      const beginMs = performance.now();
      let report = { received: 0, p99Ms: 0, worstMs: 0 };
      while (report.received === 0 || performance.now() - beginMs < BEFORE_MS * scale) {
        await sleep(systemClock, Math.max(100, BEFORE_MS * scale));
        report = await audience.call<AudienceReport>("seen");
      }
      return report;
    };
    // What was compiled while they came in is no measure.
    await watch();
    const before = await watch();
    const count = scaled(CROWDS[kind] / PROCESSES, scale, 5);
    const port = kind === "WebSocket" ? ports.ws : ports.tcp;
    const startMs = performance.now();
    const reports = await Promise.all(
      crowds.map((crowd, seed) => crowd.call<CrowdReport>("come", { kind, port, count, seed })),
    );
    const tookMs = performance.now() - startMs;
    const meanwhile = await audience.call<AudienceReport>("seen");
    const sum = (name: keyof CrowdReport) => reports.reduce((total, one) => total + one[name], 0);
    const { p99Ms, worstMs } = meanwhile.received > 0 ? meanwhile : await watch();
    return [
      [kind, before.p99Ms, p99Ms, p99Ms / before.p99Ms, worstMs, tookMs].map((value) =>
        typeof value === "number" ? cell(value) : value
      ),
      [kind, ...(["entered", "told", "untold", "cut", "failed"] as const).map(sum).map(cell)],
    ];
  } finally {
    for (const crowd of crowds) await crowd.stop();
  }
}

/**
 * Many connections at once, beside clients that get pushes: 20,000 that authenticate, over TCP and
 * over WebSocket, and 10,000 with random bytes, of which half are cut. The limits are the defaults.
 */
export async function run(scale: number): Promise<void> {
  const rows: string[][][] = [];
  for (const kind of Object.keys(CROWDS) as CrowdKind[]) {
    rows.push(await burst(kind, scale));
  }
  printTable(
    `From an HTTP push until one of ${
      scaled(MEMBERS, scale, 2 * ROOMS)
    } members has it, and a crowd`,
    ["crowd", "p99 before ms", "meanwhile ms", "ratio", "worst ms", "took ms"],
    rows.map(([times]) => times),
  );
  printTable(
    "What became of the crowd",
    ["crowd", "entered", "told", "untold", "cut", "failed"],
    rows.map(([, crowd]) => crowd),
  );
}
