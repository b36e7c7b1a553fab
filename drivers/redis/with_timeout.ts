import type { Clock } from "../../base/clock.ts";

/** No answer came in time; what was asked may have been done or not. */
export class TimeoutError extends Error {}

/**
 * Waits for an answer, since `@redis/client` has a deadline for what is not yet sent and none for
 * what is.
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
