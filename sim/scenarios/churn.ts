import { checkReturn, type Scenario, stepSeed } from "./scenario.ts";

/** Share of the clients that something is done to at each step. */
const SHARE = 0.02;

const STEP_MS = 1_000;

/** Clients come and go, and change rooms, while pushes run. */
export const churn: Scenario = {
  async run(run) {
    const { rate, durationMs, seed } = run.options;
    run.phase("churn");
    run.pusher.start(rate);
    for (let step = 0; step * STEP_MS < durationMs; step++) {
      const selection = { share: SHARE, seed: stepSeed(seed, step) };
      if (step % 2 === 0) await run.fleet.leave(selection);
      else await run.fleet.changeRooms(selection);
      await run.wait(STEP_MS);
    }
    await checkReturn(run);
  },
};
