import type { Clock } from "../../base/clock.ts";
import type { LogicCounters } from "../counters.ts";
import type { Identity } from "../hooks.ts";

/** Most answers that are kept; for one more the oldest goes. */
export const AUTH_ANSWERS_MAX = 10_000;

/** Whom the application has let in lately, by what it was told of them. */
export class AnswerCache {
  /** From the oldest to the newest. */
  readonly #answers = new Map<string, { readonly identity: Identity; readonly atMs: number }>();

  constructor(
    private readonly clock: Pick<Clock, "monotonicMs" | "wallMs">,
    private readonly counters: Pick<LogicCounters, "authWebhookCacheEvictions">,
  ) {}

  get size(): number {
    return this.#answers.size;
  }

  /**
   * @param ageMsMax How old an answer may be, in milliseconds.
   * @returns One that still lets in.
   */
  get(id: string, ageMsMax: number): Identity | undefined {
    const { identity, atMs } = this.#answers.get(id) ?? {};
    if (identity === undefined || this.clock.monotonicMs() - atMs! >= ageMsMax) return undefined;
    const { expiresAtMs = Infinity } = identity;
    return expiresAtMs > this.clock.wallMs() ? identity : undefined;
  }

  /** @param ageMsMax How old any answer may become, in milliseconds, before it is of no more use. */
  set(id: string, identity: Identity, ageMsMax: number): void {
    const atMs = this.clock.monotonicMs();
    this.#answers.delete(id);
    this.#answers.set(id, { identity, atMs });
    for (const [oldest, { atMs: oldestMs }] of this.#answers) {
      const isOver = atMs - oldestMs >= ageMsMax;
      if (!isOver && this.#answers.size <= AUTH_ANSWERS_MAX) break;
      if (!isOver) this.counters.authWebhookCacheEvictions++;
      this.#answers.delete(oldest);
    }
  }

  delete(id: string): void {
    this.#answers.delete(id);
  }
}
