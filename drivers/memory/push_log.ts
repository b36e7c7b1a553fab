import type { Clock } from "../../base/clock.ts";
import { type Prng, systemPrng } from "../../base/prng.ts";
import type { HistoryPage, HistoryQuery } from "../../protocol/history.ts";
import type { PushMessage } from "../../protocol/push_message.ts";
import { publishKey } from "../history.ts";
import type { Appended, AppendOptions, Retention } from "../ports.ts";
import { type PushLogOptions, StoreCounters } from "../store.ts";
import { MemoryHistory } from "./history.ts";
import { LocalPushLog } from "./local_push_log.ts";
import { PublishIds } from "./publish_ids.ts";

/** Options that hold where none are given: 64 MiB over all partitions. */
export const memoryPushLogDefaults: PushLogOptions = {
  partitions: 8,
  partitionBytesMax: 8 * 1024 * 1024,
};

/** A push log in this process: what is in it ends with the process. */
export class MemoryPushLog extends LocalPushLog {
  readonly #history: MemoryHistory;
  readonly #publishIds: PublishIds;

  /**
   * @param clock What leases run by, and messages are kept by.
   * @param prng Where the epochs of rooms come from.
   */
  constructor(
    clock: Clock,
    options: PushLogOptions = memoryPushLogDefaults,
    prng: Prng = systemPrng(),
    counters: StoreCounters = new StoreCounters(),
  ) {
    super(clock, options);
    this.#history = new MemoryHistory({ clock, prng, counters }, options.offsetMax);
    this.#publishIds = new PublishIds(clock, counters);
  }

  async append(
    partition: number,
    message: PushMessage,
    { retention, publishId }: AppendOptions = {},
  ): Promise<Appended> {
    const key = publishId === undefined ? undefined : publishKey(message, publishId);
    const before = key === undefined ? undefined : this.#publishIds.get(key);
    if (before !== undefined) return before;
    const entries = this.entriesOf[partition];
    const position = entries.reserve(message);
    let appended: Appended = { position };
    if (message.kind === "room" && retention !== undefined) {
      const stream = this.#history.append(message, retention);
      appended = { position, stream };
      message = { ...message, stream };
    }
    entries.enter(position, message);
    if (key !== undefined) this.#publishIds.set(key, appended);
    return appended;
  }

  async readHistory(
    _partition: number,
    query: HistoryQuery,
    retention: Retention,
  ): Promise<HistoryPage> {
    return this.#history.read(query, retention);
  }
}
