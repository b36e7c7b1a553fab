import type { Report, Sample } from "../types.ts";
import { figure as count } from "./text.ts";

/** How often a line is printed where lines cannot be drawn over, in seconds. */
const LINE_S = 5;

/** Where progress is shown: standard error, as far as it is needed. */
interface ProgressOut {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Latencies of all deliveries so far, in milliseconds. */
type LatencySoFar = Pick<Report["latencyMs"], "p50" | "p99">;

/** What one moment of a run is like, by name. */
function figuresOf(sample: Sample, { p50, p99 }: LatencySoFar): [name: string, figure: string][] {
  const { clients, expectedPerS, receivedPerS, serverCores, serverRssBytes, clientCores } = sample;
  const { publishedPerS, refusedPerS } = sample;
  const figures: [string, string][] = [
    ["clients", `${count(clients)} on ${clientCores.toFixed(2)} cores`],
    ["messages/s", `${count(receivedPerS)} of ${count(expectedPerS)}`],
    ["so far", `p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} ms`],
  ];
  if (publishedPerS + refusedPerS > 0) {
    figures.push(["taken/s", count(publishedPerS)], ["refused/s", count(refusedPerS)]);
  }
  if (serverCores !== undefined && serverRssBytes !== undefined) {
    figures.push([
      "server",
      `${serverCores.toFixed(2)} cores ${count(serverRssBytes / 2 ** 20)} MiB`,
    ]);
  }
  return figures;
}

/** Shows how a run gets on: in place on a terminal, in plain lines now and then elsewhere. */
export class ProgressDisplay {
  #phase = "";
  #printedS = -Infinity;
  /** Lines that are drawn over next. */
  #drawn = 0;

  constructor(private readonly out: ProgressOut) {}

  phase(name: string): void {
    if (name === this.#phase) return;
    this.#phase = name;
    this.#printedS = -Infinity;
    if (!this.out.isTTY) this.out.write(`${name}\n`);
  }

  sample(sample: Sample, latency: LatencySoFar): void {
    const at = `${sample.atS.toFixed(0).padStart(4)} s  ${sample.phase}`;
    const figures = figuresOf(sample, latency);
    if (this.out.isTTY) {
      this.#draw([at, ...figures.map(([name, figure]) => `  ${name.padEnd(12)}${figure}`)]);
    } else if (sample.atS - this.#printedS >= LINE_S) {
      this.#printedS = sample.atS;
      const texts = figures.map(([name, figure]) => `${name} ${figure}`);
      this.out.write(`${[at, ...texts].join("  ")}\n`);
    }
  }

  #draw(lines: readonly string[]): void {
    const width = Math.max(20, (this.out.columns ?? 80) - 1);
    // Up to where the last were drawn, and nothing below.
    const back = this.#drawn === 0 ? "" : `\u001b[${this.#drawn}F\u001b[J`;
    this.#drawn = lines.length;
    this.out.write(back + lines.map((line) => `${line.slice(0, width)}\n`).join(""));
  }
}
