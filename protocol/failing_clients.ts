import type { Clock } from "../base/clock.ts";
import { clientNetwork } from "./client_network.ts";

/** Over what time failures are counted, from the first one on, in milliseconds. */
export const FAILURES_MS = 60_000;

/** Most clients whose failures are counted; one more, and those of the oldest are forgotten. */
const FAILING_CLIENTS_MAX = 10_000;

/** The failures of a client. */
interface Failures {
  count: number;
  /** When they are over, on the monotonic clock. */
  readonly endMs: number;
}

/** Which addresses showed wrong secrets lately, and how often. */
export class FailingClients {
  /** By the client's network; what is over first comes first, since all last equally long. */
  readonly #failing = new Map<string, Failures>();

  /**
   * @param forgotten Called for each whose failures are forgotten before their time.
   * @param clientsMax Most clients at once.
   */
  constructor(
    private readonly clock: Pick<Clock, "monotonicMs">,
    private readonly forgotten: () => void,
    private readonly clientsMax: number = FAILING_CLIENTS_MAX,
  ) {}

  /** Clients whose failures are counted. */
  get size(): number {
    return this.#failing.size;
  }

  /**
   * How long a client is to be turned away.
   *
   * @param failuresMax How many failures it may have; 0 for any number.
   * @returns Milliseconds, 0 when it is not to be.
   */
  refusedMs(address: string, failuresMax: number): number {
    if (failuresMax === 0 || this.#failing.size === 0) return 0;
    const failures = this.#failing.get(clientNetwork(address));
    if (failures === undefined || failures.count < failuresMax) return 0;
    return Math.max(0, Math.ceil(failures.endMs - this.clock.monotonicMs()));
  }

  /** Counts a failure. */
  failed(address: string): void {
    const nowMs = this.clock.monotonicMs();
    for (const [network, { endMs }] of this.#failing) {
      if (endMs > nowMs) break;
      this.#failing.delete(network);
    }
    const network = clientNetwork(address);
    const failures = this.#failing.get(network);
    if (failures !== undefined) {
      failures.count++;
      return;
    }
    if (this.#failing.size === this.clientsMax) {
      const [oldest] = this.#failing.keys();
      this.#failing.delete(oldest);
      this.forgotten();
    }
    this.#failing.set(network, { count: 1, endMs: nowMs + FAILURES_MS });
  }
}
