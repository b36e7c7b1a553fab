import type { Clock } from "../../base/clock.ts";
import { Semaphore } from "../../base/semaphore.ts";
import { withTimeout } from "../../base/with_timeout.ts";
import type { LogicApi } from "../../protocol/cluster/logic_calls.ts";
import type { HistoryPage, HistoryQuery } from "../../protocol/history.ts";
import type { CometCounters } from "../counters.ts";

/** Reads of history that one comet has under way at once; the others wait. */
export const HISTORY_READS_MAX = 64;

/** How long a read may take, and a client wait for reads that fail, in milliseconds. */
export const HISTORY_MS = 5_000;

/** Reads what rooms have kept, a limited number at a time. Each room has one place in the queue. */
export class HistoryReads {
  /** How many are under way or wait. */
  size = 0;
  readonly #turns = new Semaphore(HISTORY_READS_MAX, Infinity);

  constructor(
    private readonly logic: Pick<LogicApi, "readHistory">,
    private readonly clock: Clock,
    private readonly counters: Pick<CometCounters, "historyReads" | "historyReadFailures">,
  ) {}

  /** @throws {Error} When logic cannot read, or takes too long. */
  async read(query: HistoryQuery): Promise<HistoryPage> {
    this.size++;
    await this.#turns.acquire();
    this.counters.historyReads++;
    try {
      return await withTimeout(this.clock, HISTORY_MS, this.logic.readHistory(query));
    } catch (error) {
      this.counters.historyReadFailures++;
      throw error;
    } finally {
      this.#turns.release();
      this.size--;
    }
  }
}
