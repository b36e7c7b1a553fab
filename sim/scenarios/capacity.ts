import type { Scenario } from "./scenario.ts";
import type { Stage } from "../stage.ts";

/** Steps of the ramp. */
const STEPS = 10;

/** How long a step is looked at, in milliseconds. */
const LOOK_MS = 3_000;

/** What is too slow, in milliseconds. */
const P99_MS_MAX = 1_000;

/** Cores beyond which the server is what limits. */
const CORES_SHARE = 0.95;

function connect(stage: Stage, clients: number): Promise<void> {
  return stage.fleet.connect({ ...stage.plan, exact: false }, clients);
}

/** Why the ramp is at its end, or undefined when it may go on. */
function limitMet(stage: Stage, wanted: number): string | undefined {
  const sample = stage.samples.at(-1);
  const failures = stage.last?.failures ?? [];
  if ((stage.last?.authenticated ?? 0) < wanted) {
    const why = failures[0] ?? "no reason was seen";
    return /EMFILE|too many open files/i.test(why)
      ? `files: ${why}`
      : /EADDRNOTAVAIL|not available/i.test(why)
      ? `ports: ${why}`
      : `connections: ${why}`;
  }
  if (sample === undefined || sample.p99Ms <= P99_MS_MAX) return undefined;
  const cores = sample.serverCores ?? 0;
  const workers = Math.max(1, stage.spread.serverWorkers);
  return cores > CORES_SHARE * workers
    ? `CPU: the server uses ${cores.toFixed(2)} cores and p99 is ${sample.p99Ms.toFixed(0)} ms`
    : `latency: p99 is ${sample.p99Ms.toFixed(0)} ms`;
}

/** More and more clients, until something gives. */
export const capacity: Scenario = {
  clientsAtFirst: (clients) => Math.ceil(clients / STEPS),
  async run(stage) {
    const { clients, rate } = stage.options;
    stage.pusher.start(rate);
    let reached = 0;
    let met: string | undefined;
    for (let step = 1; step <= STEPS; step++) {
      const wanted = Math.ceil(clients * step / STEPS);
      stage.phase(`${wanted} clients`);
      try {
        if (step > 1) await connect(stage, wanted - Math.ceil(clients * (step - 1) / STEPS));
      } catch (error) {
        met = `connections: ${(error as Error).message}`;
      }
      await stage.wait(LOOK_MS);
      met ??= limitMet(stage, wanted);
      if (met !== undefined) break;
      reached = wanted;
    }
    stage.notes.capacity_clients = reached;
    stage.notes.stopped_by = met ??
      `nothing: all ${clients} clients that were asked for were served`;
  },
};
