import type { Clock } from "./clock.ts";

/** No answer came in time; what was asked may have been done or not. */
export class TimeoutError extends Error {}

/**
 * Waits for an answer no longer than a while.
 *
 * @param timeMs How long, in milliseconds.
 * @throws {TimeoutError} When none came.
 */
export async function withTimeout<Result>(
  clock: Clock,
  timeMs: number,
  result: Promise<Result>,
): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = clock.setTimeout(
    () => reject(new TimeoutError(`it was not answered within ${timeMs} ms`)),
    timeMs,
  );
  try {
    return await Promise.race([result, late]);
  } finally {
    clock.cancel(timer);
  }
}
