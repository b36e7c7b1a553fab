import { lineAt, type Source } from "./source.ts";

/** What a file does that it must not, as `file:line: rule`. */
export type Violation = string;

/** Folders (or files) that the code of a folder may import; itself always. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  "base": [],
  "protocol": ["base", "platform/port.ts"],
  // The RPC carries calls and knows none: `protocol/cluster/` is not for it.
  "rpc": [
    "base",
    "platform/port.ts",
    "protocol/buffers.ts",
    "protocol/close_codes.ts",
    "protocol/frame.ts",
    "protocol/limits.ts",
    "protocol/message.ts",
    "protocol/rpc.ts",
    "protocol/splitter.ts",
  ],
  "platform": ["base"],
  "drivers": ["base", "protocol", "platform/port.ts"],
  "options": ["platform"],
  "comet": ["base", "protocol", "rpc", "platform/port.ts", "drivers/ports.ts"],
  "logic": ["base", "protocol", "rpc", "platform/port.ts", "drivers/ports.ts"],
  "job": ["base", "protocol", "rpc", "platform/port.ts", "drivers/ports.ts"],
  "cli": [
    "package.json",
    "client/dist",
    "demo",
    "base",
    "protocol",
    "rpc",
    "platform",
    "drivers",
    "comet",
    "logic",
    "job",
    "options",
    "sim",
  ],
  "client": ["base", "protocol"],
  "sim": [
    "base",
    "protocol",
    "rpc",
    "platform",
    "drivers",
    "comet",
    "logic",
    "job",
    "client",
    "options",
    "mod.ts",
  ],
  "bench": [
    "base",
    "protocol",
    "rpc",
    "platform",
    "drivers",
    "comet",
    "logic",
    "job",
    "sim",
    "client",
    "mod.ts",
    "cli/wiring.ts",
    "tests/support/free_port.ts",
  ],
  "mod.ts": ["base", "protocol", "platform", "options", "cli", "logic", "drivers/errors.ts"],
  "examples": ["mod.ts"],
  "build": [],
  "demo": ["base", "protocol", "client"],
};

/** Folders of test suites that several implementations share. */
const isSharedSuite = /^[a-z]+\/contract(?:\/|_suite\.ts$)/;

/** Files of those folders that are not for everybody: logic alone knows who a token is for. */
const mustNotImport: Readonly<Record<string, readonly string[]>> = {
  "comet": ["protocol/auth_token.ts"],
};

/** What a test beside the code may import on top: real parts to stand behind the ports. */
const testsMayImport = ["base", "protocol", "rpc", "platform", "drivers", "tests"];

/** Whether a file belongs to the tests. */
export function isTest(path: string): boolean {
  return path.startsWith("tests/") || path.endsWith("_test.ts");
}

function folderOf(path: string): string {
  const slash = path.indexOf("/");
  return slash === -1 ? path : path.slice(0, slash);
}

