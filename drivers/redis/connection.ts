import { backoffMs, type BackoffOptions } from "../../base/backoff.ts";
import { CancellableDelay } from "../../base/cancellable_delay.ts";
import { StoreUnavailable } from "../ports.ts";
import type { WayDependencies } from "../store.ts";
import { connectRedis, type RedisCommands, unavailabilityOf, watchSentinels } from "./clients.ts";
import { reasonOf } from "./errors.ts";
import type { RedisHost, RedisUrl } from "./redis_url.ts";
import type { SentinelWatch } from "./sentinels.ts";

/** Between tries to connect again. */
const reconnect: BackoffOptions = { baseMs: 50, maxMs: 1_000, factor: 2, jitter: 0.3 };

/** From one connection to the one that replaces it, at least, in milliseconds. */
const CONNECTION_MS_MIN = 1_000;

/** Who uses a connection. */
interface ConnectionUser {
  /** It has been lost; another is on its way. */
  lost(error: unknown): void;
  /** Another server is the master now. */
  masterChanged(): void;
  /** Another took its place: closes it after the calls that are under way there. */
  replaced(commands: RedisCommands): void;
}

/** The connection to Redis that commands go over: one that is lost is replaced by another. */
export class RedisConnection {
  /** Why it is not there. */
  reason = "";
  #commands!: RedisCommands;
  #connectedMs = 0;
  #renewal: Promise<void> | undefined;
  readonly #retryDelay: CancellableDelay;
  #sentinels: SentinelWatch | undefined;
  /** The master that a Sentinel named last. */
  #master: RedisHost | undefined;
  #closed = false;

  constructor(
    private readonly url: RedisUrl,
    private readonly parts: WayDependencies,
    private readonly user: ConnectionUser,
  ) {
    this.#retryDelay = new CancellableDelay(parts.clock);
  }

  /** What is used now, once it was opened. */
  get commands(): RedisCommands {
    return this.#commands;
  }

  /** Connects, and follows what Sentinels say from then on. */
  async open(): Promise<void> {
    await this.#open();
    this.#sentinels = watchSentinels(this.url, (master) => this.#follow(master));
  }

  /**
   * A connection of its own, which is not replaced.
   *
   * @param lost Hears that it is lost.
   */
  async connect(lost: (error: Error) => void = () => {}): Promise<RedisCommands> {
    try {
      return await connectRedis(this.url, this.parts.clock, lost);
    } catch (error) {
      const message = `Cannot connect to Redis: ${reasonOf(error)}`;
      throw unavailabilityOf(error) ? new StoreUnavailable(message) : new Error(message);
    }
  }

  /** It is lost, or no good: another takes its place, unless one has already. */
  replace(commands: RedisCommands, reason: string): void {
    if (commands !== this.#commands || this.#closed || this.#renewal !== undefined) return;
    this.reason = reason;
    this.#renewal = this.#renew().finally(() => this.#renewal = undefined);
  }

  /** Settles when no other takes its place any more; what is used now stays. */
  async close(): Promise<void> {
    this.#closed = true;
    this.reason = "the way to Redis is closed";
    this.#retryDelay.cancel();
    this.#sentinels?.close();
    await this.#renewal;
  }

  async #open(): Promise<void> {
    const before = this.#commands;
    const master = this.#master;
    let commands: RedisCommands | undefined = undefined;
    commands = await this.connect((error) => commands && this.#lost(commands, error));
    if (this.#master !== master && !isSame(this.#master, commands.host)) {
      commands.destroy();
      throw new StoreUnavailable("Cannot connect to Redis: another master was named meanwhile");
    }
    this.#commands = commands;
    this.#connectedMs = this.parts.clock.monotonicMs();
    if (this.#closed) commands.destroy();
    if (before !== undefined) this.user.replaced(before);
  }

  #lost(commands: RedisCommands, error: Error): void {
    this.user.lost(error);
    this.replace(commands, reasonOf(error));
  }

  /** Leaves a server that is not the master any more: what it is told now will be forgotten. */
  #follow(master: RedisHost): void {
    this.#master = master;
    const commands = this.#commands;
    if (isSame(master, commands.host)) return;
    commands.destroy();
    this.user.masterChanged();
    this.#lost(commands, new Error(`another master was named, ${master.host}:${master.port}`));
  }

  async #renew(): Promise<void> {
    const aliveMs = this.parts.clock.monotonicMs() - this.#connectedMs;
    let waitMs = Math.max(CONNECTION_MS_MIN - aliveMs, backoffMs(0, reconnect, this.parts.prng));
    for (let tries = 1; !this.#closed; tries++) {
      await this.#retryDelay.wait(waitMs);
      if (this.#closed) return;
      try {
        return await this.#open();
      } catch (error) {
        this.reason = reasonOf(error);
      }
      waitMs = backoffMs(Math.min(tries, 10), reconnect, this.parts.prng);
    }
  }
}

function isSame(one: RedisHost | undefined, other: RedisHost | undefined): boolean {
  return one?.host === other?.host && one?.port === other?.port;
}
