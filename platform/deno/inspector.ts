import { getLogger } from "@logtape/logtape";
import { type Clock, sleep } from "../../base/clock.ts";

const log = getLogger(["halley", "platform"]);

/** How long Deno may take to open its inspector, in milliseconds. */
export const openingMs = 2000;

/** How often to look whether it has, in milliseconds. */
export const lookMs = 2;

/** The functions of `node:inspector` in use. */
interface Inspector {
  /** Where it listens, or undefined while it does not. */
  url(): string | undefined;
  close(): void;
}

/**
 * Closes the inspector that Deno opens at SIGUSR1, whoever listens to that signal: through
 * 127.0.0.1:9229 every user of the machine could run code as ours.
 */
export async function closeOpening(inspector: Inspector, clock: Clock): Promise<void> {
  const latestMs = clock.monotonicMs() + openingMs;
  while (inspector.url() === undefined) {
    if (clock.monotonicMs() >= latestMs) return;
    await sleep(clock, lookMs);
  }
  inspector.close();
  log.warn("SIGUSR1: Deno opened its inspector, which is closed again");
}
