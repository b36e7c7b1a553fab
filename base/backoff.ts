import { type Prng, randomFloat } from "./prng.ts";

/** How waits between tries grow. */
export interface BackoffOptions {
  /** Wait before the first retry, in milliseconds. */
  baseMs: number;
  /** Longest wait, in milliseconds. */
  maxMs: number;
  /** By what each wait is longer than the last. */
  factor: number;
  /** Share of the wait that is random, 0 to 1, so that many clients do not return at once. */
  jitter: number;
}

/**
 * How long to wait before a try.
 *
 * @param attempt 0 for the first retry.
 * @param options The growth.
 * @param prng Where the jitter comes from.
 * @returns Milliseconds, between `(1 - jitter)` and `(1 + jitter)` times the grown wait.
 */
export function backoffMs(attempt: number, options: BackoffOptions, prng: Prng): number {
  const grown = Math.min(options.maxMs, options.baseMs * options.factor ** attempt);
  return grown * (1 + options.jitter * (2 * randomFloat(prng) - 1));
}
