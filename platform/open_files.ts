/**
 * Reads the soft limit of open files from the text of `/proc/self/limits` (proc_pid_limits(5)).
 *
 * @returns The limit, or undefined where there is none or the text is of another kind.
 */
export function parseOpenFilesMax(limits: string): number | undefined {
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? undefined : Number(soft);
}
