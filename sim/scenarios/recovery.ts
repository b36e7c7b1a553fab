import { type Scenario, untilLive } from "./scenario.ts";

/** A storm with history: clients are cut off while pushes run, and come back with their places. */
export const recovery: Scenario = {
  keepsPlaces: true,
  async run(run) {
    const { fleet, api, notes } = run;
    const { rate, durationMs, share, seed } = run.options;
    run.phase("all are live");
    run.pusher.start(rate);
    await run.wait(durationMs / 3);
    const readsBefore = await api.historyReads();
    run.phase("cut off");
    await fleet.all("leave", { share, seed });
    const times = await untilLive(run);
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
