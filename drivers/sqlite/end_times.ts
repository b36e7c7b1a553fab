import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { Clock } from "../../base/clock.ts";
import { tooMany, type Verb } from "../memory/end_times.ts";
import type { SqliteWriter } from "./writer.ts";

/** What {@linkcode SqliteEndTimes} are made of. */
export interface EndTimesDependencies {
  readonly clock: Pick<Clock, "wallMs">;
  readonly database: DatabaseSync;
  readonly writer: SqliteWriter;
}

/** Rows that are over at some time, in a table whose last column says when. */
export class SqliteEndTimes<Key extends readonly SQLInputValue[]> {
  readonly #statements: ReturnType<typeof prepare>;

  /**
   * @param table Its name; `columns` are its key.
   * @param sizeMax Most that are kept at once.
   * @param verb What is done to a user by one, for errors.
   */
  constructor(
    private readonly parts: EndTimesDependencies,
    table: string,
    columns: { readonly [Index in keyof Key]: string },
    private readonly sizeMax: number,
    private readonly verb: Verb,
  ) {
    this.#statements = prepare(parts.database, table, columns);
  }

  /** @throws {ModerationFull} When there are too many. */
  set(key: Key, endMs: number): void {
    const { expire, put, count } = this.#statements;
    this.parts.writer.write(this.verb, () => {
      expire.run(this.parts.clock.wallMs());
      put.run(...key, endMs);
      if (Number(count.get()!.count) > this.sizeMax) throw tooMany(this.verb, this.sizeMax);
    });
  }

  /** @returns Whether there was one that was not over. */
  delete(key: Key): boolean {
    const { expire, remove } = this.#statements;
    return this.parts.writer.write(`un${this.verb}`, () => {
      expire.run(this.parts.clock.wallMs());
      return Number(remove.run(...key).changes) > 0;
    });
  }
}

function prepare(database: DatabaseSync, table: string, columns: readonly string[]) {
  const isKey = columns.map((column) => `${column} = ?`).join(" AND ");
  return {
    put: database.prepare(`REPLACE INTO ${table} VALUES (${columns.map(() => "?, ").join("")}?)`),
    count: database.prepare(`SELECT count(*) AS count FROM ${table}`),
    expire: database.prepare(`DELETE FROM ${table} WHERE end_ms <= ?`),
    remove: database.prepare(`DELETE FROM ${table} WHERE ${isKey}`),
  };
}
