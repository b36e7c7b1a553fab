/**
 * The door of this folder: the command line. config/ reads the options, roles/ puts the parts of
 * each role together, and the rest is the log, the metrics and the help.
 *
 * @module
 */
import type { ServerCommand } from "./config/schema.ts";
import { readFileSync } from "node:fs";
import { systemClock } from "../platform/system_clock.ts";
import { parentGone } from "../platform/parent.ts";
import type { Platform } from "../platform/port.ts";
import { readAccess } from "./api_keys_file.ts";
import { effectiveToml } from "./config/render.ts";
import { loadConfig, type LoadedConfig } from "./config/load.ts";
import { ConfigError } from "../options/reading.ts";
import { suggest } from "../options/suggest.ts";
import { commandHelps, generalHelp } from "./help.ts";
import { ProcessOutput } from "./process_output.ts";
import { CometRole } from "./roles/comet.ts";
import { JobRole } from "./roles/job.ts";
import { LogicRole } from "./roles/logic.ts";
import { OneProcess } from "./roles/one_process.ts";
import type { Running } from "./roles/role_process.ts";
import { WORKER_VARIABLE, WorkerRole } from "./roles/worker.ts";
import { Workers } from "./roles/workers.ts";
import { inOneLine } from "./permission_hints.ts";
import { ExitCode, serve, type Start } from "./serve.ts";
import { tools } from "./tools.ts";
import { version } from "./version.ts";
import { readTlsFiles } from "./tls_files.ts";

/** What runs until a signal ends it. */
const serverCommands: Readonly<Record<ServerCommand, Start>> = {
  start: (config, platform) =>
    new (config.workers === "0" ? OneProcess : Workers)(config, platform).run(),
  comet: (config, platform) => new CometRole(config, platform).run(),
  logic: (config, platform) => new LogicRole(config, platform).run(),
  job: (config, platform) => new JobRole(config, platform).run(),
};

function isServerCommand(command: string): command is ServerCommand {
  return command in serverCommands;
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
  const { warnings } = readTlsFiles(loaded.config, systemClock.wallMs());
  for (const warning of warnings) output.complain(warning);
  console.log(effectiveToml(loaded).trimEnd());
  if (loaded.environmentListed) return;
  output.complain("misspelt HALLEY_ variables were not looked for; that needs --allow-env");
}

/** A role that ends with the process that started it. */
async function endingWith(parent: number, starting: Promise<Running>): Promise<Running> {
  const orphaned = parentGone(parent, systemClock).then(() => "its parent process is gone");
  const running = await Promise.race([
    starting,
    orphaned.then((reason) => Promise.reject(new Error(`Cannot start: ${reason}`))),
  ]);
  const ended = running.ended === undefined ? orphaned : Promise.race([running.ended, orphaned]);
  return { close: () => running.close(), reload: (next) => running.reload(next), ended };
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
      await serve(platform, output, {
        load: () => load(platform, command, args).config,
        start: command === "start" ? startServer : serverCommands[command],
      });
      return undefined;
    case "worker":
      await serve(platform, output, {
        load: () => JSON.parse(platform.process.env[WORKER_VARIABLE]!),
        start: (config, on) => endingWith(Number(args[0]), new WorkerRole(config, on).run()),
        isWorker: true,
      });
      return undefined;
    case "sim-server":
      // Whatever the surroundings say, it is as the simulator wants it.
      await serve(platform, output, {
        load: () =>
          load(
            { ...platform, process: { ...platform.process, env: {} } },
            "start",
            args.slice(1),
            (variable) => platform.process.env[variable] ?? "",
          ).config,
        start: (config, on) => endingWith(Number(args[0]), startServer(config, on)),
        // On the simulator's standard output there is its report alone.
        logTo: "stderr",
      });
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
