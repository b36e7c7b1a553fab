import type { Clock } from "../../base/clock.ts";
import { type Prng, randomBelow } from "../../base/prng.ts";
import { used, waitMs } from "../../base/rate.ts";
import type { Conn } from "../../platform/port.ts";
import { type CloseCode, CloseCodes } from "../../protocol/close_codes.ts";
import { FailingClients } from "../../protocol/failing_clients.ts";
import type { Channel, Transport } from "../channel.ts";
import type { Channels } from "../channels.ts";
import type { CometCounters } from "../counters.ts";
import type { CometOptions } from "../options.ts";
import type { Refusal } from "./refusal.ts";
import { Refusals } from "./refusals.ts";

/** When whoever is turned away may come back: at one time or another between these. */
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 10_000;

/** What the door knows of the connections behind it. */
export interface Connections {
  /** The limits, as they are now. */
  readonly options: CometOptions;
  /** Whether no client may come at present. */
  readonly isShut: boolean;
  readonly channels: Channels;
  close(channel: Channel, close: CloseCode, farewell: Uint8Array): void;
}

/**
 * Who may come in: asked before a connection has a buffer, a decoder or a deadline, so that turning
 * one away costs no more than telling it.
 */
export class Door {
  /** Connections that are in and have not authenticated. */
  handshakes = 0;
  /** Who may not come in, and is told so. */
  readonly refusals: Refusals<Channel | undefined>;
  readonly #failing: FailingClients;
  /** Up to when the rate of connections is used, on the monotonic clock. */
  #acceptedUntilMs = 0;

  constructor(
    private readonly connections: Connections,
    private readonly clock: Clock,
    private readonly prng: Prng,
    private readonly counters: CometCounters,
  ) {
    this.refusals = new Refusals(connections, clock, counters);
    this.#failing = new FailingClients(clock, () => counters.failingAddressesForgotten++);
  }

  /** Addresses whose auth has failed lately. */
  get failingAddresses(): number {
    return this.#failing.size;
  }

  /**
   * Lets a new connection in, or turns it away and tells it. One that is let in is a handshake, until
   * the owner takes it off.
   *
   * @param client The client's IP address where it is known.
   */
  admits(
    conn: Conn<Channel | undefined>,
    transport: Transport,
    client: string | undefined,
  ): boolean {
    const refusal = (client === undefined ? undefined : this.#refusalOf(client)) ?? this.#enter();
    if (refusal === undefined) return true;
    this.refusals.tell(conn, () => transport.refusal(refusal));
    return false;
  }

  /**
   * A proxy has said the client's IP address, once and before the channel's first frame.
   *
   * @returns Whether the client may stay; otherwise its channel is closing.
   */
  addressed(channel: Channel, remoteAddress: string): boolean {
    const refusal = this.#refusalOf(remoteAddress);
    this.connections.channels.addressed(channel, remoteAddress);
    if (refusal === undefined) return true;
    this.connections.close(channel, refusal.close, channel.transport.refusal(refusal));
    return false;
  }

  /** A client's auth was refused: it counts where that is for what the client showed. */
  authRefused({ remoteAddress }: Channel, { code }: CloseCode): void {
    if (code !== CloseCodes.authFailed.code) return;
    if (this.connections.options.addressAuthFailuresMax > 0) this.#failing.failed(remoteAddress);
  }

  /** What a client is turned away for, by its IP address. */
  #refusalOf(address: string): Refusal | undefined {
    const { connections, counters } = this;
    const { addressConnectionsMax, addressAuthFailuresMax } = connections.options;
    const failedMs = this.#failing.refusedMs(address, addressAuthFailuresMax);
    if (failedMs > 0) {
      counters.refusedAuthFailures++;
      return this.#refusal(CloseCodes.addressLimit, 429, failedMs);
    }
    if (addressConnectionsMax === 0 || connections.channels.of(address) < addressConnectionsMax) {
      return undefined;
    }
    counters.refusedAddress++;
    return this.#refusal(CloseCodes.addressLimit, 429, 0);
  }

  /** What a connection is turned away for, whoever it is. */
  #enter(): Refusal | undefined {
    const { connections, counters } = this;
    const { options, channels } = connections;
    const { connectionsMax, handshakesMax, acceptRate: perSecond, acceptBurst } = options;
    if (connections.isShut) {
      counters.refusedShut++;
      return this.#busy();
    }
    if (channels.size + this.refusals.placesTaken >= connectionsMax) {
      counters.refusedFull++;
      return this.#busy();
    }
    if (handshakesMax > 0 && this.handshakes >= handshakesMax) {
      counters.refusedHandshakes++;
      return this.#busy();
    }
    const rate = { perSecond, burst: acceptBurst };
    const nowMs = this.clock.monotonicMs();
    if (waitMs(rate, this.#acceptedUntilMs, nowMs) > 0) {
      counters.refusedRate++;
      return this.#busy();
    }
    this.#acceptedUntilMs = used(rate, this.#acceptedUntilMs, nowMs);
    this.handshakes++;
    return undefined;
  }

  #busy(): Refusal {
    return this.#refusal(CloseCodes.busy, 503, 0);
  }

  /** Spread, so that those who were turned away together do not come back together. */
  #refusal(close: CloseCode, status: Refusal["status"], afterMs: number): Refusal {
    const spreadMs = randomBelow(this.prng, RETRY_MS_MAX - RETRY_MS_MIN + 1);
    return { close, status, retryMs: afterMs + RETRY_MS_MIN + spreadMs };
  }
}
