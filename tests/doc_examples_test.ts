import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";

const root = new URL("../", import.meta.url);

/** The files in which what `mod.ts` exports is declared, by name. */
async function declarations(): Promise<Map<string, string>> {
  const mod = await readFile(new URL("mod.ts", root), "utf8");
  const files = new Map<string, string>();
  for (const [, names, file] of mod.matchAll(/^(?:import|export)[^{;]*{([^}]*)} from "(.*)";$/gm)) {
    for (const name of names.matchAll(/\w+(?=\s*(?:,|$))/g)) files.set(name[0], file);
  }
  const exported = new Map<string, string>();
  for (const [, names, file] of mod.matchAll(/^export (?:type )?{([^}]*)}(?: from "(.*)")?;$/gm)) {
    for (const [name] of names.matchAll(/\w+/g)) exported.set(name, file ?? files.get(name)!);
  }
  for (const [, name] of mod.matchAll(/^export (?:async )?(?:function|type) (\w+)/gm)) {
    exported.set(name, "mod.ts");
  }
  return exported;
}

/** The examples in the doc comment before a declaration, the kind of each first. */
function examplesOf(source: string, name: string): (readonly [kind: string, code: string])[] {
  const declared = new RegExp(`^export .*\\b(?:class|interface|type|function) ${name}\\b`, "m");
  const before = source.slice(0, declared.exec(source)?.index ?? 0);
  const comment = before.slice(before.lastIndexOf("/**"));
  const lines = comment.replace(/^ \* ?/gm, "");
  return Array.from(lines.matchAll(/^```ts(.*)\n([^]*?)^```$/gm), ([, kind, code]) => [kind, code]);
}

const exported = await declarations();

describe("what mod.ts exports", () => {
  test("is found", () => {
    for (const name of ["startServer", "Hooks", "Config", "PushLogFull"]) {
      assert.ok(exported.has(name), name);
    }
  });

  for (const [name, file] of exported) {
    test(`has an example that runs: ${name}`, async () => {
      const examples = examplesOf(await readFile(new URL(file, root), "utf8"), name);
      assert.ok(examples.length > 0, `${file} has no example for ${name}`);
      const folder = await mkdtemp(join(tmpdir(), "halley-example-"));
      try {
        for (const [index, [kind, code]] of examples.entries()) {
          if (kind.trim() === "ignore") continue;
          const path = join(folder, `${index}.ts`);
          await writeFile(path, code.replaceAll('"./mod.ts"', `"${new URL("mod.ts", root)}"`));
          await import(pathToFileURL(path).href);
        }
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
});
