import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { scriptArgs } from "../platform/select.ts";

/** Ticks of the kernel's clock in a second, by which it counts CPU time. */
const TICKS_PER_S = 100;

const root = fileURLToPath(new URL("..", import.meta.url));

/** A process that is measured from outside. */
export class Daemon {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  /** The fields of what it said when it was up. */
  addresses: Readonly<Record<string, string>> = {};

  private constructor(readonly name: string, child: ChildProcess) {
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once("exit", resolve));
  }

  /**
   * Runs a command of Halley on this same runtime.
   *
   * @param upMessage What it logs when it is up.
   * @throws {Error} When it ends instead.
   */
  static async start(upMessage: string, command: string, ...flags: string[]): Promise<Daemon> {
    const args = [...scriptArgs, "mod.ts", command, "--log-format", "json", ...flags];
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const role = new Daemon(command, child);
    for await (const line of createInterface({ input: child.stdout! })) {
      const entry = JSON.parse(line);
      if (entry.message !== upMessage) continue;
      role.addresses = entry;
      child.stdout!.resume();
      return role;
    }
    throw new Error(`Cannot measure: halley ${command} ended`);
  }

  /** Runs a Redis without persistence. */
  static async startRedis(port: number): Promise<Daemon> {
    const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", ""];
    const child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "inherit"] });
    const failed = once(child, "error").then(([error]) => {
      throw new Error(`Cannot measure: redis-server does not start: ${error.code}`);
    });
    const ready = async () => {
      for await (const line of createInterface({ input: child.stdout! })) {
        if (line.includes("Ready to accept connections")) return;
      }
    };
    await Promise.race([ready(), failed]);
    failed.catch(() => {});
    child.stdout!.resume();
    return new Daemon("redis", child);
  }

  /** CPU time used so far, in seconds. */
  get cpuS(): number {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, "utf8");
    const [utime, stime] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13);
    return (Number(utime) + Number(stime)) / TICKS_PER_S;
  }

  async stop(): Promise<void> {
    // One that has ended is not there to be told.
    this.#child.kill("SIGTERM");
    await this.#ended;
  }
}
