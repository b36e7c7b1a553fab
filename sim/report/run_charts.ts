import type { Report, Sample } from "../types.ts";
import { emptyChart } from "./chart_frame.ts";
import { latencyChart } from "./latency_chart.ts";
import { linearScale, logScale, type Scale } from "./scale.ts";
import { figure, milliseconds } from "./text.ts";
import { bandsOf, timeChart } from "./time_chart.ts";

const MIB = 2 ** 20;

export function runCharts(
  { samples, histogram, latencyMs, server, messages }: Report,
): string {
  const timesS = samples.map(({ atS }) => atS);
  const bands = bandsOf(samples);
  const chart = (
    title: string,
    unit: string,
    columns: Readonly<Record<string, (sample: Sample) => number | undefined>>,
    scale: (values: readonly (number | undefined)[]) => Scale,
    say: (value: number | undefined) => string,
  ) => {
    const lines = Object.entries(columns).map(([name, value]) => {
      return { name, values: samples.map(value) };
    });
    const y = scale(lines.flatMap(({ values }) => values));
    return timeChart({ title, unit, timesS, bands, lines, y, say });
  };
  const delays = {
    // Where nothing arrived there is no latency; such a sample has zeros.
    p50: ({ p50Ms }: Sample) => p50Ms > 0 ? p50Ms : undefined,
    p99: ({ p99Ms }: Sample) => p99Ms > 0 ? p99Ms : undefined,
  };
  const rates = {
    received: ({ receivedPerS }: Sample) => receivedPerS,
    expected: ({ expectedPerS }: Sample) => expectedPerS,
  };
  const written = {
    taken: ({ publishedPerS }: Sample) => publishedPerS,
    refused: ({ refusedPerS }: Sample) => refusedPerS,
  };
  const cores = {
    server: ({ serverCores }: Sample) => serverCores,
    clients: ({ clientCores }: Sample) => clientCores,
  };
  const memory = {
    server: ({ serverRssBytes }: Sample) => serverRssBytes && serverRssBytes / MIB,
  };
  const whole = (values: readonly (number | undefined)[]) => linearScale(values, 1);
  const marks = [["p50", latencyMs.p50], ["p99", latencyMs.p99]] as const;
  return [
    ...(messages === undefined ? [] : [
      chart(
        "Messages of clients",
        "messages per second",
        written,
        linearScale,
        (value) => `${figure(value, 1)} per second`,
      ),
    ]),
    chart("Latency over time", "ms, log scale", delays, logScale, milliseconds),
    latencyChart("Latency histogram", histogram, marks),
    chart(
      "Throughput",
      "deliveries per second",
      rates,
      linearScale,
      (value) => `${figure(value)} per second`,
    ),
    chart("Clients", "connected", { clients: ({ clients }) => clients }, whole, figure),
    ...(server === undefined
      ? [emptyChart("Server", "The server runs elsewhere: its CPU and memory cannot be seen.")]
      : [
        chart("CPU", "cores", cores, linearScale, (value) => `${figure(value, 2)} cores`),
        chart("Server memory", "MiB", memory, linearScale, (value) => `${figure(value, 1)} MiB`),
      ]),
  ].join("\n");
}
