import type { Scenario } from "./scenario.ts";

/** Pushes into all rooms at a steady rate. */
export const fanout: Scenario = {
  async run(stage) {
    stage.phase("fanout");
    stage.pusher.start(stage.options.rate);
    await stage.wait(stage.options.durationMs);
  },
};
