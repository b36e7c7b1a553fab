import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { residentBytes } from "./processes.ts";
import { within } from "./raw_client.ts";
import { freePort } from "./free_port.ts";
import { scriptArgs } from "../../platform/select.ts";

/** How long a role may take to come up, in milliseconds. */
const START_MS = 30_000;

/** How long it may take to stop when it is asked to, in milliseconds. */
const STOP_MS = 20_000;

/** A line of a role's log. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** A program that runs roles. */
export interface Program {
  /** What it is started with: the program itself, and what stands before the role. */
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  /** Our own where nothing is said. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Halley from its sources, on this same runtime. */
export const fromSources: Program = {
  command: [
    process.execPath,
    ...scriptArgs,
    "mod.ts",
  ],
  cwd: fileURLToPath(new URL("../..", import.meta.url)),
};

/** How to run a role. */
export interface RoleOptions {
  /** `logic`, `comet`, `job` or `start`. */
  readonly command: string;
  /** Its id in the cluster. */
  readonly name: string;
  /** By name, without dashes. */
  readonly flags: Readonly<Record<string, string>>;
  /** What it says when it is up. */
  readonly upMessage: string;
  /** Halley from its sources where nothing is said. */
  readonly program?: Program;
}

/** A port of this machine, to be found when the role is started for the first time. */
export const ANY_PORT = "127.0.0.1:0";

/** What a `/metrics` page says, without the prefix `halley_`. */
export async function readMetrics(url: string): Promise<Record<string, number>> {
  const text = await (await fetch(url, { signal: AbortSignal.timeout(5_000) })).text();
  const lines = text.matchAll(/^halley_(\w+)(?:\{[^}]*\})? (\S+)$/gm);
  return Object.fromEntries(Array.from(lines, ([, name, value]) => [name, Number(value)]));
}

/**
 * A role in a process of its own, on this same runtime, as a user would run it. It can be killed
 * and started again: it keeps the ports of its first start.
 */
export class RoleProcess {
  readonly name: string;
  /** What its runs have said, latest last. */
  readonly lines: LogLine[] = [];
  /** The fields of what it said when it was up. */
  addresses: Readonly<Record<string, string>> = {};
  /** When the present process was up, in milliseconds; undefined while it is not. */
  upMs: number | undefined;
  readonly #options: RoleOptions;
  readonly #flags: Record<string, string>;
  #child: ChildProcess | undefined;
  #ended: Promise<string> = Promise.resolve("not started");
  #waiting: (() => void)[] = [];

  constructor(options: RoleOptions) {
    this.name = options.name;
    this.#options = options;
    this.#flags = { ...options.flags };
  }

  /** Id of the present process, or undefined when there is none. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Settles when the present process has ended, with how. */
  get ended(): Promise<string> {
    return this.#ended;
  }

  /** Starts it, and settles when it is up. */
  async start(): Promise<void> {
    const { command, name, upMessage } = this.#options;
    await this.#choosePorts();
    const since = this.lines.length;
    this.#spawn(command, name);
    const up = this.logged(({ message }) => message === upMessage, since, START_MS);
    const ended = this.#ended.then((how) => {
      throw new Error(`${name} ended with ${how} instead of starting:\n${this.tail()}`);
    });
    const line = await Promise.race([up, ended]);
    up.catch(() => {});
    ended.catch(() => {});
    this.upMs = performance.now();
    this.addresses = line as unknown as Record<string, string>;
  }

  /** Sends a signal to the present process. */
  signal(signal: NodeJS.Signals): void {
    if (this.#child !== undefined) process.kill(this.#child.pid!, signal);
  }

  /** Kills it and settles when it is gone. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await within(`the end of ${this.name}`, this.#ended, STOP_MS);
  }

  /** Asks it to stop and settles with how it ended: `0` when all went well. */
  async stop(): Promise<string> {
    if (this.#child === undefined) return "0";
    this.signal("SIGCONT");
    this.signal("SIGTERM");
    return await within(`the stop of ${this.name}`, this.#ended, STOP_MS);
  }

  /** The first line from `since` on that is wanted, as soon as there is one. */
  logged(
    wanted: (line: LogLine) => boolean,
    since = 0,
    deadlineMs = 20_000,
  ): Promise<LogLine> {
    const look = async () => {
      while (true) {
        const line = this.lines.slice(since).find(wanted);
        if (line !== undefined) return line;
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    };
    return within(`a line in the log of ${this.name}`, look(), deadlineMs);
  }

  /** Memory that the present process holds, in bytes. */
  async residentBytes(): Promise<number | undefined> {
    return this.pid === undefined ? undefined : await residentBytes(this.pid);
  }

  /** What `/metrics` says, without the prefix `halley_`. */
  metrics(): Promise<Record<string, number>> {
    const { metrics } = this.#flags;
    const http = metrics === undefined ? this.addresses.http : `http://${metrics}`;
    return readMetrics(`${http}/metrics`);
  }

  /** The last lines of its log. */
  tail(count = 30): string {
    const last = this.lines.slice(-count);
    return last.map((line) => `  ${this.name} ${JSON.stringify(line)}`).join("\n");
  }

  #spawn(command: string, name: string): void {
    const { command: [file, ...first], cwd, env } = this.#options.program ?? fromSources;
    const flags = Object.entries({ ...this.#flags, "log-format": "json", id: name });
    const args = [...first, command, ...flags.flatMap(([k, v]) => [`--${k}`, v])];
    const child = spawn(file, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.#ended = new Promise((resolve) =>
      child.once("exit", (code, signal) => {
        this.#child = undefined;
        this.upMs = undefined;
        resolve(String(signal ?? code));
      })
    );
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => this.#add(line));
    }
  }

  #add(text: string): void {
    let line: LogLine;
    try {
      line = JSON.parse(text);
    } catch {
      line = { level: "STDERR", message: text };
    }
    this.lines.push(line);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Every start is on the same ports, or others would not find it. */
  async #choosePorts(): Promise<void> {
    for (const [flag, address] of Object.entries(this.#flags)) {
      if (address === ANY_PORT) this.#flags[flag] = `127.0.0.1:${await freePort()}`;
    }
  }
}
