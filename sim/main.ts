/**
 * `halley sim`, for those who operate a server: a load generator that checks every delivery. It
 * starts processes of virtual clients (`client/`), or finds a server that runs already, does what a
 * scenario says (`scenarios/`), judges what was received (`checkers/`) and reports it (`report/`).
 * `run.ts` is one run from its beginning to its end.
 */
import { closeSync, openSync, writeFileSync } from "node:fs";
import process from "node:process";
import type { Child, Platform, Process } from "../platform/port.ts";
import { ConfigError } from "../options/reading.ts";
import { optionTexts, parseSimOptions, simHelp, type SimOptions } from "./options.ts";
import { htmlPage } from "./report/html.ts";
import { jsonLine } from "./report/json.ts";
import { ProgressDisplay } from "./report/progress.ts";
import { verdict } from "./report/verdict.ts";
import { runScenario } from "./run.ts";

/** What `halley sim` ends with. */
const SimExitCode = {
  /** All checks hold. */
  ok: 0,
  checkFailed: 1,
  usage: 2,
  couldNotRun: 3,
} as const;

function complain(message: string): void {
  console.error(`halley sim: ${message}`);
}

/**
 * Runs this program as children, which end with this process when it is told to stop.
 *
 * @param ending Aborted by the first SIGINT instead; undefined where that ends all at once as well.
 */
function spawner({ process: self }: Platform, ending?: AbortController): Process["spawn"] {
  const children = new Set<Child>();
  for (const signal of ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"] as const) {
    self.onSignal(signal, () => {
      if (signal === "SIGINT" && ending?.signal.aborted === false) return ending.abort();
      complain(`stopped by ${signal}`);
      for (const child of children) child.kill("SIGTERM");
      self.exit(SimExitCode.couldNotRun);
    });
  }
  return (args, env) => {
    const child = self.spawn(args, env);
    children.add(child);
    void child.ended.then(() => children.delete(child));
    return child;
  };
}

async function drive(platform: Platform, options: SimOptions): Promise<number> {
  // Before the run and not after it, when it cannot be written.
  if (options.html !== "") closeSync(openSync(options.html, "a"));
  console.error(`halley sim ${optionTexts(options).join(" ")}`);
  const ending = new AbortController();
  const report = await runScenario(options, {
    platform,
    spawn: spawner(platform, options.scenario === "rolling" ? ending : undefined),
    progress: new ProgressDisplay(process.stderr),
    ending: ending.signal,
  });
  if (options.html !== "") writeFileSync(options.html, htmlPage(report));
  console.log(options.json ? jsonLine(report) : verdict(report));
  return report.findings.every(({ ok }) => ok) ? SimExitCode.ok : SimExitCode.checkFailed;
}

/**
 * Runs `halley sim`.
 *
 * @param args What stands after the command.
 * @returns The exit code.
 */
export async function runSim(platform: Platform, args: readonly string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    console.log(simHelp);
    return SimExitCode.ok;
  }
  try {
    return await drive(platform, parseSimOptions(args));
  } catch (error) {
    if (error instanceof ConfigError) {
      for (const mistake of error.mistakes) complain(mistake);
      return SimExitCode.usage;
    }
    complain((error instanceof Error ? error.message : String(error)).split("\n")[0]);
    return SimExitCode.couldNotRun;
  }
}
