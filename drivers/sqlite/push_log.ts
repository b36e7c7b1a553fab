import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../base/clock.ts";
import type { Prng } from "../../base/prng.ts";
import { TurnBudget } from "../../base/turn_budget.ts";
import { type HistoryPage, type HistoryQuery, OFFSET_MAX } from "../../protocol/history.ts";
import type { PushMessage } from "../../protocol/push_message.ts";
import { publishKey } from "../history.ts";
import { LocalPushLog } from "../memory/local_push_log.ts";
import type { Appended, AppendOptions, Retention } from "../ports.ts";
import type { PushLogOptions } from "../store.ts";
import { SqliteHistory } from "./history.ts";
import { SqlitePublishIds } from "./publish_ids.ts";
import type { SqliteWriter } from "./writer.ts";

/** Milliseconds after which reads leave the rest of a turn of the event loop to others. */
const READ_MS_PER_TURN = 5;

/** What a {@linkcode SqlitePushLog} is made of. */
export interface SqlitePushLogDependencies {
  readonly clock: Clock;
  readonly prng: Prng;
  readonly database: DatabaseSync;
  readonly writer: SqliteWriter;
}

/** An append that waits for the end of the turn. */
interface Queued {
  readonly partition: number;
  readonly position: number;
  readonly message: PushMessage;
  readonly retention: Retention | undefined;
  readonly publishKey: string | undefined;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A push log whose histories and publish ids outlive the process. What is appended in one turn of
 * the event loop is written in one transaction; then it is delivered and answered.
 */
export class SqlitePushLog extends LocalPushLog {
  readonly #parts: SqlitePushLogDependencies;
  readonly #history: SqliteHistory;
  readonly #publishIds: SqlitePublishIds;
  /** Appends of this turn, in order; their bytes count against the limits of their partitions. */
  #queue: Queued[] = [];
  /** Those of them that have an id. */
  readonly #queuedIds = new Map<string, Promise<Appended>>();
  readonly #reads: TurnBudget;

  constructor(parts: SqlitePushLogDependencies, options: PushLogOptions) {
    super(parts.clock, options);
    this.#parts = parts;
    this.#reads = new TurnBudget(parts.clock, READ_MS_PER_TURN);
    const { database, prng } = parts;
    this.#history = new SqliteHistory(database, prng, options.offsetMax ?? OFFSET_MAX);
    this.#publishIds = new SqlitePublishIds(database);
  }

  async append(
    partition: number,
    message: PushMessage,
    { retention, publishId }: AppendOptions = {},
  ): Promise<Appended> {
    const stored = {
      partition,
      message,
      retention: message.kind === "room" ? retention : undefined,
    };
    if (publishId === undefined) return await this.#store({ ...stored, publishKey: undefined });
    const key = publishKey(message, publishId);
    const before = this.#queuedIds.get(key) ??
      this.#publishIds.get(key, this.#parts.clock.wallMs());
    if (before !== undefined) return await before;
    const appended = this.#store({ ...stored, publishKey: key });
    this.#queuedIds.set(key, appended);
    return await appended;
  }

  async readHistory(
    _partition: number,
    query: HistoryQuery,
    retention: Retention,
  ): Promise<HistoryPage> {
    return await this.#reads.run(() =>
      this.#history.read(query, retention, this.#parts.clock.wallMs())
    );
  }

  override async close(): Promise<void> {
    this.#flush();
    await super.close();
  }

  /** What has nothing to write waits for what has, and came before. */
  #store(
    append: Pick<Queued, "partition" | "message" | "retention" | "publishKey">,
  ): Promise<Appended> {
    const { partition, message, retention, publishKey } = append;
    const entries = this.entriesOf[partition];
    const position = entries.reserve(message);
    if (this.#queue.length === 0) {
      if (retention === undefined && publishKey === undefined) {
        entries.enter(position, message);
        return Promise.resolve({ position });
      }
      this.#parts.clock.nextTurn(() => this.#flush());
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ ...append, position, resolve, reject });
    });
  }

  #flush(): void {
    const queue = this.#queue;
    if (queue.length === 0) return;
    this.#queue = [];
    this.#queuedIds.clear();
    let stored: readonly Appended[];
    try {
      stored = this.#parts.writer.write("append to push log", () => this.#write(queue));
    } catch (error) {
      for (const { partition, message, reject } of queue) {
        this.entriesOf[partition].cancel(message);
        reject(error);
      }
      return;
    }
    queue.forEach(({ partition, message, resolve }, index) => {
      const { position, stream } = stored[index];
      const entry = stream === undefined ? message : { ...message, stream };
      this.entriesOf[partition].enter(position, entry);
      resolve(stored[index]);
    });
  }

  #write(queue: readonly Queued[]): Appended[] {
    const nowMs = this.#parts.clock.wallMs();
    const stored = queue.map(({ position, message, retention, publishKey }) => {
      const stream = message.kind === "room" && retention !== undefined
        ? this.#history.append(message, retention, nowMs)
        : undefined;
      const appended = stream === undefined ? { position } : { position, stream };
      if (publishKey !== undefined) this.#publishIds.set(publishKey, appended, nowMs);
      return appended;
    });
    this.#publishIds.expire(nowMs, queue.length);
    this.#history.expire(nowMs);
    this.#parts.writer.shrink();
    return stored;
  }
}
