import { createHash } from "node:crypto";
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../base/clock.ts";
import type { Prng } from "../../base/prng.ts";
import { StoreUnavailable } from "../ports.ts";
import { connectRedis, isPassing, type RedisCommands } from "./clients.ts";
import { parseRedisUrl, type RedisUrl } from "./redis_url.ts";
import type { Argument, RedisStore, Reply, Script } from "./store.ts";

const log = getLogger(["halley", "redis"]);

/** Limits of the way to Redis. */
export const RedisLimits = {
  /** How long one call may take, in milliseconds. */
  callMsMax: 5_000,
  /** Calls that may be under way. */
  callsMax: 20_000,
  /** Longest wait for an entry that Redis is asked for, in milliseconds. */
  waitMsMax: 2_000,
} as const;

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
  interruptions = 0;
  readonly #url: RedisUrl;
  readonly #clock: Clock;
  readonly #prng: Prng;
  readonly #hashes = new Map<string, string>();
  /** A connection for each stream that is waited for, since a wait takes it whole. */
  readonly #waiting = new Map<string, Promise<RedisCommands>>();
  #commands: RedisCommands | undefined;
  #calls = 0;
  #away = false;
  #closed = false;

  constructor(url: RedisUrl, { clock, prng }: RedisParts) {
    this.#url = url;
    this.#clock = clock;
    this.#prng = prng;
  }

  async open(): Promise<void> {
    this.#commands = await this.#connect({
      lost: (error) => this.#lost(error),
      ready: () => this.#ready(),
    });
  }

  async run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    if (this.#calls >= RedisLimits.callsMax) {
      throw new StoreUnavailable(
        `Cannot run script "${script.name}": at most ${RedisLimits.callsMax} calls may be under way`,
      );
    }
    this.#calls++;
    try {
      const reply = await this.#inTime(this.#evaluate(script, keys, args));
      if (this.#away) this.#ready();
      return reply as Reply;
    } catch (error) {
      throw this.#failure(script, error);
    } finally {
      this.#calls--;
    }
  }

  async waitForEntry(stream: string, afterId: string, waitMs: number): Promise<void> {
    if (this.#closed) return;
    let connecting = this.#waiting.get(stream);
    if (connecting === undefined) {
      connecting = this.#connect({ lost() {}, ready() {} });
      this.#waiting.set(stream, connecting);
    }
    try {
      const commands = await connecting;
      // One that came about while the store was closed has nobody else to close it.
      if (this.#closed) return commands.destroy();
      await commands.waitForEntry(stream, afterId, Math.min(waitMs, RedisLimits.waitMsMax));
    } catch {
      if (this.#waiting.get(stream) === connecting) this.#waiting.delete(stream);
      connecting.then((commands) => destroy(commands), () => {});
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const connecting of this.#waiting.values()) {
      connecting.then((commands) => destroy(commands), () => {});
    }
    const commands = this.#commands;
    if (commands === undefined) return;
    try {
      await this.#inTime(commands.close());
    } catch {
      destroy(commands);
    }
  }

  async #connect(events: { lost(error: Error): void; ready(): void }): Promise<RedisCommands> {
    try {
      return await connectRedis(this.#url, this.#prng, events);
    } catch (error) {
      const message = `Cannot connect to Redis: ${reasonOf(error)}`;
      throw isPassing(error) ? new StoreUnavailable(message) : new Error(message);
    }
  }

  async #evaluate({ source }: Script, keys: readonly string[], args: readonly Argument[]) {
    let hash = this.#hashes.get(source);
    if (hash === undefined) {
      hash = createHash("sha1").update(source).digest("hex");
      this.#hashes.set(source, hash);
    }
    try {
      return await this.#commands!.evalSha(hash, keys, args);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
      return await this.#commands!.eval(source, keys, args);
    }
  }

  /** `@redis/client` has a deadline for what is not yet sent, and none for an answer. */
  async #inTime<Result>(result: Promise<Result>): Promise<Result> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const { callMsMax } = RedisLimits;
    const timer = this.#clock.setTimeout(
      () => reject(new Error(`it was not answered within ${callMsMax} ms`)),
      callMsMax,
    );
    try {
      return await Promise.race([result, late]);
    } finally {
      this.#clock.cancel(timer);
    }
  }

  #failure({ name }: Script, error: unknown): Error {
    const message = `Cannot run script "${name}": ${reasonOf(error)}`;
    if (!isPassing(error)) return new Error(message);
    this.#lost(error as Error);
    return new StoreUnavailable(message);
  }

  #lost(error: Error): void {
    this.interruptions++;
    if (this.#away || this.#closed) return;
    this.#away = true;
    log.warn("Redis is away: {reason}", { reason: reasonOf(error) });
  }

  #ready(): void {
    if (this.#away && !this.#closed) log.info("Redis is back");
    this.#away = false;
  }
}

function destroy(commands: RedisCommands): void {
  try {
    commands.destroy();
  } catch {
    // It was closed already.
  }
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as { code?: string }).code ?? "";
  return message.split("\n")[0] || code || "no connection";
}
