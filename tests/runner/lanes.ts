import type { Runtime } from "./runtimes.ts";

/** A test file on one runtime. */
export interface Job {
  readonly runtime: Runtime;
  readonly file: string;
}

/** Where files are that take long, longest first; the rest comes after them. */
const longFirst = ["tests/simulation/", "tests/faults/", "tests/end_to_end/", "bench/", "drivers/"];

/** Where files are that mostly wait: for processes to start, for leases to end, for pushes. */
const waiting = /^(?:tests\/(?:faults|end_to_end)|bench|drivers)\//;

/** What is to be run, in two lines: what computes, and what mostly waits. */
export interface Lines {
  readonly computing: Job[];
  readonly waiting: Job[];
}

function rank(file: string): number {
  const place = longFirst.findIndex((folder) => file.startsWith(folder));
  return place === -1 ? longFirst.length : place;
}

/** Lines up every file on every runtime, so that what is long does not begin last. */
export function lineUp(files: readonly string[], runtimes: readonly Runtime[]): Lines {
  const jobs = files
    .toSorted((a, b) => rank(a) - rank(b))
    .flatMap((file) => runtimes.map((runtime): Job => ({ runtime, file })));
  return {
    computing: jobs.filter(({ file }) => !waiting.test(file)),
    waiting: jobs.filter(({ file }) => waiting.test(file)),
  };
}

/**
 * Runs four jobs at a time, of which three mostly wait: so many keep two processors busy, and leave
 * those in time that measure it. Whoever has no job of its own kind left takes one of the other.
 */
export async function runInLanes(lines: Lines, run: (job: Job) => Promise<void>): Promise<void> {
  const work = async (own: Job[], other: Job[]) => {
    for (let job = own.shift() ?? other.shift(); job; job = own.shift() ?? other.shift()) {
      await run(job);
    }
  };
  const { computing, waiting } = lines;
  await Promise.all([
    work(computing, waiting),
    work(waiting, computing),
    work(waiting, computing),
    work(waiting, computing),
  ]);
}
