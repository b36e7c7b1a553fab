import assert from "node:assert/strict";
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { seededPrng } from "../base/prng.ts";
import { ApiKeys, shownKey } from "../logic/http/api_keys.ts";
import { ConfigError } from "../options/reading.ts";
import { withDirectory } from "../tests/support/data_directory.ts";
import { apiKeyCommand, apiKeyHelp } from "./api_key_command.ts";
import { parseApiKeys, readAccess } from "./api_keys_file.ts";

/** Runs the command: what it prints, and what it says beside it. */
function halley(...args: string[]) {
  const said: string[] = [];
  const out = apiKeyCommand(args, (text) => said.push(text));
  return { out, said };
}

function mistakesOf(...args: string[]): readonly string[] {
  try {
    halley(...args);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
}

test("halley api-key new prints a key of 256 bits, and an entry that lets it in", () => {
  const { out } = halley("new", "ci", "--scope", "push,read");
  const [key, , ...entry] = out.split("\n");
  assert.match(key, /^halley_[\w-]{43}$/);
  const keys = new ApiKeys(parseApiKeys("k", entry.join("\n")));
  const caller = keys.callerOf(shownKey(new Headers({ authorization: `Bearer ${key}` })));
  assert.deepEqual([caller?.name, [...caller!.scopes]], ["ci", ["push", "read"]]);
  assert.notEqual(halley("new", "ci", "--scope", "push").out.split("\n")[0], key);
  const again = () => apiKeyCommand(["new", "ci", "--scope", "push"], () => {}, seededPrng(1));
  assert.equal(again(), again(), "chance comes from the generator alone");
});

test("halley api-key new --file adds to the file, which its owner alone may read", () =>
  withDirectory(async (directory) => {
    const file = join(directory, "halley.keys.toml");
    const first = halley("new", "ci", "--scope", "push", "--file", file);
    assert.deepEqual(first.said, [`ci is in ${file}; this is its key, which is not shown again:`]);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    await writeFile(file, `# ours\n${await readFile(file, "utf8")}`.trimEnd());
    await chmod(file, 0o640);
    const second = halley("new", "ops", "--scope=read,admin", `--file=${file}`);
    assert.equal((await stat(file)).mode & 0o777, 0o640, "as it was");
    const toml = await readFile(file, "utf8");
    assert.match(toml, /^# ours\n\[\[keys\]\]\nname = "ci"\n/);
    for (const { out } of [first, second]) {
      assert.ok(!toml.includes(out.slice(7)), "no key is in it");
    }
    const keys = new ApiKeys(readAccess({ apiKey: "", apiKeysFile: file }));
    const names = [first, second].map(({ out }) =>
      keys.callerOf(shownKey(new Headers({ "x-api-key": out })))?.name
    );
    assert.deepEqual(names, ["ci", "ops"]);
    const { out } = halley("list", "--file", file);
    assert.match(out, /^ci {3}[\da-f]{12}… {2}push\nops {2}[\da-f]{12}… {2}read,admin$/);
    assert.deepEqual(await readdir(directory), ["halley.keys.toml"]);
  }));

test("halley api-key new --file leaves a file as it is that is wrong, or another writes", () =>
  withDirectory(async (directory) => {
    const file = join(directory, "keys.toml");
    const args = ["new", "ci", "--scope", "push", "--file", file];
    halley(...args);
    const toml = await readFile(file, "utf8");
    assert.deepEqual(mistakesOf(...args), [
      `${file}: [[keys]] #2: name = "ci": #1 has it already`,
    ]);
    await writeFile(`${file}.new`, "half");
    assert.match(mistakesOf("new", "b", ...args.slice(2))[0], /^Cannot write .*another adds a key/);
    assert.equal(await readFile(file, "utf8"), toml);
    assert.equal(await readFile(`${file}.new`, "utf8"), "half");
    await writeFile(file, "[[keys]");
    assert.match(mistakesOf(...args)[0], /keys.toml:1:\d+: /);
    assert.equal(await readFile(file, "utf8"), "[[keys]");
    assert.deepEqual(mistakesOf("new", "b", "--scope", "push", "--file", directory), [
      `Cannot use "${directory}": it is a directory`,
    ]);
    assert.deepEqual(mistakesOf("list", "--file", join(directory, "none")), [
      `Cannot use "${join(directory, "none")}": there is no such file`,
    ]);
  }));

test("halley api-key new --file follows a link, which stays", () =>
  withDirectory(async (directory) => {
    await mkdir(join(directory, "real"));
    await writeFile(join(directory, "real", "keys"), "");
    await symlink(join("real", "keys"), join(directory, "keys"));
    halley("new", "ci", "--scope", "push", "--file", join(directory, "keys"));
    assert.match(await readFile(join(directory, "real", "keys"), "utf8"), /name = "ci"/);
  }));

const WRONG: readonly [string[], readonly RegExp[]][] = [
  [["make"], [/^there is no api-key make; see halley api-key --help$/]],
  [["new"], [/^NAME = "": must be 1 to 64 letters/, /^--scope: must be given: at least one of/]],
  [["new", "--scope", "push"], [/^NAME = "--scope": must be .*, before the flags$/]],
  [["new", "a b", "--scope", ""], [/^NAME = "a b": /, /^--scope = \[\]: must be at least one of/]],
  [["new", "a", "--scope", "root"], [/^--scope = \["root"\]: must be at least one of push, read/]],
  [["new", "a", "b", "--scopes", "push"], [/argument "b"/, /^--scopes: there is no/]],
  [["list"], [/^--file: must be given: a path$/]],
];

for (const [args, expected] of WRONG) {
  test(`halley api-key ${args.join(" ")} says what is wrong`, () => {
    const mistakes = mistakesOf(...args);
    assert.equal(mistakes.length, expected.length, mistakes.join("\n"));
    for (const [index, form] of expected.entries()) assert.match(mistakes[index], form);
  });
}

test("halley api-key --help says how, and so does the command alone", () => {
  for (const args of [[], ["--help"], ["new", "-h"]]) assert.equal(halley(...args).out, apiKeyHelp);
});
