import { silentFinding } from "../checkers/findings.ts";
import { drawn, type Scenario } from "./scenario.ts";

/** After how many silent intervals the run's own server closes a client. */
const INTERVALS = 2;

/** What a deadline may be late by where all run on one busy machine, in milliseconds. */
const LATE_MS = 1_000;

/** How much longer the scenario waits, to see those that are closed late, in milliseconds. */
const SEEN_MS = 1_500;

/** What the clocks of two processes may differ by, in milliseconds. */
const EARLY_MS = 5;

/** All send heartbeats, then some fall silent. */
export const heartbeat: Scenario = {
  async run(run) {
    const { heartbeatMs, seed, share } = run.options;
    const deadlineMs = INTERVALS * heartbeatMs;
    const deadline = { earliestMs: deadlineMs - EARLY_MS, latestMs: deadlineMs + LATE_MS };
    run.phase("all beat");
    await run.wait(heartbeatMs);
    const silence = (seed: number) => run.fleet.silence({ share, seed });
    const silent = await drawn(seed, silence, (count) => count === 0);
    run.phase(`${silent} are silent`);
    await run.wait(deadline.latestMs + SEEN_MS);
    const report = await run.fleet.silentReport(deadline);
    run.find(silentFinding(report, deadline.latestMs));
    run.notes.silent_clients = report.silent;
    run.notes.silent_closed = report.closed;
    run.notes.silent_early = report.early;
    run.notes.silent_late = report.late;
    run.notes.silent_deadline_ms = deadlineMs;
    run.notes.silent_last_closed_ms = Math.round(report.lastMs);
  },
};
