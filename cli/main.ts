/**
 * The door of this folder: the command line. config/ reads the options, roles/ puts the parts of
 * each role together, and the rest is the log, the metrics and the help.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { getLogger } from "@logtape/logtape";
import { systemClock } from "../platform/system_clock.ts";
import { parentGone } from "../platform/parent.ts";
import type { Platform, Signal } from "../platform/port.ts";
import { readAccess } from "./api_keys_file.ts";
import { effectiveToml } from "./config/render.ts";
import { loadConfig, type LoadedConfig } from "./config/load.ts";
import { ConfigError } from "../options/reading.ts";
import { suggest } from "../options/suggest.ts";
import { deniedAdvice } from "./permission_hints.ts";
import { commandHelps, generalHelp } from "./help.ts";
import type { ServerCommand } from "./config/relations.ts";
import { ProcessOutput } from "./process_output.ts";
import { CometRole } from "./roles/comet.ts";
import { JobRole } from "./roles/job.ts";
import { LogicRole } from "./roles/logic.ts";
import { OneProcess } from "./roles/one_process.ts";
import type { Running } from "./roles/role_process.ts";
import { WORKER_VARIABLE, WorkerRole } from "./roles/worker.ts";
import { Workers } from "./roles/workers.ts";
import { tools } from "./tools.ts";
import { version } from "./version.ts";

/** What the process ends with. */
const ExitCode = {
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

const log = getLogger(["halley"]);

/** The signals that stop a server. */
const stopSignals = ["SIGINT", "SIGQUIT", "SIGTERM"] as const;

/** Signals that other programs act upon, and that would end a server that does not hear them. */
const ignoredSignals: readonly Signal[] = ["SIGUSR1", "SIGUSR2"];

/** Starts what a command runs; tests put their own in the place of `start`. */
export type Start = (config: LoadedConfig["config"], platform: Platform) => Promise<Running>;

/** What runs until a signal ends it. */
const serverCommands: Readonly<Record<ServerCommand, Start>> = {
  start: (config, platform) =>
    new (config.workers === "0" ? OneProcess : Workers)(config, platform).open(),
  comet: (config, platform) => new CometRole(config, platform).open(),
  logic: (config, platform) => new LogicRole(config, platform).open(),
  job: (config, platform) => new JobRole(config, platform).open(),
};

function isServerCommand(command: string): command is ServerCommand {
  return command in serverCommands;
}

/** An error in one line. */
function inOneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return deniedAdvice(error) ?? message.split("\n")[0];
}

function load(
  platform: Platform,
  command: ServerCommand,
  args: readonly string[],
  readFile = (path: string) => readFileSync(path, "utf8"),
): LoadedConfig {
  return loadConfig({
    args,
    command,
    env: platform.process.env,
    machine: platform.process,
    readFile,
  });
}

/** @param args Those of the role that comes first, or of `start`. */
function checkConfig(platform: Platform, output: ProcessOutput, args: readonly string[]): void {
  const [first = "", ...rest] = args;
  const loaded = isServerCommand(first)
    ? load(platform, first, rest)
    : load(platform, "start", args);
  readAccess(loaded.config);
  console.log(effectiveToml(loaded).trimEnd());
  if (loaded.environmentListed) return;
  output.complain("misspelt HALLEY_ variables were not looked for; that needs --allow-env");
}

