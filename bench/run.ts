/**
 * The benchmark command: runs benchmarks one after the other and prints their tables.
 *
 * @module
 */
import { cpus, totalmem } from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import { selectPlatform } from "../platform/select.ts";
import { benches } from "./benches.ts";
import type { BenchOptions } from "./measure.ts";

const help = `Runs benchmarks on this runtime and prints their figures.

Usage: deno task bench [NAME]... [--scale X] [--chart FILE] [--store URL]
       bun run bench [NAME]... [--scale X] [--chart FILE] [--store URL]

NAME is one of ${Object.keys(benches).join(", ")}; all of them by default.

Options:
  --scale X     size of the work, more than 0; 1 is the full size and the default
  --chart FILE  where "compare" draws its chart, as SVG
  --store URL   the store that "history" measures, in place of its own
  -h, --help    this text`;

interface Choice {
  readonly names: readonly string[];
  readonly scale: number;
  readonly options: BenchOptions;
}

/** Reads the arguments; undefined when help was asked for. */
function parse(args: string[]): Choice | undefined {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      scale: { type: "string", default: "1" },
      chart: { type: "string" },
      store: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return undefined;
  const names = positionals.length > 0 ? positionals : Object.keys(benches);
  for (const name of names) {
    if (Object.hasOwn(benches, name)) continue;
    throw new Error(
      `Cannot run benchmarks: NAME must be one of ${Object.keys(benches).join(", ")}, ` +
        `current value is "${name}"`,
    );
  }
  const scale = Number(values.scale);
  if (!(scale > 0 && Number.isFinite(scale))) {
    throw new Error(
      `Cannot run benchmarks: --scale must be more than 0, current value is "${values.scale}"`,
    );
  }
  return { names, scale, options: { chartFile: values.chart, store: values.store } };
}

async function main(args: string[]): Promise<void> {
  let choice: Choice | undefined;
  try {
    choice = parse(args);
  } catch (error) {
    const [line] = (error as Error).message.split("\n");
    console.error(line);
    process.exitCode = 2;
    return;
  }
  if (choice === undefined) return console.log(help);
  const { process: { runtime } } = await selectPlatform();
  const processors = cpus();
  const gibibytes = (totalmem() / 2 ** 30).toFixed(1);
  console.log(`${runtime}, ${processors.length} × ${processors[0]?.model}, ${gibibytes} GiB`);
  const { names, scale, options } = choice;
  for (const name of names) await (await benches[name]()).run(scale, options);
}

await main(process.argv.slice(2));
