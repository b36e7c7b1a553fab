import { readFileSync } from "node:fs";
import type { Platform, StopSignal } from "../platform/port.ts";
import { effectiveToml } from "./config/document.ts";
import { ConfigMistakes, loadConfig, type LoadedConfig } from "./config/load.ts";
import { suggest } from "./config/suggest.ts";
import { deniedAdvice } from "./denied.ts";
import { commandHelps, generalHelp } from "./help.ts";
import { configureLogging } from "./logging.ts";
import { type RunningServer, start } from "./start.ts";
import { version } from "./version.ts";

/** What the process ends with. */
export const ExitCode = {
  ok: 0,
  /** The server could not start or stop. */
  failed: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
  /** A second SIGINT: 128 and the number of the signal, as shells have it. */
  SIGINT: 130,
  /** A second SIGTERM. */
  SIGTERM: 143,
} as const;

/** Starts a server; tests put their own in its place. */
export type Start = (config: LoadedConfig["config"], platform: Platform) => Promise<RunningServer>;

function complain(message: string): void {
  console.error(`halley: ${message}`);
}

/** An error in one line. */
function inOneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return deniedAdvice(error) ?? message.split("\n")[0];
}

function load(platform: Platform, args: readonly string[]): LoadedConfig {
  return loadConfig({
    args,
    env: platform.process.env,
    machine: platform.process,
    readFile: (path) => readFileSync(path, "utf8"),
  });
}

function checkConfig(platform: Platform, args: readonly string[]): void {
  const loaded = load(platform, args);
  console.log(effectiveToml(loaded).trimEnd());
  if (loaded.environmentListed) return;
  complain("misspelt HALLEY_ variables were not looked for; that needs --allow-env");
}

/** Runs the server until a signal ends it. */
async function serve(platform: Platform, args: readonly string[], startServer: Start) {
  const { config } = load(platform, args);
  await configureLogging(config);
  let server: RunningServer | undefined = undefined;
  let stopping = false;
  const stop = async (signal: StopSignal) => {
    if (server === undefined || stopping) return platform.process.exit(ExitCode[signal]);
    stopping = true;
    let code: number = ExitCode.ok;
    try {
      await server.close();
    } catch (error) {
      complain(inOneLine(error));
      code = ExitCode.failed;
    }
    platform.process.exit(code);
  };
  platform.process.onStop((signal) => void stop(signal));
  server = await startServer(config, platform);
}

async function run(platform: Platform, startServer: Start): Promise<number | undefined> {
  const [command, ...args] = platform.process.args;
  const wantsHelp = args.includes("--help") || args.includes("-h");
  switch (command) {
    case undefined:
      console.error(generalHelp);
      return ExitCode.usage;
    case "--help":
    case "-h":
      console.log(generalHelp);
      return ExitCode.ok;
    case "--version":
      console.log(version);
      return ExitCode.ok;
    case "start":
      if (wantsHelp) console.log(commandHelps.start);
      else await serve(platform, args, startServer);
      return wantsHelp ? ExitCode.ok : undefined;
    case "check-config":
      if (wantsHelp) console.log(commandHelps["check-config"]);
      else checkConfig(platform, args);
      return ExitCode.ok;
    default: {
      const what = command.startsWith("-") ? "flag" : "command";
      const known = [...Object.keys(commandHelps), "--help", "--version"];
      const advice = suggest(command, known) || "; see halley --help";
      complain(`there is no ${what} "${command}"${advice}`);
      return ExitCode.usage;
    }
  }
}

/**
 * The command line. Ends the process, unless a server was started: that runs until a signal.
 *
 * @param platform What the server runs on; its process has the arguments.
 * @param startServer Starts a server.
 */
export async function main(platform: Platform, startServer: Start = start): Promise<void> {
  let code: number | undefined;
  try {
    code = await run(platform, startServer);
  } catch (error) {
    const lines = error instanceof ConfigMistakes ? error.mistakes : [inOneLine(error)];
    for (const line of lines) complain(line);
    code = error instanceof ConfigMistakes ? ExitCode.usage : ExitCode.failed;
  }
  if (code !== undefined) platform.process.exit(code);
}
