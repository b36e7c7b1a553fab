import { uptime } from "node:os";
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../base/clock.ts";
import type { Prng } from "../../base/prng.ts";
import { newEpoch } from "../history.ts";
import { databaseFiles, databasePath, makeDirectory } from "./files.ts";
import { isSqliteError, SqliteCode, sqliteCode } from "./errors.ts";

/**
 * What makes the tables of each version out of those of the one before.
 *
 * `process`: of the run that wrote last, when its machine was started, and whether it closed the
 * database. `rooms.end_ms`: when the room is forgotten; `rooms.first`: from which offset on all its
 * messages may be there, before which only those with a media time are. A message of the room 0 is a
 * trial. `mutes.room`: empty for everywhere. `blocks.who`: see `blockedText`.
 */
const SCHEMAS: readonly string[] = [
  `
CREATE TABLE process (booted_ms INTEGER NOT NULL, closed INTEGER NOT NULL) STRICT;
INSERT INTO process VALUES (0, 1);
CREATE TABLE rooms (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  epoch TEXT NOT NULL,
  head INTEGER NOT NULL,
  ttl_ms INTEGER NOT NULL,
  end_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE messages (
  room INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  operation INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  media_ms INTEGER,
  mid INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (room, offset)
) STRICT, WITHOUT ROWID;
CREATE INDEX messages_by_media ON messages (room, media_ms, offset) WHERE media_ms IS NOT NULL;
CREATE TABLE publish_ids (
  key TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  epoch TEXT,
  offset INTEGER,
  end_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX publish_ids_by_end ON publish_ids (end_ms);
PRAGMA user_version = 1;
`,
  `
ALTER TABLE rooms ADD COLUMN first INTEGER NOT NULL DEFAULT 1;
CREATE TABLE mutes (
  mid INTEGER NOT NULL,
  room TEXT NOT NULL,
  end_ms INTEGER NOT NULL,
  PRIMARY KEY (mid, room)
) STRICT, WITHOUT ROWID;
CREATE INDEX mutes_by_end ON mutes (end_ms);
PRAGMA user_version = 2;
`,
  `
CREATE TABLE blocks (
  who TEXT PRIMARY KEY,
  end_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX blocks_by_end ON blocks (end_ms);
PRAGMA user_version = 3;
`,
];

/** The version of the tables that are used. */
const SCHEMA_VERSION = SCHEMAS.length;

/** Beyond how much two readings of when a machine was started are of two starts, in milliseconds. */
const BOOT_TOLERANCE_MS = 60_000;

/**
 * Bytes of pages that stay in memory: with SQLite's own 2 MB, messages at random places of a large
 * room are mostly read from the file.
 */
const CACHE_BYTES = 32 * 1024 * 1024;

/** Bytes of the log of writes that stay on the disk. */
const JOURNAL_BYTES = 16 * 1024 * 1024;

/** Whoever has the database open will not close it soon; Deno would wait for 5 s. */
const DO_NOT_WAIT = "PRAGMA busy_timeout = 0";

/** What a database is opened with. */
export interface DatabaseDependencies {
  readonly clock: Pick<Clock, "wallMs">;
  readonly prng: Prng;
}

/**
 * Opens the database of a data directory for this process alone, and makes it if there is none.
 * What is wrong with it is found out before anything is written.
 *
 * @throws {Error} When it cannot be used, in one line.
 */
export function openDatabase(directory: string, parts: DatabaseDependencies): DatabaseSync {
  makeDirectory(directory);
  const path = databasePath(directory);
  const fail = (reason: string, cause?: unknown) =>
    new Error(`Cannot open data directory "${directory}": ${reason}`, { cause });
  const files = databaseFiles(path);
  if (files.log && !files.main) throw fail(`${path} is damaged: it is empty`);
  try {
    if (files.main) {
      const wrong = examine(path);
      if (wrong !== undefined) throw fail(`${path} ${wrong}`);
    }
    return open(path, files.log, parts);
  } catch (error) {
    if (!isSqliteError(error)) throw error;
    throw fail(reasonOf(error, path), error);
  }
}

