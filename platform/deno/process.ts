import inspector from "node:inspector";
import { availableParallelism } from "node:os";
import process from "node:process";
import { getLogger } from "@logtape/logtape";
import { systemClock } from "../system_clock.ts";
import { deniedReason } from "../faults.ts";
import { getconf, parseOpenFilesMax, parseOpenMax } from "../open_files.ts";
import type { Child, Process } from "../port.ts";
import { closeOpening } from "./inspector.ts";

const log = getLogger(["halley", "platform"]);

/** The Deno process. */
export const denoProcess: Process = {
  runtime: `deno ${Deno.version.deno}`,
  args: Deno.args,
  env: ownVariables(),
  /** @throws {Error} Without permission to know the host name. */
  hostname: () => permitted("read the host name", () => Deno.hostname()),
  openFilesMax,
  mayConnect: (host) => Deno.permissions.querySync({ name: "net", host }).state === "granted",
  cpuCount: availableParallelism,
  spawn: (args, env) => permitted("start a process", () => spawnSelf(args, env)),
  memoryBytes: () => Deno.memoryUsage().rss,
  onSignal(signal, callback): void {
    // Windows has only these.
    const isThere = Deno.build.os !== "windows" || signal === "SIGINT" || signal === "SIGHUP";
    if (isThere) Deno.addSignalListener(signal, callback);
    if (isThere && signal === "SIGUSR1") keepInspectorShut();
  },
  write: (to, bytes) => Deno[to].write(bytes),
  exit: (code: number): never => Deno.exit(code),
};

/**
 * Reads one variable at a time, so that leave for some of them is enough. To list them takes leave
 * for all: without it that fails, and does not put the question to whoever sits at the terminal.
 */
function ownVariables(): Process["env"] {
  return new Proxy(process.env, {
    ownKeys(variables) {
      if (Deno.permissions.querySync({ name: "env" }).state === "granted") {
        return Reflect.ownKeys(variables);
      }
      throw new Deno.errors.NotCapable("Requires env access");
    },
  });
}

function permitted<Result>(action: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw new Error(`Cannot ${action}: ${deniedReason(error) ?? error}`, { cause: error });
  }
}

/** From now on, unless a debugger was asked for when we were started. */
function keepInspectorShut(): void {
  const mayClose = Deno.permissions.querySync({ name: "sys" }).state === "granted";
  if (mayClose && inspector.url() !== undefined) return;
  Deno.addSignalListener("SIGUSR1", () => {
    if (mayClose) void closeOpening(inspector, systemClock);
    else log.warn("SIGUSR1: Deno opens its inspector; that it is closed again needs --allow-sys");
  });
}

/** Whether we have every permission; what we lack, Deno asks of whoever sits at the terminal. */
function mayDoAll(): boolean {
  return Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}

/** Deno shows files of `/proc` only to a program with every permission; others may ask getconf. */
function openFilesMax(): number | undefined {
  try {
    if (mayDoAll()) return parseOpenFilesMax(Deno.readTextFileSync("/proc/self/limits"));
  } catch {
    // There is no `/proc` on macOS.
  }
  const { command, args } = getconf;
  if (Deno.permissions.querySync({ name: "run", command }).state !== "granted") return undefined;
  try {
    const { stdout } = new Deno.Command(command, { args: [...args], stderr: "null" }).outputSync();
    return parseOpenMax(new TextDecoder().decode(stdout));
  } catch {
    return undefined;
  }
}

/** A child gets all permissions from one that has them, and otherwise those of a server. */
function spawnSelf(args: readonly string[], env: Readonly<Record<string, string>>): Child {
  const flags = ["run", "-q", "--no-prompt", mayDoAll() ? "-A" : "-P=server"];
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
