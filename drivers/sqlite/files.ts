import { mkdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

/** Where the database of a data directory is. */
export function databasePath(directory: string): string {
  return join(resolve(directory), "history.db");
}

/**
 * Makes a data directory, for its owner's eyes alone, unless it is there; not those above it, which
 * may be a mistake.
 *
 * @throws {Error} When there can be none.
 */
export function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    const reason = reasonAgainst(directory, (error as { code?: string }).code);
    if (reason === undefined) return;
    throw new Error(`Cannot open data directory "${directory}": ${reason ?? error}`, {
      cause: error,
    });
  }
}

/** Why a directory could not be made; nothing when it is there. */
function reasonAgainst(directory: string, code: string | undefined): string | undefined {
  switch (code) {
    case "EEXIST":
      return statSync(directory).isDirectory() ? undefined : "it is a file";
    case "ENOENT":
      return "the directory that it is to be made in must exist";
    case "ENOTDIR":
      return "a part of its path is a file";
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "EROFS":
      return "the file system is read-only";
    default:
      return "it cannot be made";
  }
}

/** Size of a file in bytes, 0 when there is none. */
function bytesOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Which files of a database have something in them: its own, and the log of its latest writes. */
export function databaseFiles(path: string): { readonly main: boolean; readonly log: boolean } {
  return { main: bytesOf(path) > 0, log: bytesOf(`${path}-wal`) > 0 };
}
