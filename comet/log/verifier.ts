import type { CancellableDelay } from "../../base/cancellable_delay.ts";
import { EMPTY } from "../../protocol/frame.ts";
import { HISTORY_READS_MAX, type HistoryReads } from "./history_reads.ts";
import type { LoggedRoom } from "./logged_room.ts";
import type { LogStep } from "./log_step.ts";

/** Logs that are compared at once: half of all reads, so that joins get on. */
const VERIFY_MAX = HISTORY_READS_MAX / 2;

/** Wait behind a comparison that failed, in milliseconds. */
const RETRY_MS = 1_000;

/** What comparing logs needs. */
export interface VerifierDependencies {
  readonly reads: HistoryReads;
  readonly delay: CancellableDelay;
  /** Carries steps of a room out, unless it has ended. */
  perform(logged: LoggedRoom, steps: () => Iterable<LogStep>): Promise<void>;
}

/**
 * Compares logs with the store when something may be missing of which no job speaks; some at a
 * time. Pushes go on meanwhile: a log that is behind finds the hole by itself.
 */
export class Verifier {
  /** Those that are to be compared. */
  readonly #unverified = new Set<LoggedRoom>();
  #underWay = 0;

  constructor(private readonly dependencies: VerifierDependencies) {}

  /** Compares some; what is being read just now, once more. */
  verify(all: Iterable<LoggedRoom>): void {
    for (const logged of all) this.#unverified.add(logged);
    while (this.#underWay < Math.min(VERIFY_MAX, this.#unverified.size)) void this.#run();
  }

  /** A room has ended. */
  forget(logged: LoggedRoom): void {
    this.#unverified.delete(logged);
  }

  async #run(): Promise<void> {
    const { delay } = this.dependencies;
    this.#underWay++;
    // Whoever is added meanwhile is visited as well.
    for (const logged of this.#unverified) {
      this.#unverified.delete(logged);
      try {
        await this.#compare(logged);
      } catch {
        if (!logged.reader.isClosed) this.#unverified.add(logged);
        await delay.wait(RETRY_MS);
      }
      if (delay.cancelled) break;
    }
    this.#underWay--;
  }

  /** Has a log hear from the store how far it has got, as it does from jobs. */
  async #compare(logged: LoggedRoom): Promise<void> {
    const { reads, perform } = this.dependencies;
    const { key, head: after } = logged.log;
    const { epoch, head } = await reads.read({ room: key, after, limit: 1, bytesMax: 1 });
    if (epoch === "") return;
    await perform(logged, () => logged.log.take({ epoch, head, frames: EMPTY }));
  }
}
