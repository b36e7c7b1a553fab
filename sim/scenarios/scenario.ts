import { preciseClock } from "../../platform/system_clock.ts";
import { connectingFinding, liveFinding } from "../checkers/findings.ts";
import type { Histogram } from "../checkers/histogram.ts";
import type { RunContext } from "../run_context.ts";

/** How long it may take until all are live again, in milliseconds. */
const LIVE_MS = 60_000;

/** How often it is looked whether they are, in milliseconds. */
const LOOK_MS = 200;

/** How often clients are drawn at most. */
const DRAWS = 1_000;

/** What is done once all clients are in. */
export interface Scenario {
  /** Clients that are let in before it begins; all where nothing is said. */
  readonly clientsAtFirst?: (clients: number) => number;
  /** Whether clients keep their places in the logs of rooms, and come back with them. */
  readonly keepsPlaces?: boolean;
  /** Whether clients go where the server sends them, and come back by themselves. */
  readonly follows?: boolean;
  /** Whether clients write by themselves, in rooms that others may be in as well. */
  readonly isShow?: boolean;
  /** Does it; pushes run when it wants them to, and are stopped afterwards. */
  run(run: RunContext): Promise<void>;
}

/** The seed of one step of many: those of seeds that are near one another do not meet. */
export function stepSeed(seed: number, step: number): number {
  return (seed + step * 65_537) % 2 ** 32;
}

/** Has a share of the clients do something, drawn again until it is not nobody: of a few, it may. */
export async function draw(
  { options, fleet }: RunContext,
  command: "silence" | "stopReading",
  share: number,
): Promise<readonly number[]> {
  for (let step = 0;; step++) {
    const found = (await fleet.all(command, { share, seed: stepSeed(options.seed, step) })).flat();
    if (found.length > 0 || step + 1 === DRAWS) return found;
  }
}

/** Checks that everyone is in who has left and come back. */
export async function checkReturn(run: RunContext): Promise<void> {
  await run.sample();
  const { authenticated, failures } = run.last!;
  const { clients } = run.options;
  const reason = failures.at(-1);
  run.findings.push(connectingFinding(authenticated, clients, reason, "everyone comes back"));
}

/**
 * Waits until all who were cut off are in their rooms again and have what they missed, and checks it.
 *
 * @returns How long it took each, in milliseconds.
 */
export async function untilLive(run: RunContext): Promise<Histogram> {
  const { clients } = run.options;
  const deadlineMs = preciseClock.monotonicMs() + LIVE_MS;
  let seen = await run.fleet.recovery();
  while (seen.live < clients && preciseClock.monotonicMs() < deadlineMs) {
    await run.wait(LOOK_MS);
    seen = await run.fleet.recovery();
  }
  await checkReturn(run);
  const { live, times } = seen;
  run.findings.push(liveFinding(live, clients));
  return times;
}
