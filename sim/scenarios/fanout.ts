import type { Scenario } from "./scenario.ts";

/** Pushes into all rooms at a steady rate. */
export const fanout: Scenario = {
  async run(run) {
    run.phase("fanout");
    run.pusher.start(run.options.rate);
    await run.wait(run.options.durationMs);
  },
};
