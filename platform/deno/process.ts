import { availableParallelism } from "node:os";
import process from "node:process";
import { deniedReason } from "../faults.ts";
import { parseOpenFilesMax } from "../open_files.ts";
import type { Child, Process } from "../port.ts";

/** The Deno process. */
export const denoProcess: Process = {
  runtime: `deno ${Deno.version.deno}`,
  args: Deno.args,
  // Reads one variable at a time, so that leave for some of them is enough.
  env: process.env,
  /** @throws {Error} Without permission to know the host name. */
  hostname: () => permitted("read the host name", () => Deno.hostname()),
  openFilesMax,
  cpuCount: availableParallelism,
  spawn: (args, env) => permitted("start a process", () => spawnSelf(args, env)),
  memoryBytes: () => Deno.memoryUsage().rss,
  onSignal(signal, callback): void {
    // Windows has only these.
    const isThere = Deno.build.os !== "windows" || signal === "SIGINT" || signal === "SIGHUP";
    if (isThere) Deno.addSignalListener(signal, callback);
  },
  write: (to, bytes) => Deno[to].write(bytes),
  exit: (code: number): never => Deno.exit(code),
};

function permitted<Result>(action: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw new Error(`Cannot ${action}: ${deniedReason(error) ?? error}`, { cause: error });
  }
}

/** Deno shows files of `/proc` only to a program with every permission. */
function openFilesMax(): number | undefined {
  try {
    return parseOpenFilesMax(Deno.readTextFileSync("/proc/self/limits"));
  } catch {
    return undefined;
  }
}

/** A child gets all permissions from one that has them, and otherwise those of a server. */
function spawnSelf(args: readonly string[], env: Readonly<Record<string, string>>): Child {
  const hasAll = Deno.permissions.querySync({ name: "ffi" }).state === "granted";
  const flags = ["run", "-q", "--no-prompt", hasAll ? "-A" : "-P=server"];
  const child = new Deno.Command(Deno.execPath(), {
    args: [...flags, Deno.mainModule, ...args],
    env: { ...env },
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  return {
    pid: child.pid,
    ended: child.status.then(({ code, signal }) => signal ?? code),
    kill(signal) {
      try {
        Deno.kill(child.pid, signal);
      } catch {
        // It has gone.
      }
    },
  };
}
