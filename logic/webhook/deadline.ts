import type { Clock } from "../../base/clock.ts";

/**
 * Has requests end by a signal when they have taken too long.
 *
 * @param running The time in which this process ran: while it stood still, no answer could be read.
 * @param timeMs How long they may take together, in milliseconds.
 * @throws {Error} What `request` throws, and so what the signal has it throw.
 */
export async function withDeadline<Answer>(
  running: Clock,
  timeMs: number,
  request: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const deadline = new AbortController();
  const late = new Error(`it did not answer within ${timeMs} ms`);
  const timer = running.setTimeout(() => deadline.abort(late), timeMs);
  try {
    return await request(deadline.signal);
  } finally {
    running.cancel(timer);
  }
}
