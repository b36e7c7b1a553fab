import { getLogger } from "@logtape/logtape";
import { ConfigError } from "../options/reading.ts";
import type { Config } from "./config/schema.ts";
import { setLogLevel } from "./logging.ts";
import { inOneLine } from "./permission_hints.ts";
import type { Running } from "./roles/role_process.ts";

const log = getLogger(["halley"]);

/**
 * Has what runs take the configuration anew, each time that is asked for: one after the other, and
 * once for all that is asked for meanwhile.
 */
export class Reloads {
  #running: Running | undefined;
  #isAsked = false;
  #isBusy = false;

  /** @param load Reads the configuration. */
  constructor(private readonly load: () => Config) {}

  /** From now on this runs: what was asked for during its start is done now. */
  started(running: Running): void {
    this.#running = running;
    void this.#run();
  }

  /** Asks for the configuration to be read; before the start is over, then. */
  ask(): void {
    this.#isAsked = true;
    void this.#run();
  }

  /** Does no more: what runs is ended. */
  stop(): void {
    this.#running = undefined;
  }

  async #run(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    while (this.#isAsked && this.#running !== undefined) {
      this.#isAsked = false;
      await this.#reload(this.#running);
    }
    this.#isBusy = false;
  }

  async #reload(running: Running): Promise<void> {
    try {
      const { config, changed, restart } = await running.reload(this.load());
      setLogLevel(config.logLevel);
      log.info("SIGHUP: {changes}", { changes: changed.join(", ") || "nothing has changed" });
      if (restart.length > 0) {
        log.warn("SIGHUP: not before a restart: {changes}", { changes: restart.join(", ") });
      }
    } catch (error) {
      const mistakes = error instanceof ConfigError ? error.mistakes : [inOneLine(error)];
      log.error("SIGHUP: goes on as before: {mistakes}", { mistakes: mistakes.join("; ") });
    }
  }
}
