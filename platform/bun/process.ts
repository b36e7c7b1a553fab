import { readFileSync, write } from "node:fs";
import { execFileSync, spawn } from "node:child_process";
import { availableParallelism, hostname } from "node:os";
import process from "node:process";
import { getconf, parseOpenFilesMax, parseOpenMax } from "../open_files.ts";
import type { Child, Process } from "../port.ts";
import { bun } from "./api.ts";

/** The Bun process. */
export const bunProcess: Process = {
  runtime: `bun ${bun.version}`,
  args: process.argv.slice(2),
  env: process.env,
  hostname,
  openFilesMax,
  mayConnect: () => true,
  cpuCount: availableParallelism,
  spawn: spawnSelf,
  memoryBytes: () => process.memoryUsage.rss(),
  onSignal: (signal, callback) => void process.on(signal, callback),
  write: writeAside,
  exit: (code: number): never => process.exit(code),
};

/** In another thread: `process.stdout` blocks this one when it is a terminal that stands still. */
function writeAside(to: "stdout" | "stderr", bytes: Uint8Array): Promise<number> {
  const { fd } = process[to];
  return new Promise((resolve, reject) =>
    write(fd, bytes, 0, bytes.length, null, (error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    })
  );
}

function openFilesMax(): number | undefined {
  try {
    return parseOpenFilesMax(readFileSync("/proc/self/limits", "utf8"));
  } catch {
    // There is no `/proc` on macOS.
  }
  try {
    return parseOpenMax(execFileSync(getconf.command, getconf.args, { encoding: "utf8" }));
  } catch {
    return undefined;
  }
}

/** The program of an executable that `bun build --compile` made lies within it. */
const compiledRoot = "/$bunfs/";

function spawnSelf(args: readonly string[], env: Readonly<Record<string, string>>): Child {
  const script = process.argv[1];
  const program = script.startsWith(compiledRoot) ? [] : [script];
  const child = spawn(process.execPath, [...program, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const ended = new Promise<number | string>((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? signal ?? 1));
    child.once("error", () => resolve(127));
  });
  return {
    pid: child.pid ?? 0,
    ended,
    kill: (signal) => void child.kill(signal),
  };
}
