import { backoffMs, type BackoffOptions } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import type { Prng } from "../../base/prng.ts";
import type { StoreCounters } from "../counters.ts";
import { StoreRefused, StoreUnavailable } from "../ports.ts";
import {
  connectRedis,
  isPassing,
  needsConnection,
  type RedisCommands,
  refusalOf,
} from "./clients.ts";
import { EntryWaits } from "./entry_waits.ts";
import { evaluate } from "./evaluate.ts";
import { inTime, Unanswered } from "./in_time.ts";
import { parseRedisUrl, type RedisUrl } from "./redis_url.ts";
import { StoreHealth } from "./store_health.ts";
import type { Argument, RedisStore, Reply, Script } from "./store.ts";

/** Limits of the way to Redis. */
export const RedisLimits = {
  /** How long one call may take, in milliseconds. */
  callMsMax: 5_000,
  /** Calls that may be under way. */
  callsMax: 20_000,
  /** Bytes of what they take that may be under way. */
  callBytesMax: 64 * 1024 * 1024,
} as const;

/** Between tries to connect again. */
const reconnect: BackoffOptions = { baseMs: 50, maxMs: 1_000, factor: 2, jitter: 0.3 };

/** From one connection to the one that replaces it, at least, in milliseconds. */
const CONNECTION_MS_MIN = 1_000;

/** Where time and chance come from. */
export interface RedisParts {
  readonly clock: Clock;
  readonly prng: Prng;
}

/**
 * Connects to Redis over TCP.
 *
 * @param url See {@linkcode parseRedisUrl}.
 * @throws {StoreUnavailable} When nobody answers there.
 * @throws {Error} When the URL is not one, or Redis refuses user or password.
 */
export async function openRedisStore(url: string, parts: RedisParts): Promise<RedisStore> {
  const store = new TcpStore(parseRedisUrl(url), parts);
  await store.open();
  return store;
}

class TcpStore implements RedisStore {
  readonly base64 = false;
  readonly mayRepeat = false;
  readonly #url: RedisUrl;
  readonly #clock: Clock;
  readonly #prng: Prng;
  readonly #health: StoreHealth;
  readonly #waits: EntryWaits;
  #commands!: RedisCommands;
  #connectedMs = 0;
  #renewal: Promise<void> | undefined;
  #endPause = () => {};
  /** Calls that are under way. */
  readonly #calls = new Set<Promise<unknown>>();
  #callBytes = 0;
  /** Why there is no connection. */
  #reason = "";
  #closed = false;

  constructor(url: RedisUrl, { clock, prng }: RedisParts) {
    this.#url = url;
    this.#clock = clock;
    this.#prng = prng;
    this.#health = new StoreHealth(clock);
    this.#waits = new EntryWaits(clock, () => this.#connect(() => {}));
  }

  get counters(): StoreCounters {
    return this.#health.counters;
  }

