import { StoreCounters } from "../../drivers/store.ts";
import type { Argument, RedisStore, Reply, Script } from "../../drivers/redis/store.ts";

/** A store that tells what runs over it, and where a test may step in. */
export class ObservedStore implements RedisStore {
  readonly counters = new StoreCounters();
  /** Names of the scripts that ran, in order. */
  readonly calls: string[] = [];
  /** How many arguments each of them had. */
  readonly argumentCounts: number[] = [];
  /** What each of them answered. */
  readonly replies: Reply[] = [];
  /** Runs before each script; one that fails stands for Redis being away. */
  before: ((script: Script) => Promise<void>) | undefined;

  constructor(private readonly inner: RedisStore) {}

  get base64(): boolean {
    return this.inner.base64;
  }

  get mayRepeat(): boolean {
    return this.inner.mayRepeat;
  }

  async run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    await this.before?.(script);
    const reply = await this.inner.run(script, keys, args);
    this.calls.push(script.name);
    this.argumentCounts.push(args.length);
    this.replies.push(reply);
    return reply;
  }

  waitForEntry(stream: string, afterId: string, waitMs: number): Promise<void> {
    return this.inner.waitForEntry(stream, afterId, waitMs);
  }

  endWaits(): void {
    this.inner.endWaits();
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
