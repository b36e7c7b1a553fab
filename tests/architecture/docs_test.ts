import { describe, test } from "node:test";
import assert from "node:assert/strict";
import * as docs from "./docs.ts";
import { parseSource, type Source } from "./source.ts";

function tree(files: Readonly<Record<string, string>>): Source[] {
  return Object.entries(files).map(([path, text]) => parseSource(path, text));
}

describe("the rules of documents", () => {
  test("find a file that is not there, and leave alone what is no path", () => {
    const text = "`comet/a.ts`, `comet/b` `comet/` `comet/*_test.ts` and comet/logic in prose\n" +
      "`comet/gone`, `comet/gone.ts`\n\n```sh\ndeno run comet/lost.ts dist/x.ts\n```\n" +
      "https://docs.example/comet/a.ts";
    const paths = docs.withFolders(["comet/a.ts", "comet/b/c.ts"]);
    assert.deepEqual(docs.namedFiles(tree({ "README.md": text, "CHANGELOG.md": text }), paths), [
      "README.md:2: there is no comet/gone",
      "README.md:2: there is no comet/gone.ts",
      "README.md:5: there is no comet/lost.ts",
    ]);
  });

  test("find a link that leads nowhere", () => {
    const sources = tree({
      "docs/a.md": "# One `thing`, two\n[x](b.md) [x](#one-thing-two) [x](../docs/b.md#there)\n" +
        "[x](c.md) [x](b.md#not-there) [x](https://example.com/c.md)",
      "docs/b.md": "## There",
    });
    const paths = docs.withFolders(["docs/a.md", "docs/b.md"]);
    assert.deepEqual(docs.links(sources, paths), [
      "docs/a.md:3: c.md leads nowhere",
      "docs/a.md:3: b.md#not-there leads nowhere",
    ]);
  });

  test("find a folder that is not in the table", () => {
    const sources = tree({
      "docs/architecture.md": "| folder |\n| `comet/` | x |",
      "comet/a.ts": "",
      "job/b/c.ts": "",
      "mod.ts": "",
    });
    assert.deepEqual(docs.folderTable(sources), [
      "docs/architecture.md:1: job/ is not in the table of folders",
    ]);
  });

  test("find a decision that is not in the index", () => {
    const sources = tree({
      "docs/decisions/README.md": "[One](0001-one.md)",
      "docs/decisions/0001-one.md": "# 1. One",
      "docs/decisions/0002-two.md": "# 2. Two",
      "docs/decisions/0003-three.md": "# 4. Three",
    });
    assert.deepEqual(docs.decisionIndex(sources), [
      "docs/decisions/0002-two.md:1: [Two](…) is not in docs/decisions/README.md",
      `docs/decisions/0003-three.md:1: the heading is not "# 3. Title"`,
    ]);
  });

  test("find faults of goim without a test, and tests of faults that the list lacks", () => {
    const sources = tree({
      "docs/goim_faults.md":
        "1. First.\n   Test: `job/a_test.ts`\n2. Second.\n   `job/b_test.ts`\n",
      "job/a_test.ts": `test("goim fault 1: x")\ntest("goim fault 2: y")`,
      "job/b_test.ts": `test("goim fault 7: z")`,
    });
    assert.deepEqual(docs.faultReferences(sources), [
      "job/a_test.ts:2: not under fault 2 in docs/goim_faults.md",
      "job/b_test.ts:1: not under fault 7 in docs/goim_faults.md",
    ]);
    assert.deepEqual(docs.faultReferences(sources.slice(0, 1)), [
      "docs/goim_faults.md:1: no test names fault 1",
      "docs/goim_faults.md:1: no test names fault 2",
    ]);
  });
});
