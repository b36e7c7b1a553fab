import type { Sample } from "./types.ts";

/** Share of a processor for each process of clients beyond which they hold pushes up themselves. */
const BUSY = 0.95;

/**
 * Whether the clients, and not the server, were at their limit while pushes came.
 *
 * @param processes Of clients: each runs on one processor.
 * @returns What to do about it, in words; undefined when they had time to spare.
 */
export function busyClients(samples: readonly Sample[], processes: number): string | undefined {
  const busy = samples.filter(({ receivedPerS }) => receivedPerS > 0)
    .filter(({ clientCores }) => clientCores > BUSY * processes);
  if (busy.length === 0) return undefined;
  return `for ${busy.length} of ${samples.length} looks at the run the clients took all that ` +
    `${processes} processes can: what was late then may be their own doing; give more --workers`;
}
