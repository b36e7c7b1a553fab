import { freeMemoryShare } from "../machine.ts";
import { type Interval, ratesBetween, type RunContext } from "../run_context.ts";
import type { Scenario } from "./scenario.ts";

/** Steps of the ramp. */
const STEPS = 10;

/** What is too slow, in milliseconds. */
const P99_MS_MAX = 1_000;

/** Share of all processors beyond which they are what limits. */
const CORES_SHARE = 0.85;

/** Share of the memory below which it is what limits. */
const MEMORY_SHARE = 0.05;

/** What a client that did not get in says of the reason. */
function refusal(why: string): string {
  if (/EMFILE|ENFILE|too many open files/i.test(why)) return `files: ${why}`;
  if (/EADDRNOTAVAIL|not available/i.test(why)) return `ports: ${why}`;
  if (/ENOMEM|ENOBUFS/i.test(why)) return `memory: ${why}`;
  return `connections: ${why}`;
}

/** What went wrong between two moments, in words; undefined when nothing did. */
function errorsOf({ before, after }: Interval): string | undefined {
  const errors = ([
    ["pushes were not accepted", after.refused - before.refused],
    ["clients were closed", after.lostConnections - before.lostConnections],
    ["heartbeats were not answered", after.heartbeatsMissed - before.heartbeatsMissed],
  ] as const).filter(([, count]) => count > 0);
  if (errors.length === 0) return undefined;
  return errors.map(([what, count]) => `${count} ${what}`).join(", ");
}

/** Why the ramp is at its end, or undefined when it may go on. */
function limitMet(run: RunContext, span: Interval, wanted: number): string | undefined {
  const { cpuCount, last } = run;
  if ((last?.authenticated ?? 0) < wanted) {
    return refusal(last?.failures.at(-1) ?? "no reason was seen");
  }
  const free = freeMemoryShare() ?? 1;
  if (free < MEMORY_SHARE) return `memory: ${(100 * free).toFixed(0)} % of it is left`;
  const { serverCpuS, cpuS } = ratesBetween(span);
  const serverCores = serverCpuS || 0;
  const isFull = serverCores + cpuS > CORES_SHARE * cpuCount;
  const text = `the server takes ${serverCores.toFixed(1)} and the clients ` +
    `${cpuS.toFixed(1)} of ${cpuCount} processors`;
  const errors = errorsOf(span);
  if (errors !== undefined) return `${isFull ? "CPU" : "errors"}: ${errors}; ${text}`;
  const { latencies, before, after } = span;
  const p99Ms = latencies.quantile(0.99);
  if (after.due === before.due || (latencies.count > 0 && p99Ms <= P99_MS_MAX)) return undefined;
  const latency = latencies.count === 0 ? "nothing arrived" : `p99 is ${p99Ms.toFixed(0)} ms`;
  return `${isFull ? "CPU" : "latency"}: ${latency}, ${text}`;
}

/** What is seen with so many clients, in words. */
function figuresOf(span: Interval, rssBytes: number | undefined): string {
  const { received, serverCpuS } = ratesBetween(span);
  const p99Ms = span.latencies.quantile(0.99);
  const figures = [`${Math.round(received)} messages/s`, `p99 ${p99Ms.toFixed(0)} ms`];
  if (!Number.isNaN(serverCpuS)) figures.push(`server ${serverCpuS.toFixed(1)} cores`);
  if (rssBytes !== undefined) figures.push(`${(rssBytes / 2 ** 20).toFixed(0)} MiB`);
  return figures.join(", ");
}

/** More and more clients, until something gives. */
export const capacity: Scenario = {
  clientsAtFirst: (clients) => Math.ceil(clients / STEPS),
  async run(run) {
    const { clients, rate, durationMs } = run.options;
    run.pusher.start(rate);
    let reached = 0;
    let met: string | undefined;
    run.notes.stopped_by = "the end of the run";
    for (let step = 1; step <= STEPS && met === undefined; step++) {
      const wanted = Math.ceil(clients * step / STEPS);
      run.phase(`${wanted} clients`);
      if (step > 1) {
        const more = wanted - Math.ceil(clients * (step - 1) / STEPS);
        await run.fleet.connect({ ...run.plan, exact: false }, more);
      }
      await run.measure();
      await run.wait(durationMs / STEPS);
      const span = await run.measure();
      run.notes[`at_${wanted}_clients`] = figuresOf(span, run.samples.at(-1)?.serverRssBytes);
      met = limitMet(run, span, wanted);
      if (met === undefined) reached = wanted;
      run.notes.capacity_clients = reached;
    }
    run.notes.stopped_by = met ??
      `nothing: all ${clients} clients that were asked for were served`;
  },
};
