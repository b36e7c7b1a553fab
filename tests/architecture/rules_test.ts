import { describe, test } from "node:test";
import assert from "node:assert/strict";
import * as rules from "./rules.ts";
import { parseSource, type Source } from "./source.ts";

function tree(files: Readonly<Record<string, string>>): Source[] {
  return Object.entries(files).map(([path, text]) => parseSource(path, text));
}

describe("the architecture's rules", () => {
  test("find an import against the direction, of a type too, with its line", () => {
    const sources = tree({
      "base/a.ts": `\nimport type { X } from "../comet/x.ts";`,
      "comet/b.ts": `export * from "../logic/y.ts"; import "../platform/bun/z.ts";`,
      "comet/c.ts": `import { P } from "../platform/port.ts"; const s = 'from "../logic/y.ts"';`,
      "comet/d.ts": `import "../protocol/auth_token.ts";`,
      "comet/c_test.ts": `import "../tests/memory_platform/m.ts"; import "../job/lane.ts";`,
      "rpc/d.ts": `import "../protocol/frame.ts"; import "../protocol/cluster/calls.ts";`,
      "protocol/e.ts": `import "../rpc/link.ts";`,
      "extra/d.ts": `import "../base/a.ts";`,
      "tests/e_test.ts": `import "../job/lane.ts";`,
    });
    assert.deepEqual(rules.importDirections(sources), [
      "base/a.ts:2: base must not import comet/x.ts",
      "comet/b.ts:1: comet must not import logic/y.ts",
      "comet/b.ts:1: comet must not import platform/bun/z.ts",
      "comet/d.ts:1: comet must not import protocol/auth_token.ts",
      "comet/c_test.ts:1: comet must not import job/lane.ts",
      "rpc/d.ts:1: rpc must not import protocol/cluster/calls.ts",
      "protocol/e.ts:1: protocol must not import rpc/link.ts",
      `extra/d.ts:1: "extra" is not in the table of who may import whom`,
    ]);
  });

  test("find a circle of imports", () => {
    const sources = tree({
      "base/a.ts": `import "./b.ts";`,
      "base/b.ts": `import "./c.ts";`,
      "base/c.ts": `\nimport type { A } from "./a.ts";`,
    });
    assert.deepEqual(rules.importCycles(sources), [
      "base/c.ts:2: imports run in a circle: base/a.ts -> base/b.ts -> base/c.ts -> base/a.ts",
    ]);
  });

  test("find packages that are not listed", () => {
    const manifest = {
      dependencies: { hono: "1" },
      devDependencies: { "@types/ws": "1", ws: "1" },
    };
    const sources = tree({
      "logic/a.ts": `import "hono/jwt"; import "ws"; import "node:net"; import("@x/y/z");`,
      "logic/a_test.ts": `import "ws";`,
    });
    assert.deepEqual(rules.packages(sources, manifest), [
      `logic/a.ts:1: package.json does not list "ws" for this use`,
      `logic/a.ts:1: package.json does not list "@x/y" for this use`,
    ]);
  });

  test("find what browsers do not have in what client/ imports", () => {
    const sources = tree({
      "client/a.ts": `import "../protocol/b.ts"; import "ws";`,
      "client/a_test.ts": `import "node:test";`,
      "protocol/b.ts": `import "./c.ts";`,
      "protocol/c.ts": `\nimport "node:buffer";`,
      "protocol/d.ts": `import "node:crypto";`,
    });
    assert.deepEqual(rules.browserCode(sources), [
      `client/a.ts:1: browsers run this, and have no "ws"`,
      `protocol/c.ts:2: browsers run this, and have no "node:buffer"`,
    ]);
  });

  test("find globals of a runtime in code, not in comments or strings", () => {
    const sources = tree({
      "comet/a.ts": `// Deno.serve\nconst s = "Bun.listen";\nDeno.exit(); globalThis.Bun?.gc();`,
      "platform/deno/b.ts": "Deno.listen();",
    });
    assert.deepEqual(rules.runtimeGlobals(sources), [
      `comet/a.ts:3: "Deno" belongs under platform/`,
      `comet/a.ts:3: "globalThis.Bun" belongs under platform/`,
    ]);
  });

  test("find the question which runtime it is", () => {
    const sources = tree({
      "comet/a.ts": `if ("Deno" in globalThis) f();\nif (process.versions.bun) g();`,
      "comet/a_test.ts": `Reflect.get(globalThis["Bun"], "x");`,
      "platform/b.ts": `if ("Deno" in globalThis) f();`,
    });
    assert.deepEqual(rules.runtimeGlobals(sources).map((found) => found.split(":")[0]), [
      "comet/a.ts",
      "comet/a.ts",
      "comet/a_test.ts",
    ]);
  });

  test("find support of tests in the product's folders", () => {
    const sources = tree({
      "comet/testing.ts": `import assert from "node:assert/strict";`,
      "comet/a_test.ts": `import assert from "node:assert/strict";`,
      "drivers/contract/a_suite.ts": `import { test } from "node:test";`,
      "tests/support/b.ts": `import assert from "node:assert/strict";`,
    });
    assert.deepEqual(rules.testSupport(sources), [
      `comet/testing.ts:1: what imports "node:assert/strict" belongs under tests/`,
    ]);
  });

  test("find time and randomness that no test can own", () => {
    const sources = tree({
      "comet/a.ts": "clock.setTimeout(f, 1); setTimeout(f, 1);\nDate.now(); Math.random();",
      "comet/a_test.ts": "setTimeout(f, 1);",
      "base/clock.ts": "setTimeout(f, 1);",
    });
    assert.deepEqual(rules.timeAndRandomness(sources), [
      `comet/a.ts:1: "setTimeout" belongs in platform/system_clock.ts or base/prng.ts`,
      `comet/a.ts:2: "Date.now" belongs in platform/system_clock.ts or base/prng.ts`,
      `comet/a.ts:2: "Math.random" belongs in platform/system_clock.ts or base/prng.ts`,
    ]);
  });

  test("find tests that draw by chance what no seed decides", () => {
    const sources = tree({
      "comet/a.ts": "Math.random();",
      "comet/a_test.ts": "Math.random();\nfc.assert(fc.property(f, (x) => g(x)), { numRuns: 9 });",
      "comet/b_test.ts": "fc.assert(property(h()), { seed: 1 }); fc.sample(x); const seed = 1;",
    });
    assert.deepEqual(rules.seeds(sources), [
      `comet/a_test.ts:1: "Math.random" is another in each run: draw from a seeded Prng`,
      `comet/a_test.ts:2: "fc.assert" needs a seed`,
      `comet/b_test.ts:1: "fc.sample" needs a seed`,
    ]);
  });

  test("find files that are too long and exceptions that are not needed", () => {
    const sources = tree({
      "comet/a.ts": "\n".repeat(300) + "x",
      "comet/b.ts": "\n".repeat(300) + "x",
      "comet/c.ts": "x",
    });
    const exceptions = {
      "comet/b.ts": { lines: 301, why: "a table" },
      "comet/c.ts": { lines: 260, why: "was long once" },
    };
    assert.deepEqual(rules.fileSizes(sources, exceptions), [
      "comet/a.ts:250: the file has 301 lines, at most 250 are allowed",
      "comet/c.ts:1: fits without its exception: take it out of the list",
    ]);
  });

  test("find files without a test and exceptions that are not needed", () => {
    const sources = tree({
      "comet/a.ts": "export function a() {}",
      "comet/b.ts": "export function b() {}",
      "comet/b_test.ts": "",
      "comet/c.ts": `import "./part.ts"; import "../base/x.ts"; export class C {}`,
      "comet/part.ts": "export class Part {}",
      "base/x.ts": "export class X {}",
      "tests/c_test.ts": `import "../comet/c.ts";`,
      "comet/d.ts": "export class Full extends Error {}\nexport interface D {}",
      "comet/e.ts": "export function e() {}",
    });
    assert.deepEqual(rules.filesHaveTests(sources, { "comet/e.ts": "why", "comet/b.ts": "why" }), [
      "comet/a.ts:1: no test beside it and none reaches it",
      "base/x.ts:1: no test beside it and none reaches it",
      "comet/b.ts:1: needs no exception from tests: take it out of the list",
    ]);
  });

  test("find machine paths and unfinished work in any text", () => {
    const home = ["", "home", "me"].join("/");
    const todo = ["TO", "DO"].join("");
    const sources = tree({
      "README.md": `see ${home}/x\n${todo}: more\n/etc/hosts https://a.b/home/c`,
    });
    assert.deepEqual(rules.unwantedText(sources), [
      `README.md:1: "${home}" is a path of one machine`,
      `README.md:2: "${todo}" is unfinished work`,
    ]);
  });
});