  /** Connects, and has what there was before finish. */
  async open(): Promise<void> {
    const before = this.#commands;
    let commands: RedisCommands | undefined = undefined;
    commands = await this.#connect((error) => commands && this.#lost(commands, error));
    this.#commands = commands;
    this.#connectedMs = this.#clock.monotonicMs();
    if (this.#closed) commands.destroy();
    if (before !== undefined) void this.#finish(before);
  }

  async run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    const bytes = bytesOf(args);
    this.#checkRoom(script, bytes);
    const commands = this.#commands;
    if (!commands.isOpen) {
      this.counters.interruptions++;
      throw new StoreUnavailable(`Cannot run script "${script.name}": ${this.#reason}`);
    }
    const call = this.#inTime(evaluate<unknown>(
      script,
      (hash) => commands.evalSha(hash, keys, args),
      (source) => commands.eval(source, keys, args),
    ));
    this.#calls.add(call);
    this.#callBytes += bytes;
    try {
      const reply = await call;
      this.#health.wentWell(script);
      return reply as Reply;
    } catch (error) {
      throw this.#failure(commands, script, error);
    } finally {
      this.#calls.delete(call);
      this.#callBytes -= bytes;
    }
  }

  waitForEntry(stream: string, afterId: string, waitMs: number): Promise<void> {
    return this.#waits.wait(stream, afterId, waitMs);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#reason = "the way to Redis is closed";
    this.#endPause();
    await Promise.all([this.#finish(this.#commands), this.#renewal, this.#waits.close()]);
  }

  async #connect(lost: (error: Error) => void): Promise<RedisCommands> {
    try {
      return await connectRedis(this.#url, lost);
    } catch (error) {
      const message = `Cannot connect to Redis: ${reasonOf(error)}`;
      throw isPassing(error) ? new StoreUnavailable(message) : new Error(message);
    }
  }

  #checkRoom({ name }: Script, bytes: number): void {
    const { callsMax, callBytesMax } = RedisLimits;
    if (this.#calls.size < callsMax && this.#callBytes + bytes <= callBytesMax) return;
    throw new StoreUnavailable(
      `Cannot run script "${name}": at most ${callsMax} calls and ${callBytesMax} bytes may be ` +
        `under way, current values are ${this.#calls.size} and ${this.#callBytes}`,
    );
  }

  #failure(commands: RedisCommands, script: Script, error: unknown): Error {
    const message = (reason: string) => `Cannot run script "${script.name}": ${reason}`;
    const said = reasonOf(error);
    if (!isPassing(error)) return new Error(message(said));
    const refusal = refusalOf(error);
    if (refusal !== undefined) {
      this.#health.refused(script, refusal, said);
      if (needsConnection(error)) this.#replace(commands, said);
      return new StoreRefused(message(said));
    }
    if (error instanceof Unanswered) commands.unanswered();
    if (needsConnection(error)) this.#lost(commands, error);
    else this.#failed(error);
    return new StoreUnavailable(message(commands.isOpen ? said : this.#reason));
  }

  #lost(commands: RedisCommands, error: unknown): void {
    this.#failed(error);
    this.#replace(commands, reasonOf(error));
  }

  /** A connection is lost, or no good: another takes its place, unless one has already. */
  #replace(commands: RedisCommands, reason: string): void {
    if (commands !== this.#commands || this.#closed || this.#renewal !== undefined) return;
    this.#reason = reason;
    this.#renewal = this.#renew().finally(() => this.#renewal = undefined);
  }

  async #renew(): Promise<void> {
    const aliveMs = this.#clock.monotonicMs() - this.#connectedMs;
    let waitMs = Math.max(CONNECTION_MS_MIN - aliveMs, backoffMs(0, reconnect, this.#prng));
    for (let tries = 1; !this.#closed; tries++) {
      await this.#pause(waitMs);
      if (this.#closed) return;
      try {
        return await this.open();
      } catch (error) {
        this.#reason = reasonOf(error);
      }
      waitMs = backoffMs(Math.min(tries, 10), reconnect, this.#prng);
    }
  }

  #pause(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.setTimeout(resolve, waitMs);
      this.#endPause = () => {
        this.#clock.cancel(timer);
        resolve();
      };
    });
  }

  /** Closes what nobody uses any more, after the calls that are under way there. */
  async #finish(commands: RedisCommands): Promise<void> {
    // A cluster of which one node is gone does not wait for the calls to the others.
    await Promise.allSettled(this.#calls);
    try {
      await this.#inTime(commands.close());
    } catch {
      commands.destroy();
    }
  }

  #inTime<Result>(result: Promise<Result>): Promise<Result> {
    return inTime(this.#clock, RedisLimits.callMsMax, result);
  }

  #failed(error: unknown): void {
    if (!this.#closed) this.#health.failed(reasonOf(error));
  }
}

function bytesOf(args: readonly Argument[]): number {
  let bytes = 0;
  for (const argument of args) bytes += argument.length;
  return bytes;
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as { code?: string }).code ?? "";
  return message.split("\n")[0] || code || "no connection";
}
