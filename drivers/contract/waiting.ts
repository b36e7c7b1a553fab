import { sleep } from "../../base/clock.ts";
import { systemClock } from "../../platform/system_clock.ts";

/** How long a test waits, in milliseconds. */
const DEADLINE_MS = 20_000;

/**
 * Waits for what must happen soon.
 *
 * @throws {Error} When it does not.
 */
export async function within<Result>(what: string, result: Promise<Result>): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = systemClock.setTimeout(
    () => reject(new Error(`${what} did not come within ${DEADLINE_MS} ms`)),
    DEADLINE_MS,
  );
  try {
    return await Promise.race([result, late]);
  } finally {
    systemClock.cancel(timer);
  }
}

/** Waits until something holds. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const poll = async () => {
    while (!await holds()) await sleep(systemClock, 10);
  };
  await within(what, poll());
}
