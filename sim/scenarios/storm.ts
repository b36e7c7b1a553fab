import { entranceFinding } from "../checkers/entrance.ts";
import type { Scenario } from "./scenario.ts";

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
    const tookMs = Math.round(stage.clock.monotonicMs() - startMs);
    await stage.sample();
    const { authenticated, failures } = stage.last!;
    const wanted = stage.options.clients;
    stage.find({
      ...entranceFinding({ authenticated, wanted, reason: failures[0] }),
      check: "everyone comes back",
    });
    stage.notes.storm_ms = tookMs;
    stage.phase("after the storm");
    await stage.wait(durationMs / 3);
  },
};
