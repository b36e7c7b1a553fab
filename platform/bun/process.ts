import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";
import { parseOpenFilesMax } from "../open_files.ts";
import type { Process, StopSignal } from "../port.ts";
import { bun } from "./api.ts";

/** The Bun process. */
export const bunProcess: Process = {
  runtime: `bun ${bun.version}`,
  args: process.argv.slice(2),
  env: process.env,
  hostname,
  openFilesMax,
  memoryBytes: () => process.memoryUsage.rss(),
  onStop(callback: (signal: StopSignal) => void): void {
    process.on("SIGINT", () => callback("SIGINT"));
    process.on("SIGTERM", () => callback("SIGTERM"));
  },
  exit: (code: number): never => process.exit(code),
};

function openFilesMax(): number | undefined {
  try {
    return parseOpenFilesMax(readFileSync("/proc/self/limits", "utf8"));
  } catch {
    return undefined;
  }
}
