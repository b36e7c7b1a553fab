import { preciseClock } from "../../platform/system_clock.ts";
import { awayFinding, turnedAwayFinding } from "../checkers/findings.ts";
import { type Scenario, untilLive } from "./scenario.ts";

/** Over how long it is counted how many clients move, in milliseconds. */
const STEP_MS = 1_000;

/** How long a client may be without its rooms, in milliseconds. */
const AWAY_MS = 10_000;

/** Others replace the processes of the server one after the other, while pushes run. */
export const rolling: Scenario = {
  keepsPlaces: true,
  follows: true,
  async run(run) {
    const { notes, ending, pusher, api } = run;
    const { rate, durationMs } = run.options;
    const nowMs = () => preciseClock.monotonicMs();
    const ratesPerS: number[] = [];
    pusher.start(rate);
    run.phase("all stay");
    for (const endMs = nowMs() + durationMs; nowMs() < endMs && !ending.aborted;) {
      const [beforeMs, before] = [nowMs(), run.last!.handovers];
      await run.wait(STEP_MS);
      await run.sample();
      const moved = run.last!.handovers - before;
      if (moved > 0) ratesPerS.push(moved * 1_000 / (nowMs() - beforeMs));
      run.phase(moved > 0 ? "clients move" : "all stay");
    }
    run.phase("all come back");
    const times = await untilLive(run);
    const { handovers, sentBack, turnedAway } = run.last!;
    run.findings.push(turnedAwayFinding(turnedAway), awayFinding(times.max, AWAY_MS));
    ratesPerS.sort((one, other) => one - other);
    Object.assign(notes, {
      moved: handovers,
      moved_per_s_median: Math.round(ratesPerS[ratesPerS.length >> 1] ?? 0),
      moved_per_s_max: Math.round(ratesPerS.at(-1) ?? 0),
      away_p99_ms: times.quantile(0.99),
      away_max_ms: times.max,
      closed_1001: sentBack,
      pushes_sent_again: api.repeats,
    });
  },
};
