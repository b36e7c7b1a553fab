import { getLogger } from "@logtape/logtape";
import { backoffMs } from "../base/backoff.ts";
import type { Clock, TimerHandle } from "../base/clock.ts";
import type { Prng } from "../base/prng.ts";
import type { Address, Streams } from "../platform/port.ts";
import { addressText } from "./address.ts";
import { type Caller, RpcError } from "../protocol/rpc.ts";
import { RpcCounters } from "./counters.ts";
import { DialAttempt } from "./dial_attempt.ts";
import { encodeHello, type RpcPeer } from "./frames.ts";
import { dialBackoff, refusedBackoff, RpcLimits } from "./limits.ts";
import type { RpcHandler, RpcLink } from "./link.ts";

const log = getLogger(["halley", "rpc"]);

/** How to dial. */
export interface RpcDialOptions {
  readonly streams: Streams;
  /** Where the peer listens. */
  readonly address: Address;
  /** What shows the peer that we belong to its cluster; empty when it asks for nothing. */
  readonly secret: string;
  readonly clock: Clock;
  /** Jitter of the waits between dials. */
  readonly prng: Prng;
  /** Who this end is. */
  readonly self: RpcPeer;
  readonly handler: RpcHandler;
  /** As for {@linkcode RpcLinkDependencies}. */
  readonly silentMs?: number;
  /** Where to count; several ends may share it. */
  readonly counters?: RpcCounters;
}

/** Keeps a link to one peer: dials it, and dials again whenever the link is lost. */
export class RpcDialer implements Caller {
  /** Where the peer listens. */
  readonly address: Address;
  readonly #options: RpcDialOptions;
  readonly #counters: RpcCounters;
  readonly #hello: Uint8Array;
  #attempt: DialAttempt | undefined;
  #wait: TimerHandle | undefined;
  #link: RpcLink | undefined;
  #linkedMs = 0;
  #failures = 0;
  /** Why there is no link, as the log last said; undefined when there is one. */
  #reason: string | undefined;
  /** Settles when earlier connections are gone. */
  #gone = Promise.resolve();
  #running = false;

  /** @throws {Error} With a one-line message when the secret is too long. */
  constructor(options: RpcDialOptions) {
    this.#options = options;
    this.#counters = options.counters ?? new RpcCounters();
    this.#hello = encodeHello(options.self, options.secret);
    this.address = options.address;
  }

  /** The link, while there is one. */
  get link(): RpcLink | undefined {
    return this.#link;
  }

  /** Dials, and goes on until it is stopped. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#dial();
  }

  /** Closes the link and dials no more; settles when the connection is gone. */
  async stop(): Promise<void> {
    this.#running = false;
    if (this.#wait !== undefined) this.#options.clock.cancel(this.#wait);
    this.#wait = undefined;
    this.#attempt?.cancel();
    await this.#gone;
  }

  /** Calls over the link; without one it fails at once with `RpcError` "lost". */
  call(method: number, body: Uint8Array, deadlineMs?: number): Promise<Uint8Array> {
    if (this.#link !== undefined) return this.#link.call(method, body, deadlineMs);
    const message = `Cannot call method ${method}: there is no link to ${this.#text}`;
    return Promise.reject(new RpcError("lost", true, message));
  }

  get #text(): string {
    return addressText(this.address);
  }

  #dial(): void {
    this.#wait = undefined;
    this.#attempt = new DialAttempt({
      ...this.#options,
      counters: this.#counters,
      hello: this.#hello,
      onLink: (link) => this.#linked(link),
      onOver: (error) => this.#lost(error),
    });
  }

  #linked(link: RpcLink): void {
    this.#link = link;
    this.#linkedMs = this.#options.clock.monotonicMs();
    if (this.#reason === undefined) return;
    this.#reason = undefined;
    const { role, id } = link.peer;
    log.info("has its link to {role} {id} at {address}", { role, id, address: this.#text });
  }

  #lost(error: Error): void {
    const { clock, prng } = this.#options;
    const wasLinked = this.#link !== undefined;
    const wasSteady = wasLinked &&
      clock.monotonicMs() - this.#linkedMs >= RpcLimits.steadyMs;
    this.#link = undefined;
    const attempt = this.#attempt!;
    this.#gone = this.#gone.then(() => attempt.gone());
    if (!this.#running) return;
    if (!wasLinked) this.#counters.refused++;
    const isRefusal = error instanceof RpcError && !error.temporary;
    this.#say(error.message, isRefusal);
    if (wasSteady) this.#failures = 0;
    const backoff = isRefusal ? refusedBackoff : dialBackoff;
    const waitMs = backoffMs(this.#failures++, backoff, prng);
    this.#wait = clock.setTimeout(() => this.#dial(), waitMs);
  }

  /** Says why there is no link, once until there is one or the reason is another. */
  #say(reason: string, isRefusal: boolean): void {
    if (this.#reason === reason) return;
    this.#reason = reason;
    const values = { address: this.#text, reason };
    if (isRefusal) log.error("is refused by its peer at {address}: {reason}; tries again", values);
    else log.warn("waits for its peer at {address}: {reason}", values);
  }
}
