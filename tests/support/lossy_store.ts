import type { Argument, RedisStore, Reply, Script } from "../../drivers/redis/store.ts";
import { StoreCounters } from "../../drivers/store.ts";
import { StoreUnavailable } from "../../drivers/ports.ts";

/** A store that does what it is asked, and then may fail to say so. */
export class LossyStore implements RedisStore {
  readonly base64 = false;
  readonly counters = new StoreCounters();
  /** Whether what lies between may send a call twice. */
  mayRepeat = false;
  /** The script that is run twice next, with the first answer lost. */
  repeat = "";
  /** The script whose next answer gets lost. */
  lose = "";

  constructor(private readonly inner: RedisStore) {}

  async run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    if (script.name === this.repeat) {
      this.repeat = "";
      await this.inner.run(script, keys, args);
    }
    const reply = await this.inner.run(script, keys, args);
    if (script.name !== this.lose) return reply;
    this.lose = "";
    throw new StoreUnavailable("the answer got lost");
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
