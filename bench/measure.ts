import process from "node:process";

/** What some benchmarks are told, and the others ignore. */
export interface BenchOptions {
  /** Where a chart goes, as SVG, of those that draw one. */
  readonly chartFile?: string;
  /** URL of the store to measure, in place of all that can be started. */
  readonly store?: string;
}

/** What one operation costs, in nanoseconds. */
export interface Cost {
  /** Time on the wall. */
  readonly wallNs: number;
  /** CPU time of the whole process, with its garbage collector and compiler. */
  readonly cpuNs: number;
}

/** CPU time that the process has used so far, in microseconds. */
function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Keeps compilers from leaving out work whose result nobody sees. */
let sink = 0;

/**
 * Measures an operation: once to warm up, then the round with the least time on the wall counts.
 *
 * @param rounds How often to measure.
 * @param operations How many operations `body` does.
 * @param body Does them; what it returns must depend on their results.
 */
export function best(rounds: number, operations: number, body: () => number): Cost {
  let cost: Cost = { wallNs: Infinity, cpuNs: Infinity };
  for (let round = -1; round < rounds; round++) {
    const startUs = cpuUs();
    const startMs = performance.now();
    sink += body();
    const wallNs = (performance.now() - startMs) * 1e6 / operations;
    const cpuNs = (cpuUs() - startUs) * 1e3 / operations;
    if (round >= 0 && wallNs < cost.wallNs) cost = { wallNs, cpuNs };
  }
  return cost;
}

/** How many of `full` there are to be at a scale, at least `least`. */
export function scaled(full: number, scale: number, least: number): number {
  return Math.max(least, Math.round(full * scale));
}

/** Begins something so many times a second, however long each takes, and waits until all is done. */
export async function atRate(
  rate: number,
  count: number,
  begin: () => Promise<unknown>,
): Promise<void> {
  const startMs = performance.now();
  const begun: Promise<unknown>[] = [];
  for (let index = 0; index < count; index++) {
    const waitMs = startMs + index * 1_000 / rate - performance.now();
    if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
    begun.push(begin());
  }
  await Promise.all(begun);
}

/** The middle of some numbers. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** What 99 of 100 of some numbers do not exceed. */
export function percentile99(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.99) - 1];
}

/**
 * Prints what some operations cost, the first of them being what the others are compared with.
 *
 * @param title What was measured.
 * @param costs What each operation is called, and its cost.
 */
export function printCosts(title: string, costs: readonly (readonly [string, Cost])[]): void {
  const [[, base]] = costs;
  printTable(
    title,
    ["operation", "ns", "CPU ns", "million/s", "ratio"],
    costs.map(([name, { wallNs, cpuNs }]) => [
      name,
      cell(wallNs),
      cell(cpuNs),
      cell(1e3 / wallNs),
      cell(wallNs / base.wallNs),
    ]),
  );
}

/** A number with three significant digits or, when it is large, none after the point. */
export function cell(value: number): string {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
}

/**
 * Prints a table.
 *
 * @param title What was measured.
 * @param head Names of the columns, with units.
 * @param rows Their cells; the first of each row is its name.
 */
export function printTable(
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column].length))
  );
  const line = (cells: readonly string[]) =>
    cells.map((text, column) =>
      column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column])
    ).join("  ");
  console.log(`\n${title}`);
  console.log(line(head));
  for (const row of rows) console.log(line(row));
}
