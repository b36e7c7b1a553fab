import process from "node:process";
import { runWorld } from "./run_world.ts";

const help = `Runs worlds: a whole cluster, its clients and its faults, each by its seed alone.

Usage: deno run -A tests/simulation/main.ts SEED [LAST]
       bun tests/simulation/main.ts SEED [LAST]

One seed prints what happens in its world; several print what fails. The exit code is 1 when
anything does.`;

/**
 * Runs the worlds of some seeds.
 *
 * @param say Prints a line.
 * @returns The exit code.
 */
export async function main(
  args: readonly string[],
  say: (line: string) => void,
): Promise<number> {
  const [first = NaN, last = first] = args.map(Number);
  if (!Number.isInteger(first) || !Number.isInteger(last) || first < 0 || last < first) {
    for (const line of help.split("\n")) say(line);
    return 2;
  }
  let failed = 0;
  let events = 0;
  for (let seed = first; seed <= last; seed++) {
    const report = await runWorld(seed);
    events += report.events;
    if (first === last) { for (const line of report.trace) say(line); }
    if (report.failures.length > 0) {
      failed++;
      say(`seed ${seed}: ${report.failures.join("\n  ")}`);
    }
    if (first === last) say(`${report.received} received, ${report.expected} expected`);
  }
  say(`${last - first + 1} worlds, ${failed} failed, ${events} events`);
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) process.exit(await main(process.argv.slice(2), console.log));
