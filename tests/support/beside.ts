import { before, describe, test } from "node:test";

/**
 * Begins the runs behind several tests, some at a time and in this order, so that what waits does
 * so beside what else waits. Each test takes the outcome of its own, which may be a failure.
 *
 * @param atATime How many go on at once.
 * @returns The outcomes, by what they were begun for.
 */
export function runBeside<Case, Outcome>(
  cases: Iterable<Case>,
  atATime: number,
  run: (one: Case) => Promise<Outcome>,
): Map<Case, Promise<Outcome>> {
  const outcomes = new Map<Case, Promise<Outcome>>();
  const line: (() => Promise<void>)[] = [];
  for (const one of cases) {
    const outcome = new Promise<Outcome>((resolve) => {
      line.push(() => {
        const running = run(one);
        resolve(running);
        return running.then(() => {}, () => {});
      });
    });
    outcome.catch(() => {});
    outcomes.set(one, outcome);
  }
  const work = async () => {
    for (let next = line.shift(); next !== undefined; next = line.shift()) await next();
  };
  for (let lane = 0; lane < atATime; lane++) void work();
  return outcomes;
}

/**
 * Defines tests that mostly wait: they all begin together, and each tells its own outcome.
 *
 * @param options Of each test.
 * @param cases By the titles of the tests.
 * @param run Runs one.
 */
export function describeBeside<Case>(
  name: string,
  options: { readonly timeout: number },
  cases: Readonly<Record<string, Case>>,
  run: (one: Case) => Promise<void>,
): void {
  describe(name, () => {
    const titles = Object.keys(cases);
    let runs: Map<string, Promise<void>>;
    before(() => {
      runs = runBeside(titles, titles.length, (title) => run(cases[title]));
    });
    for (const title of titles) test(title, options, () => runs.get(title)!);
  });
}
