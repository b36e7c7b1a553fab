import { checkReturn, type Scenario } from "./scenario.ts";

/** All leave at once and come back at once. */
export const storm: Scenario = {
  async run(run) {
    const { rate, durationMs } = run.options;
    run.phase("before the storm");
    run.pusher.start(rate);
    await run.wait(durationMs / 3);
    run.phase("storm");
    const startMs = run.clock.monotonicMs();
    await run.fleet.storm();
    run.notes.storm_ms = Math.round(run.clock.monotonicMs() - startMs);
    await checkReturn(run);
    run.phase("after the storm");
    await run.wait(durationMs / 3);
  },
};
