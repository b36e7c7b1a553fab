import { getThrottlingFilter, type LogRecord, type Sink } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import type { LogCounters } from "./line_output.ts";

/** Lines of one kind that are logged within a period; the others are counted. */
export const repeatsMax = 10;

/** That period, in milliseconds. */
export const periodMs = 1000;

/**
 * Keeps a fault that comes a thousand times a second from being logged as often, whoever drives it.
 * Lines are of one kind when they differ in nothing but their values: the same logger, level and
 * message. What was left out is said at the period's end, also when no more lines come.
 */
export class RepeatLimit {
  readonly #filter: ReturnType<typeof getThrottlingFilter>;
  #isTimed = false;

  /** @param sink Takes what is to be logged. */
  constructor(
    private readonly sink: Sink,
    private readonly clock: Clock,
    private readonly counters: Pick<LogCounters, "linesLeftOut">,
  ) {
    this.#filter = getThrottlingFilter({
      limit: repeatsMax,
      windowMs: periodMs,
      clock: () => clock.monotonicMs(),
      summary: { logger: { warning: (_message, values) => this.#summarize(values) } },
    });
  }

  /** Logs a record, or counts it. */
  log(record: LogRecord): void {
    if (this.#filter(record)) return this.sink(record);
    this.counters.linesLeftOut++;
    if (this.#isTimed) return;
    this.#isTimed = true;
    this.clock.setTimeout(() => this.endPeriod(), periodMs);
  }

  /** Says what was left out since the period began; every kind may come again. */
  endPeriod(): void {
    this.#isTimed = false;
    this.#filter[Symbol.dispose]();
  }

  #summarize({ suppressed, firstRecord }: Record<string, unknown>): void {
    const { category, level, rawMessage } = firstRecord as LogRecord;
    const text = ` more were left out: ${rawMessage}`;
    this.sink({
      category,
      level,
      timestamp: this.clock.wallMs(),
      message: ["", suppressed, text],
      rawMessage: `{count}${text}`,
      properties: { count: suppressed },
    });
  }
}
