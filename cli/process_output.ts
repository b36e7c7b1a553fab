import type { Clock } from "../base/clock.ts";
import type { Process } from "../platform/port.ts";
import type { Config } from "./config/schema.ts";
import { LineOutput, logCounters } from "./line_output.ts";
import { configureLogging, type Log } from "./logging.ts";

/** How long the end of the process waits for those who read what it said, in milliseconds. */
const flushMs = 500;

/** What a process says while it runs, so that no reader of it can hold the process up. */
export class ProcessOutput {
  readonly #complaints: LineOutput;
  #log: Log | undefined;

  constructor(private readonly process: Process, private readonly clock: Clock) {
    this.#complaints = new LineOutput({
      write: (bytes) => process.write("stderr", bytes),
      clock,
      counters: logCounters,
      dropped: (count) => `halley: lines were dropped, since nobody took them: ${count}`,
    });
  }

  /** Says on standard error why something cannot be done. */
  complain(message: string): void {
    this.#complaints.line(`halley: ${message}`);
  }

  /** Has everything that is logged from now on written to standard output, or to standard error. */
  async openLog(
    config: Pick<Config, "logLevel" | "logFormat">,
    to: "stdout" | "stderr" = "stdout",
  ): Promise<void> {
    const write = (bytes: Uint8Array) => this.process.write(to, bytes);
    this.#log = await configureLogging(config, {
      write,
      clock: this.clock,
      counters: logCounters,
    });
  }

  /** Ends the process: at once, or when those who are slow to read have had a moment. */
  async exit(code: number): Promise<void> {
    this.#log?.end();
    const outputs = this.#log === undefined ? [] : [this.#log.output];
    const waiting = [...outputs, this.#complaints].filter(({ pendingBytes }) => pendingBytes > 0);
    if (waiting.length > 0) await Promise.all(waiting.map((output) => output.flush(flushMs)));
    this.process.exit(code);
  }
}
