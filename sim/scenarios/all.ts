import { preciseClock } from "../../platform/system_clock.ts";
import type { ScenarioName } from "../scenario_names.ts";
import type { RunContext } from "../run_context.ts";
import { capacity } from "./capacity.ts";
import { danmaku } from "./danmaku.ts";
import { heartbeat } from "./heartbeat.ts";
import { recovery } from "./recovery.ts";
import { rolling } from "./rolling.ts";
import { checkReturn, type Scenario, stepSeed } from "./scenario.ts";
import { slow } from "./slow.ts";

/** Share of the clients that something is done to at each step. */
const SHARE = 0.02;

const STEP_MS = 1_000;

/** Pushes in steps to the end of the run, doing something at each to the clients of a new draw. */
async function inSteps(
  run: RunContext,
  act: (step: number, selection: { share: number; seed: number }) => Promise<unknown>,
): Promise<void> {
  const { rate, durationMs, seed, scenario } = run.options;
  run.phase(scenario);
  run.pusher.start(rate);
  for (let step = 0; step * STEP_MS < durationMs; step++) {
    await act(step, { share: SHARE, seed: stepSeed(seed, step) });
    await run.wait(STEP_MS);
  }
}

/** Pushes into all rooms at a steady rate. */
const fanout: Scenario = {
  async run(run) {
    run.phase("fanout");
    run.pusher.start(run.options.rate);
    await run.wait(run.options.durationMs);
  },
};

/** Clients come and go, and change rooms, while pushes run. */
const churn: Scenario = {
  async run(run) {
    await inSteps(
      run,
      (step, selection) => run.fleet.all(step % 2 === 0 ? "leave" : "changeRooms", selection),
    );
    await checkReturn(run);
  },
};

/** All leave at once and come back at once. */
const storm: Scenario = {
  async run(run) {
    const { rate, durationMs } = run.options;
    run.phase("before the storm");
    run.pusher.start(rate);
    await run.wait(durationMs / 3);
    run.phase("storm");
    const startMs = preciseClock.monotonicMs();
    await run.fleet.all("storm");
    run.notes.storm_ms = Math.round(preciseClock.monotonicMs() - startMs);
    await checkReturn(run);
    run.phase("after the storm");
    await run.wait(durationMs / 3);
  },
};

/** Pushes, churn and slow readers at once. */
const mixed: Scenario = {
  async run(run) {
    const { fleet } = run;
    await inSteps(run, async (step, selection) => {
      if (step % 4 === 0) await fleet.all("leave", selection);
      if (step % 4 === 1) await fleet.all("changeRooms", selection);
      if (step % 8 === 2) await fleet.all("stopReading", selection);
      if (step % 8 === 6) await fleet.all("resumeReading");
    });
    await fleet.all("resumeReading");
    await run.wait(STEP_MS);
    // Those that were closed since they did not read: clients do so when they are told to.
    await fleet.all("reconnect");
    await checkReturn(run);
    run.notes.slow_closed = run.last!.slowClosed;
  },
};

/** Every scenario by its name. */
export const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  fanout,
  heartbeat,
  churn,
  slow,
  storm,
  recovery,
  rolling,
  danmaku,
  capacity,
  mixed,
};
