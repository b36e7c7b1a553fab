import type { Clock } from "../../base/clock.ts";
import { clientNetwork } from "../../protocol/client_network.ts";
import { FailingClients } from "../../protocol/failing_clients.ts";

/** For how long after a right key an address is not slowed for wrong ones, in milliseconds. */
export const KNOWN_MS = 3_600_000;

/** Most addresses that are known to have shown a right key; the oldest are forgotten first. */
export const KNOWN_MAX = 1_000;

/** Where it is counted. */
export interface GuessCounters {
  httpSlowed: number;
  failingCallersForgotten: number;
}

/**
 * Slows who tries keys: an address that showed too many wrong ones is refused before its next one is
 * looked at. One that showed a right key lately is not, so that nobody can lock a back end out that
 * shares its address.
 */
export class KeyGuesses {
  readonly #failing: FailingClients;
  /** Until when an address is known, on the monotonic clock. */
  readonly #known = new Map<string, number>();

  /** @param failuresMax How many wrong keys an address may show in a minute; 0 for any number. */
  constructor(
    private readonly clock: Pick<Clock, "monotonicMs">,
    public failuresMax: number,
    private readonly counters: GuessCounters,
  ) {
    this.#failing = new FailingClients(clock, () => counters.failingCallersForgotten++);
  }

  /** How long an address is refused, in milliseconds; 0 when it is not. */
  refusedMs(address: string): number {
    const refusedMs = this.#failing.refusedMs(address, this.failuresMax);
    if (refusedMs === 0) return 0;
    const knownUntilMs = this.#known.get(clientNetwork(address)) ?? 0;
    if (knownUntilMs > this.clock.monotonicMs()) return 0;
    this.counters.httpSlowed++;
    return refusedMs;
  }

  /** It showed a wrong key. */
  wrong(address: string): void {
    if (this.failuresMax > 0) this.#failing.failed(address);
  }

  /** It showed a right one. */
  right(address: string): void {
    const network = clientNetwork(address);
    const untilMs = this.clock.monotonicMs() + KNOWN_MS;
    const knownUntilMs = this.#known.get(network);
    if (knownUntilMs !== undefined && knownUntilMs > untilMs - KNOWN_MS / 2) return;
    this.#known.delete(network);
    if (this.#known.size === KNOWN_MAX) {
      const [oldest] = this.#known.keys();
      this.#known.delete(oldest);
    }
    this.#known.set(network, untilMs);
  }
}
