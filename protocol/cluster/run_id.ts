/** What stands between name and epoch; a name may have it as well. */
const SEPARATOR = "~";

/**
 * The id of one run of a comet or job.
 *
 * @param name The configured name, the same after a restart.
 * @param epoch What tells this run from those before and after, without a `~`.
 * @returns `{name}~{epoch}`.
 */
export function runId(name: string, epoch: string): string {
  return name + SEPARATOR + epoch;
}

/**
 * The name in the id of a run.
 *
 * @returns What stands before the last `~`; all of an id that has none.
 */
export function nameOf(runId: string): string {
  const separator = runId.lastIndexOf(SEPARATOR);
  return separator === -1 ? runId : runId.slice(0, separator);
}
