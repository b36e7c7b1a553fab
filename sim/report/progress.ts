import type { Sample } from "../types.ts";

/** How often a line is printed where lines cannot be drawn over, in seconds. */
const LINE_S = 5;

/** Where progress is shown. */
export interface ProgressOut {
  write(text: string): void;
  readonly isTerminal: boolean;
  readonly columns: number;
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** One moment of a run in a line. */
function lineOf(sample: Sample): string {
  const { phase, clients, expectedPerS, receivedPerS, p50Ms, p99Ms } = sample;
  const { serverCores, serverRssBytes } = sample;
  const parts = [
    `${sample.atS.toFixed(0).padStart(4)} s`,
    phase,
    `${count(clients)} clients`,
    `${count(receivedPerS)} of ${count(expectedPerS)} messages/s`,
    `p50 ${p50Ms.toFixed(1)} p99 ${p99Ms.toFixed(1)} ms`,
  ];
  if (serverCores !== undefined && serverRssBytes !== undefined) {
    parts.push(`server ${serverCores.toFixed(2)} cores ${count(serverRssBytes / 2 ** 20)} MiB`);
  }
  return parts.join("  ");
}

/** Shows how a run gets on: in one line of a terminal, or in plain lines now and then. */
export class Progress {
  #phase = "";
  #printedS = -Infinity;

  constructor(private readonly out: ProgressOut) {}

  /** What the run is at. */
  phase(name: string): void {
    if (name === this.#phase) return;
    this.#phase = name;
    this.#printedS = -Infinity;
    if (!this.out.isTerminal) this.out.write(`${name}\n`);
  }

  sample(sample: Sample): void {
    const line = lineOf(sample);
    if (this.out.isTerminal) {
      this.out.write(`\r\u001b[2K${line.slice(0, Math.max(20, this.out.columns - 1))}`);
    } else if (sample.atS - this.#printedS >= LINE_S) {
      this.#printedS = sample.atS;
      this.out.write(`${line}\n`);
    }
  }

  /** Leaves the line. */
  end(): void {
    if (this.out.isTerminal) this.out.write("\n");
  }
}