/** Runs a role until a signal ends it, or it cannot go on. */
async function serve(
  platform: Platform,
  output: ProcessOutput,
  config: LoadedConfig["config"],
  startRole: Start,
): Promise<void> {
  await output.openLog(config);
  let running: Running | undefined = undefined;
  let stopping = false;
  const stop = async (code: number) => {
    stopping = true;
    try {
      await running?.close();
    } catch (error) {
      output.complain(inOneLine(error));
      code = ExitCode.failed;
    }
    await output.exit(code);
  };
  const { process } = platform;
  const isWorker = process.args[0] === "worker";
  for (const signal of stopSignals) {
    process.onSignal(signal, () => {
      // A terminal tells the workers as well; they wait for their parent to.
      if (isWorker && signal !== "SIGTERM") return;
      if (running === undefined || stopping) void output.exit(ExitCode[signal]);
      else void stop(ExitCode.ok);
    });
  }
  // It also comes when a terminal is closed, which is no reason to end.
  process.onSignal("SIGHUP", () => {
    if (!isWorker) log.info("SIGHUP: the configuration is not read again, that takes a restart");
  });
  for (const signal of ignoredSignals) process.onSignal(signal, () => {});
  running = await startRole(config, platform);
  const reason = await running.ended;
  if (reason === undefined || stopping) return;
  output.complain(reason);
  await stop(ExitCode.failed);
}

/** A role that ends with the process that started it. */
async function endingWith(parent: number, starting: Promise<Running>): Promise<Running> {
  const orphaned = parentGone(parent, systemClock).then(() => "its parent process is gone");
  const running = await Promise.race([
    starting,
    orphaned.then((reason) => Promise.reject(new Error(`Cannot start: ${reason}`))),
  ]);
  const ended = running.ended === undefined ? orphaned : Promise.race([running.ended, orphaned]);
  return { close: () => running.close(), ended };
}

async function run(
  platform: Platform,
  output: ProcessOutput,
  startServer: Start,
): Promise<number | undefined> {
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
    case "comet":
    case "logic":
    case "job":
      if (wantsHelp) {
        console.log(commandHelps[command]);
        return ExitCode.ok;
      }
      await serve(
        platform,
        output,
        load(platform, command, args).config,
        command === "start" ? startServer : serverCommands[command],
      );
      return undefined;
    case "worker":
      await serve(
        platform,
        output,
        JSON.parse(platform.process.env[WORKER_VARIABLE]!),
        (config, on) => endingWith(Number(args[0]), new WorkerRole(config, on).open()),
      );
      return undefined;
    case "sim-server":
      // Whatever the surroundings say, it is as the simulator wants it.
      await serve(
        platform,
        output,
        load(
          { ...platform, process: { ...platform.process, env: {} } },
          "start",
          args.slice(1),
          (variable) => platform.process.env[variable] ?? "",
        ).config,
        (config, on) => endingWith(Number(args[0]), startServer(config, on)),
      );
      return undefined;
    case "sim-clients":
      await (await import("../sim/client/process.ts")).runClientProcess(platform);
      return undefined;
    case "check-config":
      if (wantsHelp) console.log(commandHelps["check-config"]);
      else checkConfig(platform, output, args);
      return ExitCode.ok;
    default: {
      if (Object.hasOwn(tools, command)) return await tools[command](platform, args) ?? ExitCode.ok;
      const what = command.startsWith("-") ? "flag" : "command";
      const commands = [...Object.keys(commandHelps), ...Object.keys(tools)];
      const known = [...commands, "--help", "--version"];
      const advice = suggest(command, known) || "; see halley --help";
      output.complain(`there is no ${what} "${command}"${advice}`);
      return ExitCode.usage;
    }
  }
}

/**
 * The command line. Ends the process, unless a server was started: that runs until a signal.
 *
 * @param platform What the server runs on; its process has the arguments.
 * @param startServer What `start` does.
 */
export async function main(
  platform: Platform,
  startServer: Start = serverCommands.start,
): Promise<void> {
  const output = new ProcessOutput(platform.process, systemClock);
  let code: number | undefined;
  try {
    code = await run(platform, output, startServer);
  } catch (error) {
    const lines = error instanceof ConfigError ? error.mistakes : [inOneLine(error)];
    for (const line of lines) output.complain(line);
    code = error instanceof ConfigError ? ExitCode.usage : ExitCode.failed;
  }
  if (code !== undefined) await output.exit(code);
}
