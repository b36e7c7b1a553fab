/**
 * Reads the soft limit of open files from the text of `/proc/self/limits` (proc_pid_limits(5)).
 *
 * @returns The limit, or undefined where there is none or the text is of another kind.
 */
export function parseOpenFilesMax(limits: string): number | undefined {
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? undefined : Number(soft);
}

/**
 * The program that says it where there is no `/proc`, or where we may not read it. It is the one
 * that does nothing else: leave for `sh` or `prlimit` would be leave for every program.
 */
export const getconf = { command: "getconf", args: ["OPEN_MAX"] } as const;

/**
 * Reads the soft limit of open files from what `getconf OPEN_MAX` prints (getconf(1)): that of
 * getconf, which has it from the process that started it.
 *
 * @returns The limit, or undefined where there is none.
 */
export function parseOpenMax(printed: string): number | undefined {
  return /^\d+\s*$/.test(printed) ? Number(printed) : undefined;
}
