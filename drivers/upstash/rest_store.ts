import { errors, Redis } from "@upstash/redis/cloudflare";
import { assert } from "../../base/assert.ts";
import { backoffMs, type BackoffOptions } from "../../base/backoff.ts";
import { CancellableDelay } from "../../base/cancellable_delay.ts";
import type { Clock } from "../../base/clock.ts";
import type { Prng } from "../../base/prng.ts";
import { reasonOf, unavailabilityIn } from "../redis/errors.ts";
import { openOverRedis } from "../redis/open.ts";
import { evaluate, type Failure, StoreHealth } from "../redis/store_health.ts";
import type { Argument, RedisStore, Reply, Script } from "../redis/store.ts";
import type { Store, StoreCounters, StoreDependencies, WayDependencies } from "../store.ts";
import { Semaphore } from "../../base/semaphore.ts";

/** Limits of the way to Upstash. */
export const UpstashLimits = {
  /** How long one call may take, in milliseconds. */
  callMsMax: 5_000,
  /** Calls under way at a time; the rest waits its turn. */
  callsMax: 32,
  /** Calls that may wait for their turn. */
  waitingMax: 10_000,
} as const;

/** How long until a stream is looked at again: REST cannot wait for an entry. */
const POLLS: BackoffOptions = { baseMs: 20, maxMs: 1_000, factor: 2, jitter: 0.2 };

const LOOK_FOR_ENTRY: Script = {
  name: "look-for-entry",
  source: `
if redis.call('XREAD', 'COUNT', 1, 'STREAMS', KEYS[1], ARGV[1]) then return 1 end
return 0`,
};

const encoder = new TextEncoder();

/** Opens Redis over REST, with a token, as a store of every port. */
export async function openUpstash(url: string, parts: StoreDependencies): Promise<Store> {
  const { token = "", running: clock, prng } = parts;
  if (token === "") throw new Error("Cannot open Redis over REST: it needs a token");
  return await openOverRedis(new UpstashStore(url, token, { clock, prng }), parts);
}

/** A way to Redis over the REST protocol of Upstash. Nothing is sent before the first call. */
export class UpstashStore implements RedisStore {
  readonly base64 = true;
  /** Deno's `fetch` sends a POST again when a kept connection closes before the answer. */
  readonly mayRepeat = true;
  readonly #redis: Redis;
  readonly #clock: Clock;
  readonly #prng: Prng;
  readonly #health: StoreHealth;
  readonly #semaphore = new Semaphore(UpstashLimits.callsMax, UpstashLimits.waitingMax);
  /** How often in turn each stream was looked at in vain. */
  readonly #vainLooks = new Map<string, number>();
  readonly #calls = new Set<AbortController>();
  #pollDelay: CancellableDelay;
  #next = new AbortController();

  /**
   * @param url `https://…`, or `http://…` where the way is one's own.
   * @throws {Error} When the URL is not one.
   */
  constructor(url: string, token: string, { clock, prng }: WayDependencies) {
    this.#clock = clock;
    this.#pollDelay = new CancellableDelay(clock);
    this.#prng = prng;
    this.#health = new StoreHealth(clock);
    // The entry for Cloudflare, since that for Node reads variables of the environment, which
    // Deno's permissions forbid.
    this.#redis = new Redis({
      url,
      token,
      automaticDeserialization: false,
      // All that is stored is text. Servers that know nothing of `Upstash-Encoding` answer as they
      // are, and what is not base64 would be decoded as if it were.
      responseEncoding: false,
      enableTelemetry: false,
      // A batch would share one deadline, and one failure.
      enableAutoPipelining: false,
      // `retry: false` still sends twice, and a push would be stored twice.
      retry: { retries: 0 },
      // Asked for at the beginning of each call. Given a plain signal, the client answers a call
      // that was aborted with a result.
      signal: () => this.#next.signal,
    });
  }

  get counters(): StoreCounters {
    return this.#health.counters;
  }

  async run(
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
  ): Promise<Reply> {
    const texts = args.map((argument) => {
      assert(typeof argument === "string", "bytes for Upstash are base64");
      return argument;
    });
    const call = evaluate<unknown>(
      script,
      (hash) => this.#call(() => this.#redis.evalsha(hash, [...keys], texts)),
      (source) => this.#call(() => this.#redis.eval(source, [...keys], texts)),
    );
    return await this.#health.watch(script, call.then(toReply), judge);
  }

  async waitForEntry(stream: string, afterId: string, waitMs: number): Promise<void> {
    const endMs = this.#clock.monotonicMs() + waitMs;
    let looks = this.#vainLooks.get(stream) ?? 0;
    const delay = this.#pollDelay;
    while (!delay.cancelled) {
      let found: Reply;
      try {
        found = await this.run(LOOK_FOR_ENTRY, [stream], [afterId]);
      } catch {
        // An interruption ends the wait; it is counted.
        return;
      }
      if (found === 1) {
        this.#vainLooks.delete(stream);
        return;
      }
      const restMs = endMs - this.#clock.monotonicMs();
      if (restMs <= 0) return;
      await delay.wait(Math.min(restMs, backoffMs(looks, POLLS, this.#prng)));
      // From one wait to the next, or an idle stream would be asked as often as a busy one.
      this.#vainLooks.set(stream, ++looks);
    }
  }

  endWaits(): void {
    this.#pollDelay.cancel();
    this.#pollDelay = new CancellableDelay(this.#clock);
  }

  async close(): Promise<void> {
    this.#health.close();
    this.#pollDelay.cancel();
    for (const call of this.#calls) call.abort(new Error("the store was closed"));
    this.#semaphore.end(new Error("the store was closed"));
  }

  async #call(send: () => Promise<unknown>): Promise<unknown> {
    await this.#semaphore.acquire();
    const call = new AbortController();
    const { callMsMax } = UpstashLimits;
    const timer = this.#clock.setTimeout(
      () => call.abort(new Error(`it was not answered within ${callMsMax} ms`)),
      callMsMax,
    );
    this.#calls.add(call);
    try {
      if (this.#pollDelay.cancelled) throw new Error("the store was closed");
      this.#next = call;
      return await send();
    } finally {
      this.#clock.cancel(timer);
      this.#calls.delete(call);
      this.#semaphore.release();
    }
  }
}

function toReply(result: unknown): Reply {
  if (typeof result === "string") return encoder.encode(result);
  if (Array.isArray(result)) return result.map(toReply);
  if (result === null || typeof result === "number") return result;
  throw new Error(`the answer must be text, a number or a list, current value is ${result}`);
}

/** What a plan allows is used up for now. */
const usedUp = /^ERR max/;

/** A call may go well later unless an answer says what is wrong with it. */
function judge(error: unknown): Failure {
  // The client tells the whole command, with the script's source and what may be secret.
  const [reason] = reasonOf(error).split(", command was: ");
  if (!(error instanceof errors.UpstashError)) return { kind: "away", reason };
  const isAnswer = /^[A-Z]+ /.test(error.message) && !usedUp.test(error.message);
  return { kind: unavailabilityIn(error.message) ?? (isAnswer ? undefined : "away"), reason };
}
