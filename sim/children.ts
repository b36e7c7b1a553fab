import type { Clock } from "../base/clock.ts";
import type { Child } from "../platform/port.ts";

/** How long a process may take to end, in milliseconds. */
const END_MS = 15_000;

/** Ends a process, by force when it does not end by itself, and settles when it has gone. */
export async function endChild(child: Child, clock: Clock): Promise<void> {
  child.kill("SIGTERM");
  const force = clock.setTimeout(() => child.kill("SIGKILL"), END_MS);
  await child.ended;
  clock.cancel(force);
}
