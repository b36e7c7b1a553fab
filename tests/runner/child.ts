import { spawn } from "node:child_process";
import { Buffer } from "node:buffer";

/** How a command ended. */
export interface Ended {
  /** The exit code; 127 when the command is not there, 128 or more when a signal ended it. */
  readonly code: number;
  /** What it printed, both streams in the order in which they came. */
  readonly output: string;
  readonly elapsedMs: number;
}

/** How to run a command. */
export interface RunOptions {
  /** After how long it is killed, in milliseconds. */
  readonly deadlineMs?: number;
  /** Environment variables on top of our own. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How long the output of a child may stay open after its end, in milliseconds. */
const leftOpenMs = 5_000;

/** Runs a command without input until it ends; what it leaves running counts against it. */
export function run(
  command: string,
  args: readonly string[],
  { deadlineMs = 600_000, env = {} }: RunOptions = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const startedMs = performance.now();
    const chunks: Buffer[] = [];
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    const interrupted = () => {
      process.kill(child.pid!, "SIGINT");
      process.exit(130);
    };
    let leftOpen: ReturnType<typeof setTimeout> | undefined;
    const deadline = setTimeout(() => {
      chunks.push(Buffer.from(`\nkilled: still running after ${deadlineMs / 1000} s\n`));
      process.kill(child.pid!, "SIGKILL");
    }, deadlineMs);
    const settle = (code: number) => {
      clearTimeout(deadline);
      clearTimeout(leftOpen);
      process.off("SIGINT", interrupted);
      const elapsedMs = performance.now() - startedMs;
      resolve({ code, output: Buffer.concat(chunks).toString(), elapsedMs });
    };
    process.once("SIGINT", interrupted);
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.once("error", () => settle(127));
    child.once("exit", () => {
      leftOpen = setTimeout(() => {
        chunks.push(Buffer.from("\na process that it started still runs\n"));
        child.stdout.destroy();
        child.stderr.destroy();
        settle(1);
      }, leftOpenMs);
    });
    child.once("close", (code, signal) => settle(code ?? (signal === null ? 1 : 128)));
  });
}
