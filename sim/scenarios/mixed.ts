import { checkReturn, type Scenario, stepSeed } from "./scenario.ts";

const STEP_MS = 1_000;

/** Share of the clients that something is done to at a step. */
const SHARE = 0.02;

/** Pushes, churn and slow readers at once. */
export const mixed: Scenario = {
  async run(run) {
    const { rate, durationMs, seed } = run.options;
    const { fleet } = run;
    run.phase("mixed");
    run.pusher.start(rate);
    for (let step = 0; step * STEP_MS < durationMs; step++) {
      const selection = { share: SHARE, seed: stepSeed(seed, step) };
      if (step % 4 === 0) await fleet.leave(selection);
      if (step % 4 === 1) await fleet.changeRooms(selection);
      if (step % 8 === 2) await fleet.stopReading(selection);
      if (step % 8 === 6) await fleet.resumeReading();
      await run.wait(STEP_MS);
    }
    await fleet.resumeReading();
    await run.wait(STEP_MS);
    // Those that were closed since they did not read: clients do so when they are told to.
    await fleet.reconnect();
    await checkReturn(run);
    run.notes.slow_closed = run.last!.slowClosed;
  },
};
