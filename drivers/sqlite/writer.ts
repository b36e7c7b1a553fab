import type { DatabaseSync } from "node:sqlite";
import { getLogger } from "@logtape/logtape";
import { StoreRefused } from "../errors.ts";
import type { StoreCounters, StoreProblem } from "../store.ts";
import { isSqliteError, SqliteCode, sqliteCode } from "./errors.ts";

const log = getLogger(["halley", "sqlite"]);

/** Bytes that a trial writes: more than a push has. */
const TRIAL_BYTES = 128 * 1024;

/** Unused pages of which some go back to the file system, where they are also a quarter of all. */
const UNUSED_PAGES = 256;

/** Writes to a database, and knows whether that works. */
export class SqliteWriter {
  #problem: StoreProblem | undefined;

  constructor(
    private readonly database: DatabaseSync,
    private readonly counters: Pick<StoreCounters, "refusals">,
  ) {}

  /**
   * Does some work in one transaction, or none of it.
   *
   * @param what That it is, in a message.
   * @throws {StoreRefused} When it could not be written.
   */
  write<Result>(what: string, work: () => Result): Result {
    let result: Result;
    try {
      this.database.exec("BEGIN IMMEDIATE");
      result = work();
      this.database.exec("COMMIT");
    } catch (error) {
      this.#rollBack();
      if (!isSqliteError(error)) throw error;
      throw this.#failed(what, error);
    }
    if (this.#problem !== undefined) log.info("stores history again");
    this.#problem = undefined;
    return result;
  }

  /** Why nothing can be written, if that failed and still does. */
  problem(): StoreProblem | undefined {
    if (this.#problem === undefined) return undefined;
    try {
      this.write(
        "try to write",
        () =>
          this.database.prepare("REPLACE INTO messages VALUES (0, 0, 0, 0, NULL, 0, zeroblob(?))")
            .run(TRIAL_BYTES),
      );
      this.write("try to write", () => this.database.exec("DELETE FROM messages WHERE room = 0"));
    } catch (error) {
      if (!(error instanceof StoreRefused)) throw error;
    }
    return this.#problem;
  }

  /** Gives some unused pages back to the file system where there are many. */
  shrink(): void {
    const numberOf = (name: string) => Number(this.database.prepare(`PRAGMA ${name}`).get()![name]);
    const unused = numberOf("freelist_count");
    if (unused < UNUSED_PAGES || unused * 4 < numberOf("page_count")) return;
    // Each step gives one page back: Deno's exec() takes but the first.
    this.database.prepare(`PRAGMA incremental_vacuum(${UNUSED_PAGES})`).all();
  }

  #rollBack(): void {
    try {
      this.database.exec("ROLLBACK");
    } catch {
      // SQLite has done it by itself.
    }
  }

  #failed(what: string, error: Error): StoreRefused {
    const problem = problemOf(error);
    this.counters.refusals++;
    if (this.#problem?.reason !== problem.reason) {
      log.error("cannot store history: {reason}: {error}", {
        reason: problem.reason,
        error: error.message,
      });
    }
    this.#problem = problem;
    return new StoreRefused(`Cannot ${what}: ${problem.reason}`, { cause: error });
  }
}

function problemOf(error: Error): StoreProblem {
  switch (sqliteCode(error)) {
    case SqliteCode.full:
      return { kind: "full", reason: "the data directory has no room" };
    case SqliteCode.corrupt:
    case SqliteCode.notDatabase:
      return { kind: "unwritable", reason: "the data directory is damaged" };
    default:
      return { kind: "unwritable", reason: "the data directory cannot be written to" };
  }
}
