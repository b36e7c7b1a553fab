import { preciseClock } from "../../platform/system_clock.ts";
import { liveFinding } from "../checkers/findings.ts";
import { checkReturn, type Scenario } from "./scenario.ts";

/** How long it may take until all are live again, in milliseconds. */
const LIVE_MS = 60_000;

/** How often it is looked whether they are, in milliseconds. */
const LOOK_MS = 200;

/** A storm with history: clients are cut off while pushes run, and come back with their places. */
export const recovery: Scenario = {
  keepsPlaces: true,
  async run(run) {
    const { fleet, api, notes } = run;
    const { clients, rate, durationMs, share, seed } = run.options;
    run.phase("all are live");
    run.pusher.start(rate);
    await run.wait(durationMs / 3);
    const readsBefore = await api.historyReads();
    run.phase("cut off");
    const deadlineMs = preciseClock.monotonicMs() + LIVE_MS;
    await fleet.all("leave", { share, seed });
    let seen = await fleet.recovery();
    while (seen.live < clients && preciseClock.monotonicMs() < deadlineMs) {
      await run.wait(LOOK_MS);
      seen = await fleet.recovery();
    }
    await checkReturn(run);
    const { live, times } = seen;
    run.findings.push(liveFinding(live, clients));
    const readsAfter = await api.historyReads();
    Object.assign(notes, {
      cut_clients: times.count,
      live_p50_ms: times.quantile(0.5),
      live_p99_ms: times.quantile(0.99),
      live_max_ms: times.max,
    });
    if (readsBefore !== undefined && readsAfter !== undefined) {
      notes.store_reads = readsAfter - readsBefore;
    }
    run.phase("after");
    await run.wait(durationMs / 3);
  },
};
