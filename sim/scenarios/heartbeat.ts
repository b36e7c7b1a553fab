import { silentFinding } from "../checkers/findings.ts";
import { draw, type Scenario } from "./scenario.ts";

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
    const { heartbeatMs, share } = run.options;
    const deadlineMs = INTERVALS * heartbeatMs;
    const deadline = { earliestMs: deadlineMs - EARLY_MS, latestMs: deadlineMs + LATE_MS };
    run.phase("all beat");
    await run.wait(heartbeatMs);
    const { length } = await draw(run, "silence", share);
    run.phase(`${length} are silent`);
    await run.wait(deadline.latestMs + SEEN_MS);
    const report = await run.fleet.silentReport(deadline);
    run.findings.push(silentFinding(report, deadline.latestMs));
    Object.assign(run.notes, {
      silent_clients: report.silent,
      silent_closed: report.closed,
      silent_early: report.early,
      silent_late: report.late,
      silent_deadline_ms: deadlineMs,
      silent_last_closed_ms: Math.round(report.lastMs),
    });
  },
};
