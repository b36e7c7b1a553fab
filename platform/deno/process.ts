import process from "node:process";
import { deniedReason } from "../faults.ts";
import { parseOpenFilesMax } from "../open_files.ts";
import type { Process, StopSignal } from "../port.ts";

/** The Deno process. */
export const denoProcess: Process = {
  runtime: `deno ${Deno.version.deno}`,
  args: Deno.args,
  // Reads one variable at a time, so that leave for some of them is enough.
  env: process.env,
  /** @throws {Error} Without permission to know the host name. */
  hostname: () => permitted("read the host name", () => Deno.hostname()),
  openFilesMax,
  memoryBytes: () => Deno.memoryUsage().rss,
  onStop(callback: (signal: StopSignal) => void): void {
    Deno.addSignalListener("SIGINT", () => callback("SIGINT"));
    Deno.addSignalListener("SIGTERM", () => callback("SIGTERM"));
  },
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
