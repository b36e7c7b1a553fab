import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { exposeGcArg, scriptArgs } from "../platform/select.ts";

/** Handlers of a child process by name; each takes and gives what JSON can carry. */
type Commands = Record<string, (argument: never) => unknown>;

/** What a child has used so far. */
export interface Usage {
  /** CPU time in microseconds. */
  readonly cpuUs: number;
  /** Resident memory in bytes. */
  readonly rssBytes: number;
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpuUs: user + system, rssBytes: process.memoryUsage().rss };
}

/**
 * The child's side: answers the lines that the parent writes to standard input until it ends.
 *
 * @param own What the child can do beside telling what it has used.
 */
export function serveCommands(own: Commands): void {
  const commands: Commands = { ...own, usage };
  const lines = createInterface({ input: process.stdin });
  lines.on("line", async (line) => {
    const { name, argument } = JSON.parse(line);
    let answer: unknown;
    try {
      answer = { result: await commands[name](argument as never) ?? null };
    } catch (error) {
      answer = { error: String(error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  });
  lines.on("close", () => process.exit(0));
}

/** The parent's side of a child process, one call at a time. */
export class Child {
  readonly #child: ReturnType<typeof spawn>;
  readonly #answers: AsyncIterator<string>;
  readonly #ended: Promise<unknown>;

  /** @param script Module beside this one that calls `serveCommands`; it runs on this same runtime. */
  constructor(script: string) {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const args = [...scriptArgs, exposeGcArg, path];
    this.#child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#ended = new Promise((resolve) => this.#child.once("exit", resolve));
    // A child that has ended cannot be written to; the missing answer says so.
    this.#child.stdin!.on("error", () => {});
    this.#answers = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  /**
   * Has the child do something.
   *
   * @throws {Error} When the handler threw or the child has ended.
   */
  async call<T>(name: string, argument: unknown = null): Promise<T> {
    this.#child.stdin!.write(`${JSON.stringify({ name, argument })}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`Cannot call "${name}": the child process has ended`);
    const answer = JSON.parse(value);
    if (answer.error !== undefined) throw new Error(`${name}: ${answer.error}`);
    return answer.result;
  }

  usage(): Promise<Usage> {
    return this.call("usage");
  }

  /** Ends the child, if it has not ended by itself. */
  async stop(): Promise<void> {
    this.#child.stdin!.end();
    await this.#ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
