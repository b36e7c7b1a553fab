import type { Platform, Signal } from "../platform/port.ts";
import type { Config } from "./config/schema.ts";
import { inOneLine } from "./permission_hints.ts";
import type { ProcessOutput } from "./process_output.ts";
import { Reloads } from "./reloads.ts";
import type { Running } from "./roles/role_process.ts";

/** What the process ends with. */
export const ExitCode = {
  ok: 0,
  /** The server could not start or stop. */
  failed: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
  /** A second SIGINT: 128 and the number of the signal, as shells have it. */
  SIGINT: 130,
  /** A second SIGQUIT. */
  SIGQUIT: 131,
  /** A second SIGTERM. */
  SIGTERM: 143,
} as const;

/** The signals that stop a server. */
const stopSignals = ["SIGINT", "SIGQUIT", "SIGTERM"] as const;

/** Signals that other programs act upon, and that would end a server that does not hear them. */
const ignoredSignals: readonly Signal[] = ["SIGUSR1", "SIGUSR2"];

/** Starts what a command runs; tests put their own in the place of `start`. */
export type Start = (config: Config, platform: Platform) => Promise<Running>;

/** What is to run. */
export interface Service {
  /** Reads its configuration: at the start, and at each SIGHUP. */
  load(): Config;
  readonly start: Start;
  /** Whether its parent tells it what to do: a terminal's signals come to both. */
  readonly isWorker?: boolean;
  /** Where its log goes; standard output where nothing is said. */
  readonly logTo?: "stderr";
}

/** Runs a role until a signal ends it, or it cannot go on. */
export async function serve(
  platform: Platform,
  output: ProcessOutput,
  { load, start, isWorker = false, logTo }: Service,
): Promise<void> {
  const config = load();
  await output.openLog(config, logTo);
  const reloads = new Reloads(load);
  let running: Running | undefined = undefined;
  let stopping = false;
  const stop = async (code: number) => {
    stopping = true;
    reloads.stop();
    try {
      await running?.close();
    } catch (error) {
      output.complain(inOneLine(error));
      code = ExitCode.failed;
    }
    await output.exit(code);
  };
  const { process } = platform;
  for (const signal of stopSignals) {
    process.onSignal(signal, () => {
      if (isWorker && signal !== "SIGTERM") return;
      if (running === undefined || stopping) void output.exit(ExitCode[signal]);
      else void stop(ExitCode.ok);
    });
  }
  // It also comes when a terminal is closed, which is no reason to end.
  process.onSignal("SIGHUP", () => {
    if (!isWorker) reloads.ask();
  });
  for (const signal of ignoredSignals) process.onSignal(signal, () => {});
  running = await start(config, platform);
  if (!stopping) reloads.started(running);
  const reason = await running.ended;
  if (running.ended === undefined || stopping) return;
  if (reason !== undefined) output.complain(reason);
  await stop(reason === undefined ? ExitCode.ok : ExitCode.failed);
}
