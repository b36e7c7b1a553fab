import { slowFinding } from "../checkers/findings.ts";
import type { RunContext } from "../run_context.ts";
import { draw, type Scenario } from "./scenario.ts";

/** About how many stop reading at most: each fills the system's buffers. */
const SLOW_USUAL = 50;

/** More than a system holds for a connection, so that the server's own queues fill up, in bytes. */
const BULK_BYTES = 12 * 1024 * 1024;
const BULK_PUSH_BYTES = 60_000;

/** How long they read again before it is seen what became of them, in milliseconds. */
const READ_MS = 2_000;

/**
 * Fills the queues of clients that do not read, in half of the time that there is.
 *
 * @returns Pushes that were not accepted.
 */
async function fillQueues(
  run: RunContext,
  clients: readonly number[],
  spanMs: number,
): Promise<number> {
  const pushes = BULK_BYTES / BULK_PUSH_BYTES;
  let refused = 0;
  for (let sent = 0; sent < pushes && clients.length > 0; sent++) {
    const accepted = await run.api.pushToClients(clients, BULK_PUSH_BYTES).catch(() => false);
    if (!accepted) refused++;
    await run.wait(spanMs / 2 / pushes);
  }
  return refused;
}

/** A share stops reading: the others must not notice. */
export const slow: Scenario = {
  async run(run) {
    const { rate, durationMs, share, clients } = run.options;
    run.phase("all read");
    await run.measure();
    run.pusher.start(rate);
    await run.wait(durationMs / 2);
    const before = await run.measure();
    const slow = await draw(run, "stopReading", Math.min(share, SLOW_USUAL / clients));
    run.phase(`${slow.length} do not read`);
    const [refused] = await Promise.all([
      fillQueues(run, slow, durationMs / 2),
      run.wait(durationMs / 2),
    ]);
    const meanwhile = await run.measure();
    run.phase("all read again");
    await run.fleet.all("resumeReading");
    await run.wait(READ_MS);
    const [beforeMs, meanwhileMs] = [before, meanwhile].map(({ latencies }) =>
      latencies.count === 0 ? undefined : latencies.quantile(0.99)
    );
    run.findings.push(slowFinding({ beforeMs, meanwhileMs, slow: slow.length, refused }));
    Object.assign(run.notes, {
      p99_before_ms: beforeMs ?? 0,
      p99_meanwhile_ms: meanwhileMs ?? 0,
      slow_clients: slow.length,
      slow_closed: run.last?.slowClosed ?? 0,
    });
  },
};
