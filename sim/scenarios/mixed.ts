import type { Scenario } from "./scenario.ts";

const STEP_MS = 1_000;

/** Pushes, churn and slow readers at once. */
export const mixed: Scenario = {
  async run(stage) {
    const { rate, durationMs, seed } = stage.options;
    stage.phase("mixed");
    stage.pusher.start(rate);
    for (let step = 0; step * STEP_MS < durationMs; step++) {
      const at = seed + step;
      if (step % 4 === 0) await stage.fleet.leave({ share: 0.02, seed: at });
      if (step % 4 === 1) await stage.fleet.changeRooms({ share: 0.02, seed: at });
      if (step % 8 === 2) await stage.fleet.stopReading({ share: 0.02, seed: at });
      if (step % 8 === 6) await stage.fleet.readAgain();
      await stage.wait(STEP_MS);
    }
    await stage.fleet.readAgain();
  },
};
