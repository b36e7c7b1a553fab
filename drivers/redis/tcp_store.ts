import type { Clock } from "../../base/clock.ts";
import type { Store, StoreCounters, StoreDependencies, WayDependencies } from "../store.ts";
import { StoreUnavailable } from "../ports.ts";
import { needsConnection, type RedisCommands, unavailabilityOf } from "./clients.ts";
import { RedisConnection } from "./connection.ts";
import { EntryWaits } from "./entry_waits.ts";
import { reasonOf } from "./errors.ts";
import { TimeoutError, withTimeout } from "../../base/with_timeout.ts";
import { openOverRedis } from "./open.ts";
import { parseRedisUrl, type RedisUrl } from "./redis_url.ts";
import { evaluate, type Failure, StoreHealth } from "./store_health.ts";
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

/**
 * Connects to Redis over TCP.
 *
 * @param url See {@linkcode parseRedisUrl}.
 * @throws {StoreUnavailable} When nobody answers there.
 * @throws {Error} When the URL is not one, or Redis refuses user or password.
 */
export async function openRedisStore(url: string, parts: WayDependencies): Promise<RedisStore> {
  const store = new TcpStore(parseRedisUrl(url), parts);
  await store.open();
  return store;
}

/** Opens Redis over TCP as a store of every port. */
export async function openRedis(url: string, parts: StoreDependencies): Promise<Store> {
  const { running: clock, prng } = parts;
  return await openOverRedis(await openRedisStore(url, { clock, prng }), parts);
}

class TcpStore implements RedisStore {
  readonly base64 = false;
  readonly mayRepeat = false;
  readonly #clock: Clock;
  readonly #health: StoreHealth;
  readonly #connection: RedisConnection;
  readonly #waits: EntryWaits;
  /** Calls that are under way. */
  readonly #calls = new Set<Promise<unknown>>();
  #callBytes = 0;

  constructor(url: RedisUrl, parts: WayDependencies) {
    this.#clock = parts.clock;
    this.#health = new StoreHealth(parts.clock);
    const connection = this.#connection = new RedisConnection(url, parts, {
      lost: (error) => this.#health.failed(reasonOf(error)),
      masterChanged: () => this.endWaits(),
      replaced: (commands) => void this.#finish(commands),
    });
    this.#waits = new EntryWaits(parts.clock, () => connection.connect());
  }

  get counters(): StoreCounters {
    return this.#health.counters;
  }

  open(): Promise<void> {
    return this.#connection.open();
  }

  async run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    const bytes = bytesOf(args);
    this.#checkRoom(script, bytes);
    const { commands, reason } = this.#connection;
    if (!commands.isOpen) {
      this.counters.interruptions++;
      throw new StoreUnavailable(`Cannot run script "${script.name}": ${reason}`);
    }
    const call = this.#withTimeout(evaluate<unknown>(
      script,
      (hash) => commands.evalSha(hash, keys, args),
      (source) => commands.eval(source, keys, args),
    ));
    this.#calls.add(call);
    this.#callBytes += bytes;
    try {
      const judge = (error: unknown) => this.#judge(commands, error);
      return await this.#health.watch(script, call, judge) as Reply;
    } finally {
      this.#calls.delete(call);
      this.#callBytes -= bytes;
    }
  }

  waitForEntry(stream: string, afterId: string, waitMs: number): Promise<void> {
    return this.#waits.wait(stream, afterId, waitMs);
  }

  endWaits(): void {
    void this.#waits.end();
  }

  async close(): Promise<void> {
    this.#health.close();
    const { commands } = this.#connection;
    await Promise.all([this.#connection.close(), this.#finish(commands), this.#waits.close()]);
  }

  #checkRoom({ name }: Script, bytes: number): void {
    const { callsMax, callBytesMax } = RedisLimits;
    if (this.#calls.size < callsMax && this.#callBytes + bytes <= callBytesMax) return;
    throw new StoreUnavailable(
      `Cannot run script "${name}": at most ${callsMax} calls and ${callBytesMax} bytes may be ` +
        `under way, current values are ${this.#calls.size} and ${this.#callBytes}`,
    );
  }

  #judge(commands: RedisCommands, error: unknown): Failure {
    const kind = unavailabilityOf(error);
    const reason = reasonOf(error);
    if (kind === undefined) return { kind, reason };
    if (error instanceof TimeoutError) commands.unanswered();
    if (needsConnection(error)) this.#connection.replace(commands, reason);
    return { kind, reason: kind !== "away" || commands.isOpen ? reason : this.#connection.reason };
  }

  /** Closes what nobody uses any more, after the calls that are under way there. */
  async #finish(commands: RedisCommands): Promise<void> {
    // A cluster of which one node is gone does not wait for the calls to the others.
    await Promise.allSettled(this.#calls);
    try {
      await this.#withTimeout(commands.close());
    } catch {
      commands.destroy();
    }
  }

  #withTimeout<Result>(result: Promise<Result>): Promise<Result> {
    return withTimeout(this.#clock, RedisLimits.callMsMax, result);
  }
}

function bytesOf(args: readonly Argument[]): number {
  let bytes = 0;
  for (const argument of args) bytes += argument.length;
  return bytes;
}
