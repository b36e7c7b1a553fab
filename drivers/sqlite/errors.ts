/** Primary result codes of SQLite. */
export const SqliteCode = {
  busy: 5,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notDatabase: 26,
} as const;

/** Deno gives no code with some errors, such as those of `exec()`. */
const byMessage: readonly (readonly [RegExp, number])[] = [
  [/database is locked/, SqliteCode.busy],
  [/readonly database/, SqliteCode.readOnly],
  [/disk I\/O error/, SqliteCode.ioError],
  [/disk image is malformed/, SqliteCode.corrupt],
  [/database or disk is full/, SqliteCode.full],
  [/unable to open database file/, SqliteCode.cannotOpen],
  [/file is not a database/, SqliteCode.notDatabase],
];

/** Whether SQLite refused something, and not the runtime, or our own mistake. */
export function isSqliteError(error: unknown): error is Error {
  return error instanceof Error && error.name !== "NotCapable" &&
    (error as { code?: string }).code === "ERR_SQLITE_ERROR";
}

/** The primary result code of an error; 0 when it is not known. */
export function sqliteCode(error: unknown): number {
  const { errcode, message } = error as { errcode?: number; message: string };
  if (errcode !== undefined) return errcode & 0xff;
  return byMessage.find(([pattern]) => pattern.test(message))?.[1] ?? 0;
}