/** What is wrong with a database, if anything; reads alone. */
function examine(path: string): string | undefined {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    database.exec(DO_NOT_WAIT);
    const version = numberOf(database, "PRAGMA user_version");
    if (version > SCHEMA_VERSION) {
      return `is of a newer Halley: its version must be at most ${SCHEMA_VERSION}, ` +
        `current value is ${version}`;
    }
    if (version === 0 && numberOf(database, "SELECT count(*) FROM sqlite_schema") > 0) {
      return "is not Halley's";
    }
    // What was closed is whole, if it has its length, which the first read looks at.
    if (version === 0 || numberOf(database, "SELECT closed FROM process") === 1) return undefined;
    const found = database.prepare("PRAGMA quick_check(1)").get()?.quick_check;
    return found === "ok" ? undefined : "is damaged: restore a copy of it, or move it away";
  } finally {
    database.close();
  }
}

/** @param hasLog Whether there is a log of the latest writes. */
function open(path: string, hasLog: boolean, parts: DatabaseDependencies): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    // No other process writes to it, and readers of this one read between two writes. What was
    // committed survives the process; FULL, for a moment, also lets it survive the machine.
    database.exec(`
      ${DO_NOT_WAIT};
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA auto_vacuum = INCREMENTAL;
      PRAGMA cache_size = ${-CACHE_BYTES / 1024};
      PRAGMA journal_mode = WAL;
      PRAGMA journal_size_limit = ${JOURNAL_BYTES};
      PRAGMA synchronous = FULL;
      BEGIN IMMEDIATE;
    `);
    const version = numberOf(database, "PRAGMA user_version");
    for (const schema of SCHEMAS.slice(version)) database.exec(schema);
    begin(database, bootedMs(parts.clock), hasLog, newEpoch(parts.prng));
    // The checkpoint tells who finds no log that there was one.
    database.exec("COMMIT; PRAGMA wal_checkpoint; PRAGMA synchronous = NORMAL");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Notes that this run writes. If the machine went down under the last one, or somebody took the log
 * of its writes away, the latest messages may be lost, whose offsets would be given twice: then every
 * room gets another epoch.
 */
function begin(
  database: DatabaseSync,
  bootedMs: number,
  hasLog: boolean,
  epoch: string,
): void {
  const last = database.prepare("SELECT booted_ms AS ms, closed FROM process").get()!;
  const isSameBoot = Math.abs(Number(last.ms) - bootedMs) <= BOOT_TOLERANCE_MS;
  if (last.closed === 0 && !(isSameBoot && hasLog)) {
    database.prepare("UPDATE rooms SET epoch = ?").run(epoch);
  }
  database.prepare("UPDATE process SET booted_ms = ?, closed = 0").run(bootedMs);
}

/** Closes a database; the next to open it knows that it is whole. */
export function closeDatabase(database: DatabaseSync): void {
  try {
    database.exec("UPDATE process SET closed = 1");
  } finally {
    database.close();
  }
}

/** When this machine was started, in milliseconds since the Unix epoch, about. */
function bootedMs(clock: Pick<Clock, "wallMs">): number {
  return Math.round(clock.wallMs() - uptime() * 1_000);
}

function numberOf(database: DatabaseSync, query: string): number {
  return Number(Object.values(database.prepare(query).get()!)[0]);
}

function reasonOf(error: unknown, path: string): string {
  switch (sqliteCode(error)) {
    case SqliteCode.busy:
      return "another process uses it";
    case SqliteCode.corrupt:
    case SqliteCode.notDatabase:
      return `${path} is damaged: restore a copy of it, or move it away`;
    case SqliteCode.full:
      return "it has no room";
    case SqliteCode.readOnly:
    case SqliteCode.ioError:
    case SqliteCode.cannotOpen:
      return `${path} cannot be read and written`;
    default:
      return (error as Error).message;
  }
}