function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`);
}

/** Imports go one way, by {@linkcode mayImport}. */
export function importDirections(sources: readonly Source[]): Violation[] {
  const violations: Violation[] = [];
  for (const { path, imports } of sources) {
    const folder = folderOf(path);
    if (folder === "tests" || imports.length === 0) continue;
    const allowed = mayImport[folder];
    if (allowed === undefined) {
      violations.push(`${path}:1: "${folder}" is not in the table of who may import whom`);
      continue;
    }
    const places = isTest(path) || isSharedSuite.test(path)
      ? [...allowed, ...testsMayImport]
      : allowed;
    for (const { target, line } of imports) {
      if (target === undefined || isWithin(target, folder)) continue;
      const isOthers = mustNotImport[folder]?.includes(target) === true;
      if (!isOthers && places.some((place) => isWithin(target, place))) continue;
      violations.push(`${path}:${line}: ${folder} must not import ${target}`);
    }
  }
  return violations;
}

/** No file imports itself over others. */
export function importCycles(sources: readonly Source[]): Violation[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const done = new Set<string>();
  const trail: string[] = [];
  const violations: Violation[] = [];
  const visit = (path: string) => {
    if (done.has(path)) return;
    trail.push(path);
    for (const { target, line } of byPath.get(path)?.imports ?? []) {
      if (target === undefined) continue;
      const start = trail.indexOf(target);
      if (start === -1) visit(target);
      else {
        const circle = [...trail.slice(start), target].join(" -> ");
        violations.push(`${path}:${line}: imports run in a circle: ${circle}`);
      }
    }
    trail.pop();
    done.add(path);
  };
  for (const { path } of sources) visit(path);
  return violations;
}

/** Packages come from `package.json`, those for development into what no server runs alone. */
export function packages(
  sources: readonly Source[],
  { dependencies, devDependencies }: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Violation[] {
  const violations: Violation[] = [];
  for (const { path, imports } of sources) {
    const mayUseDev = isTest(path) || /^(?:bench|build|demo)\//.test(path);
    for (const { specifier, target, line } of imports) {
      if (target !== undefined || specifier.startsWith("node:")) continue;
      const name = specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
      if (name in dependencies || (mayUseDev && name in devDependencies)) continue;
      violations.push(`${path}:${line}: package.json does not list "${name}" for this use`);
    }
  }
  return violations;
}

/** What browsers run, `client/`, `demo/` and all that they import, uses nothing of Node, Bun or Deno. */
export function browserCode(sources: readonly Source[]): Violation[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const paths = new Set(
    [...byPath.keys()].filter((path) => /^(?:client|demo)\//.test(path) && !isTest(path)),
  );
  const violations: Violation[] = [];
  for (const path of paths) {
    for (const { specifier, target, line } of byPath.get(path)?.imports ?? []) {
      if (target !== undefined) paths.add(target);
      else violations.push(`${path}:${line}: browsers run this, and have no "${specifier}"`);
    }
  }
  return violations;
}

/** The product's folders hold no support of tests. */
export function testSupport(sources: readonly Source[]): Violation[] {
  const violations: Violation[] = [];
  for (const { path, imports } of sources) {
    if (isTest(path) || isSharedSuite.test(path)) continue;
    for (const { specifier, line } of imports) {
      if (!/^node:(?:assert|test)\b/.test(specifier)) continue;
      violations.push(`${path}:${line}: what imports "${specifier}" belongs under tests/`);
    }
  }
  return violations;
}

function search(
  sources: readonly Source[],
  applies: (path: string) => boolean,
  pattern: RegExp,
  rule: string,
): Violation[] {
  const violations: Violation[] = [];
  for (const { path, code } of sources) {
    if (!applies(path)) continue;
    for (const found of code.matchAll(pattern)) {
      violations.push(`${path}:${lineAt(code, found.index)}: "${found[0]}" ${rule}`);
    }
  }
  return violations;
}

/** Starts the other runtime, whichever that is. */
const findsRuntimes = "tests/runner/runtimes.ts";

/** The runtimes' own globals, and the question which runtime it is, stay under `platform/`. */
export function runtimeGlobals(sources: readonly Source[]): Violation[] {
  const applies = (path: string) => !path.startsWith("platform/");
  const asks = (path: string) => applies(path) && path !== findsRuntimes;
  const global = /(?<![.\w])(?:globalThis\.)?(?:Deno|Bun)\b(?=[.[?])/g;
  return [
    ...search(sources, applies, global, "belongs under platform/"),
    ...search(sources, asks, /\bprocess\.versions\b/g, "belongs under platform/"),
    // What stands in quotes is blank in the code: any name is found.
    ...search(sources, asks, /" *" in globalThis\b|\bglobalThis\[/g, "belongs under platform/"),
  ];
}

const ownsTime = ["base/clock.ts", "base/prng.ts", "client/environment.ts", "demo/browser.ts"];

/** Time and randomness come through `Clock` and `Prng`. */
export function timeAndRandomness(sources: readonly Source[]): Violation[] {
  return search(
    sources,
    (path) => !isTest(path) && !/^(?:platform|bench)\//.test(path) && !ownsTime.includes(path),
    /\b(?:Date\.now|new Date\(\)|performance\.now|Math\.random)|\bcrypto\.(?:getRandomValues|randomUUID)|(?<![.\w]|function )(?:setTimeout|setInterval|setImmediate)(?=\()/g,
    "belongs in platform/system_clock.ts or base/prng.ts",
  );
}

/** From an opening bracket to the one that closes it. */
function inBrackets(code: string, start: number): string {
  let open = 0;
  for (const found of code.slice(start).matchAll(/[()]/g)) {
    open += found[0] === "(" ? 1 : -1;
    if (open === 0) return code.slice(start, start + found.index);
  }
  return code.slice(start);
}

/** A test does the same in every run: what it draws by chance comes from a seed in its text. */
export function seeds(sources: readonly Source[]): Violation[] {
  const violations = search(
    sources,
    isTest,
    /\bMath\.random|\bcrypto\.getRandomValues/g,
    "is another in each run: draw from a seeded Prng",
  );
  for (const { path, code } of sources) {
    for (const found of code.matchAll(/\bfc\.(?:assert|check|sample)(?=\()/g)) {
      if (/\bseed\b/.test(inBrackets(code, found.index + found[0].length))) continue;
      violations.push(`${path}:${lineAt(code, found.index)}: "${found[0]}" needs a seed`);
    }
  }
  return violations;
}

/** Lines that a file of code, and one of tests, may have. */
export const linesMax = { code: 250, test: 400 } as const;

/** Files that outgrew the limit: up to how many lines, and why. */
export type LongFiles = Readonly<Record<string, { readonly lines: number; readonly why: string }>>;

/** Files stay small; a listed exception goes when it is no longer needed. */
export function fileSizes(sources: readonly Source[], exceptions: LongFiles): Violation[] {
  const violations: Violation[] = [];
  const unused = new Set(Object.keys(exceptions));
  for (const { path, text } of sources) {
    if (!path.endsWith(".ts")) continue;
    const lines = text.trimEnd().split("\n").length;
    const usual = isTest(path) ? linesMax.test : linesMax.code;
    const limit = exceptions[path]?.lines ?? usual;
    if (lines > usual) unused.delete(path);
    if (lines > limit) {
      violations.push(
        `${path}:${limit}: the file has ${lines} lines, at most ${limit} are allowed`,
      );
    }
  }
  for (const path of unused) {
    violations.push(`${path}:1: fits without its exception: take it out of the list`);
  }
  return violations;
}

/** Files that no test reaches, and why that is right. */
export type UntestedFiles = Readonly<Record<string, string>>;

/** Tests that have roles built reach whatever these are built of. */
const compositionRoot = "cli/wiring.ts";

/** Files that a test imports, and those which they import within their own folder. */
function reachedByTests(sources: readonly Source[]): Set<string> {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const reached = new Set<string>();
  const reach = (path: string) => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const { target } of byPath.get(path)?.imports ?? []) {
      if (target === undefined) continue;
      if (folderOf(target) === folderOf(path) || path === compositionRoot) reach(target);
    }
  };
  for (const { path, imports } of sources) {
    if (!isTest(path)) continue;
    for (const { target } of imports) if (target !== undefined) reach(target);
  }
  return reached;
}

/**
 * Every file that does something has a test beside it, or is part of what a test imports, or is on
 * the list. Types, tables and errors need none; benchmarks and simulations are run as a whole.
 */
export function filesHaveTests(sources: readonly Source[], exceptions: UntestedFiles): Violation[] {
  const paths = new Set(sources.map((source) => source.path));
  const reached = reachedByTests(sources);
  const unused = new Set(Object.keys(exceptions));
  const violations: Violation[] = [];
  for (const { path, code } of sources) {
    if (!path.endsWith(".ts") || isTest(path) || /^(?:bench|sim)\//.test(path)) continue;
    if (paths.has(path.replace(/\.ts$/, "_test.ts")) || reached.has(path)) continue;
    if (!/\bfunction\b|\bclass\b(?! \w+ extends Error\b)/.test(code)) continue;
    if (!unused.delete(path)) violations.push(`${path}:1: no test beside it and none reaches it`);
  }
  for (const path of unused) {
    violations.push(`${path}:1: needs no exception from tests: take it out of the list`);
  }
  return violations;
}

/** Words and paths that have no place in the project, with why. */
const unwanted: readonly (readonly [RegExp, string])[] = [
  [/(?<![\w.}])\/(?:work|home|root|Users|tmp)\/[\w.-]+/g, "is a path of one machine"],
  [/\.\.\/shared\b/g, "lies outside the project"],
  [/\b(?:TO|FIX)(?:DO|ME)\b/g, "is unfinished work"],
];

/** Project text speaks of the project alone. */
export function unwantedText(sources: readonly Source[]): Violation[] {
  const violations: Violation[] = [];
  for (const { path, text } of sources) {
    for (const [pattern, rule] of unwanted) {
      for (const found of text.matchAll(pattern)) {
        violations.push(`${path}:${lineAt(text, found.index)}: "${found[0]}" ${rule}`);
      }
    }
  }
  return violations;
}
