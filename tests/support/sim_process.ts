import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { childrenOf } from "./processes.ts";
import { within } from "./raw_client.ts";
import { scriptArgs } from "../../platform/select.ts";

/** How long a run may take, in milliseconds. */
const RUN_MS = 100_000;

/** What a run of the simulator came to. */
export interface SimRun {
  /** The exit code, or the name of the signal that ended it. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
  readonly elapsedMs: number;
}

/** The line that `--json` prints, as far as tests look at it. */
export interface SimJson {
  readonly [key: string]: unknown;
  readonly failures: readonly string[];
  readonly client_failures: readonly string[];
  readonly ok: boolean;
}

/** A run of the simulator that is under way. */
export interface SimProcess {
  readonly pid: number;
  /** What it has said on standard error so far. */
  stderr(): string;
  /** Settles when it has gone, though others that it started may still be there. */
  readonly exited: Promise<void>;
  /** Its outcome; it and the processes that it started are killed when it takes too long. */
  readonly ended: Promise<SimRun>;
  /** Ends it, if it has not, and settles when it has gone. */
  stop(): Promise<void>;
}

/**
 * Starts `halley sim` as a user would, in a process of its own on this same runtime.
 *
 * @param env Variables on top of this process's.
 * @param mostMs How long it may take, in milliseconds.
 */
export function startSim(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  mostMs = RUN_MS,
): SimProcess {
  const startMs = performance.now();
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const child = spawn(process.execPath, [...scriptArgs, "mod.ts", "sim", ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => stdout += text);
  child.stderr.setEncoding("utf8").on("data", (text) => stderr += text);
  const closed = once(child, "close").then(([code, signal]) => ({
    code: signal ?? code,
    stdout,
    stderr,
    elapsedMs: performance.now() - startMs,
  }));
  const pid = child.pid!;
  const ended = within(`the end of the simulator ${args.join(" ")}`, closed, mostMs);
  const exited = once(child, "exit").then(() => {});
  return {
    pid,
    stderr: () => stderr,
    exited,
    stop() {
      child.kill();
      return exited;
    },
    ended: ended.catch(async (error) => {
      for (const one of [...await childrenOf(pid), pid]) process.kill(one, "SIGKILL");
      throw new Error(`${error.message}; it said:\n${stderr}`);
    }),
  };
}

/** Runs `halley sim` to its end; see {@linkcode startSim}. */
export function runSim(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<SimRun> {
  return startSim(args, env).ended;
}

/**
 * The JSON line of a run.
 *
 * @throws {Error} When standard output is anything but that one line.
 */
export function jsonOf({ code, stdout, stderr }: SimRun): SimJson {
  const lines = stdout.split("\n");
  if (lines.length === 2 && lines[1] === "") return JSON.parse(lines[0]);
  throw new Error(`not one line but "${stdout}", exit code ${code}:\n${stderr}`);
}

/** What each failure is about, without its figures. */
export function failedChecks({ failures }: SimJson): string[] {
  return failures.filter((failure) => failure.includes(": ")).map((text) => text.split(": ")[0]);
}
