import type { DatabaseSync } from "node:sqlite";
import { type Appended, PUBLISH_ID_MS } from "../push_log.ts";

/** Ids that are deleted with each write beside as many as it adds. */
const EXPIRED_PER_WRITE = 100;

interface IdRow {
  readonly position: number;
  readonly epoch: string | null;
  readonly offset: number | null;
}

/** What pushes with an id were answered. What writes is called within a transaction. */
export class SqlitePublishIds {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(database: DatabaseSync) {
    this.#statements = prepare(database);
  }

  /** @param key Of the id, by `publishKey`. */
  get(key: string, nowMs: number): Appended | undefined {
    const row = this.#statements.find.get(key, nowMs) as IdRow | undefined;
    if (row === undefined) return undefined;
    const { position, epoch, offset } = row;
    return epoch === null ? { position } : { position, stream: { epoch, offset: offset! } };
  }

  set(key: string, { position, stream }: Appended, nowMs: number): void {
    const { epoch = null, offset = null } = stream ?? {};
    this.#statements.put.run(key, position, epoch, offset, nowMs + PUBLISH_ID_MS);
  }

  /** @param added How many were added since the last call. */
  expire(nowMs: number, added: number): void {
    this.#statements.expire.run(nowMs, added + EXPIRED_PER_WRITE);
  }
}

function prepare(database: DatabaseSync) {
  return {
    find: database.prepare(
      "SELECT position, epoch, offset FROM publish_ids WHERE key = ? AND end_ms > ?",
    ),
    put: database.prepare("REPLACE INTO publish_ids VALUES (?, ?, ?, ?, ?)"),
    expire: database.prepare(
      "DELETE FROM publish_ids WHERE key IN (" +
        "SELECT key FROM publish_ids WHERE end_ms <= ? ORDER BY end_ms LIMIT ?)",
    ),
  };
}
