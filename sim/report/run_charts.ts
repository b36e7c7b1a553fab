import type { Report, Sample } from "../types.ts";
import { emptyChart } from "./chart_frame.ts";
import { latencyChart } from "./latency_chart.ts";
import { linearScale, logScale } from "./scale.ts";
import { figure, milliseconds } from "./text.ts";
import { bandsOf, type Line, timeChart } from "./time_chart.ts";

const MIB = 2 ** 20;

/** Every chart of a run. */
export function runCharts({ samples, histogram, latencyMs, server }: Report): string {
  const timesS = samples.map(({ atS }) => atS);
  const bands = bandsOf(samples);
  const column = (name: string, value: (sample: Sample) => number | undefined): Line => {
    return { name, values: samples.map(value) };
  };
  const over = { timesS, bands };
  const delays = [
    // Where nothing arrived there is no latency; such a sample has zeros.
    column("p50", ({ p50Ms }) => p50Ms > 0 ? p50Ms : undefined),
    column("p99", ({ p99Ms }) => p99Ms > 0 ? p99Ms : undefined),
  ];
  const rates = [
    column("received", ({ receivedPerS }) => receivedPerS),
    column("expected", ({ expectedPerS }) => expectedPerS),
  ];
  const clients = [column("clients", ({ clients }) => clients)];
  const cores = [
    column("server", ({ serverCores }) => serverCores),
    column("clients", ({ clientCores }) => clientCores),
  ];
  const memory = [
    column("server", ({ serverRssBytes }) => serverRssBytes && serverRssBytes / MIB),
  ];
  const all = (lines: readonly Line[]) => lines.flatMap(({ values }) => values);
  return [
    timeChart({
      ...over,
      title: "Latency over time",
      unit: "ms, log scale",
      lines: delays,
      y: logScale(all(delays)),
      say: milliseconds,
    }),
    latencyChart("Latency histogram", histogram, [
      ["p50", latencyMs.p50],
      ["p99", latencyMs.p99],
    ]),
    timeChart({
      ...over,
      title: "Throughput",
      unit: "deliveries per second",
      lines: rates,
      y: linearScale(all(rates)),
      say: (value) => `${figure(value)} per second`,
    }),
    timeChart({
      ...over,
      title: "Clients",
      unit: "connected",
      lines: clients,
      y: linearScale(all(clients), 1),
      say: (value) => figure(value),
    }),
    ...(server === undefined
      ? [emptyChart("Server", "The server runs elsewhere: its CPU and memory cannot be seen.")]
      : [
        timeChart({
          ...over,
          title: "CPU",
          unit: "cores",
          lines: cores,
          y: linearScale(all(cores)),
          say: (value) => `${figure(value, 2)} cores`,
        }),
        timeChart({
          ...over,
          title: "Server memory",
          unit: "MiB",
          lines: memory,
          y: linearScale(all(memory)),
          say: (value) => `${figure(value, 1)} MiB`,
        }),
      ]),
  ].join("\n");
}
