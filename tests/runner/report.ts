/** What stands before an error that no test caught. */
export const uncaughtMark = "Uncaught error outside a test:";

/** What the tests of one file came to. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** A run of one test file. */
export interface Report extends Counts {
  /** Names of what failed. */
  readonly failures: string[];
}

/** One `testcase` element. */
interface Case {
  readonly name: string;
  readonly className: string;
  readonly outcome: keyof Counts;
}

const entities: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

function attribute(attributes: string, name: string): string {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? "";
  return value.replace(
    /&(?:#(\d+)|(\w+));/g,
    (whole, code, entity) =>
      code === undefined ? entities[entity] ?? whole : String.fromCodePoint(Number(code)),
  );
}

function readCases(xml: string): Case[] {
  const cases: Case[] = [];
  for (const match of xml.matchAll(/<testcase\b((?:[^>"]|"[^"]*")*?)(\/>|>([^]*?)<\/testcase>)/g)) {
    const inner = match[3] ?? "";
    cases.push({
      name: attribute(match[1], "name"),
      className: attribute(match[1], "classname"),
      outcome: /<(failure|error)\b/.test(inner)
        ? "failed"
        : /<skipped\b/.test(inner)
        ? "skipped"
        : "passed",
    });
  }
  return cases;
}

/**
 * Leaves what Bun's report holds: the tests themselves. Deno's report also has a case per
 * `describe` and one per subtest (`t.test`). The members of a `describe` come from Deno's own
 * `node:test`, subtests from the test file: that tells the two apart.
 */
function testsAlone(cases: readonly Case[]): Case[] {
  const isMember = (one: Case) => one.className.startsWith("ext:");
  const groups = new Set<string>();
  for (const { name } of cases.filter(isMember)) {
    for (let at = name.lastIndexOf(" > "); at > 0; at = name.lastIndexOf(" > ", at - 1)) {
      groups.add(name.slice(0, at));
    }
  }
  const names = new Set(cases.map((one) => one.name));
  const failed = cases.filter((one) => one.outcome === "failed");
  return cases.filter((one) => {
    if (groups.has(one.name)) {
      // A group is not a test, but its hooks may fail when none of its tests does.
      return one.outcome === "failed" &&
        !failed.some((other) => other.name.startsWith(`${one.name} > `));
    }
    if (isMember(one)) return true;
    for (let at = one.name.lastIndexOf(" > "); at > 0; at = one.name.lastIndexOf(" > ", at - 1)) {
      if (names.has(one.name.slice(0, at))) return false;
    }
    return true;
  });
}

/**
 * Counts the tests of one file in the same way on both runtimes: what `test` and `it` declare is
 * one test, `describe` and subtests are none of their own. What the report does not know, a crash
 * or an error outside a test, is one failure more.
 *
 * @param xml The JUnit report, or undefined when the runner wrote none.
 * @param exitCode How the runner ended.
 * @param output What it printed.
 */
export function readReport(xml: string | undefined, exitCode: number, output: string): Report {
  const report: Report = { passed: 0, failed: 0, skipped: 0, failures: [] };
  for (const { name, className, outcome } of testsAlone(readCases(xml ?? ""))) {
    report[outcome]++;
    if (outcome !== "failed") continue;
    const isGroup = className !== "" && !className.startsWith("ext:") && !/\.ts$/.test(className);
    report.failures.push(isGroup ? `${className} > ${name}` : name);
  }
  const fail = (what: string) => {
    report.failed++;
    report.failures.push(what);
  };
  if (output.includes(uncaughtMark)) fail("an error outside a test");
  if (exitCode !== 0 && report.failed === 0) fail(`the runner ended with code ${exitCode}`);
  if (report.passed + report.failed + report.skipped === 0) fail("no test in this file");
  return report;
}
