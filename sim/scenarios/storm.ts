import { checkReturn, type Scenario } from "./scenario.ts";

/** All leave at once and come back at once. */
export const storm: Scenario = {
  async run(stage) {
    const { rate, durationMs } = stage.options;
    stage.phase("before the storm");
    stage.pusher.start(rate);
    await stage.wait(durationMs / 3);
    stage.phase("storm");
    const startMs = stage.clock.monotonicMs();
    await stage.fleet.storm();
    stage.notes.storm_ms = Math.round(stage.clock.monotonicMs() - startMs);
    await checkReturn(stage);
    stage.phase("after the storm");
    await stage.wait(durationMs / 3);
  },
};
