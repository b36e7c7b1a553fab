import { freeMemoryShare } from "../machine.ts";
import type { Stage } from "../stage.ts";
import type { Sample } from "../types.ts";
import type { Scenario } from "./scenario.ts";

/** Steps of the ramp. */
const STEPS = 10;

/** What is too slow, in milliseconds. */
const P99_MS_MAX = 1_000;

/** Share of all processors beyond which they are what limits. */
const CORES_SHARE = 0.85;

/** Share of the memory below which it is what limits. */
const MEMORY_SHARE = 0.05;

function connect(stage: Stage, clients: number): Promise<void> {
  return stage.fleet.connect({ ...stage.plan, exact: false }, clients);
}

/** What a client that did not get in says of the reason. */
function refusal(why: string): string {
  if (/EMFILE|ENFILE|too many open files/i.test(why)) return `files: ${why}`;
  if (/EADDRNOTAVAIL|not available/i.test(why)) return `ports: ${why}`;
  if (/ENOMEM|ENOBUFS/i.test(why)) return `memory: ${why}`;
  return `connections: ${why}`;
}

/** Why the ramp is at its end, or undefined when it may go on. */
function limitMet(stage: Stage, wanted: number): string | undefined {
  const { clientCores, cpuCount, last } = stage;
  const sample = stage.samples.at(-1);
  if ((last?.authenticated ?? 0) < wanted) {
    return refusal(last?.failures.at(-1) ?? "no reason was seen");
  }
  const free = freeMemoryShare() ?? 1;
  if (free < MEMORY_SHARE) return `memory: ${(100 * free).toFixed(0)} % of it is left`;
  if (sample === undefined || sample.p99Ms <= P99_MS_MAX) return undefined;
  const { p99Ms, serverCores = 0 } = sample;
  const latency = `p99 is ${p99Ms.toFixed(0)} ms`;
  const busy = serverCores + clientCores > CORES_SHARE * cpuCount;
  return `${busy ? "CPU" : "latency"}: ${latency}, the server takes ${
    serverCores.toFixed(1)
  } and ` +
    `the clients ${clientCores.toFixed(1)} of ${cpuCount} processors`;
}

/** What is seen with so many clients, in words. */
function figuresOf({ receivedPerS, p99Ms, serverCores, serverRssBytes }: Sample): string {
  const figures = [`${Math.round(receivedPerS)} messages/s`, `p99 ${p99Ms.toFixed(0)} ms`];
  if (serverCores !== undefined) figures.push(`server ${serverCores.toFixed(1)} cores`);
  if (serverRssBytes !== undefined) figures.push(`${(serverRssBytes / 2 ** 20).toFixed(0)} MiB`);
  return figures.join(", ");
}

/** More and more clients, until something gives. */
export const capacity: Scenario = {
  clientsAtFirst: (clients) => Math.ceil(clients / STEPS),
  async run(stage) {
    const { clients, rate, durationMs } = stage.options;
    stage.pusher.start(rate);
    let reached = 0;
    let met: string | undefined;
    for (let step = 1; step <= STEPS && met === undefined; step++) {
      const wanted = Math.ceil(clients * step / STEPS);
      stage.phase(`${wanted} clients`);
      if (step > 1) await connect(stage, wanted - Math.ceil(clients * (step - 1) / STEPS));
      await stage.wait(durationMs / STEPS);
      await stage.sample();
      const sample = stage.samples.at(-1);
      if (sample !== undefined) stage.notes[`at_${wanted}_clients`] = figuresOf(sample);
      met = limitMet(stage, wanted);
      if (met === undefined) reached = wanted;
    }
    stage.notes.capacity_clients = reached;
    stage.notes.stopped_by = met ??
      `nothing: all ${clients} clients that were asked for were served`;
  },
};
