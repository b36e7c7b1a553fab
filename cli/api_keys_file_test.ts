import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiKeys, digestOf, shownKey } from "../logic/http/api_keys.ts";
import { ConfigError } from "../options/reading.ts";
import { changedKeys, parseApiKeys, readAccess } from "./api_keys_file.ts";

const HEX = "0123456789abcdef".repeat(4);
const OTHER = HEX.replaceAll("a", "b");
const entry = (name: string, sha256 = HEX, scopes = '["push"]') =>
  `[[keys]]\nname = "${name}"\nsha256 = "${sha256}"\nscopes = ${scopes}\n`;

function mistakesOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
}

test("parseApiKeys() reads names, digests and scopes", () => {
  const found = parseApiKeys(
    "keys",
    `# ours\n${entry("ci")}${entry("b.2", OTHER, '["read","admin"]')}`,
  );
  assert.deepEqual(found.map(({ name, scopes }) => [name, [...scopes]]), [
    ["ci", ["push"]],
    ["b.2", ["read", "admin"]],
  ]);
  assert.equal(Buffer.from(found[1].digest).toString("hex"), OTHER);
  assert.deepEqual(parseApiKeys("keys", ""), []);
});

const WRONG: readonly [string, readonly string[]][] = [
  ["[[keys]\n", ["k:1:8: Invalid TOML document: expected end of table array declaration"]],
  ["keys = 1", ["k: [[keys]] must be tables, each written [[keys]]"]],
  [`[key]\n${entry("a")}`, ['k: key: there is no such table; did you mean "keys"?']],
  [entry("a b"), [
    'k: [[keys]] #1: name = "a b": must be 1 to 64 letters, digits, dots, dashes and underscores',
  ]],
  [entry("a") + entry("b", "halley_secret"), [
    "k: [[keys]] #2: sha256: must be 64 hexadecimal digits, the SHA-256 of a key; " +
    "halley api-key new makes one",
  ]],
  [entry("a", HEX, "[]"), [
    "k: [[keys]] #1: scopes = []: must be at least one of push, read, admin",
  ]],
  [entry("a", HEX, '["root"]'), [
    'k: [[keys]] #1: scopes = ["root"]: must be at least one of push, read, admin',
  ]],
  [`${entry("a")}expires = 1\n${entry("a", HEX.toUpperCase())}`, [
    "k: [[keys]] #1: expires: there is no such key",
    'k: [[keys]] #2: name = "a": #1 has it already',
    "k: [[keys]] #2: sha256 is that of #1",
  ]],
  ['[[keys]]\nname = "a"', [
    "k: [[keys]] #1: sha256 must be given: 64 hexadecimal digits, the SHA-256 of a key; " +
    "halley api-key new makes one",
    "k: [[keys]] #1: scopes must be given: at least one of push, read, admin",
  ]],
];

for (const [toml, mistakes] of WRONG) {
  test(`parseApiKeys() says what is wrong with ${JSON.stringify(toml)}`, () => {
    assert.deepEqual(mistakesOf(() => parseApiKeys("k", toml)), mistakes);
  });
}

test("readAccess() has the keys of the file, and api-key beside them", () => {
  const file = (toml: string) => () => toml;
  const none = { apiKey: "", apiKeysFile: "" };
  assert.equal(readAccess(none), "anyone");
  const own = entry("ci", Buffer.from(digestOf("ci-key")).toString("hex"));
  const keys = new ApiKeys(readAccess({ apiKey: "one-key-8", apiKeysFile: "k" }, file(own)));
  const caller = (key: string) => keys.callerOf(shownKey(new Headers({ "x-api-key": key })));
  assert.deepEqual(caller("ci-key")?.scopes, new Set(["push"]));
  assert.equal(caller("one-key-8")?.name, "api-key");
  assert.equal(caller("one-key-9"), undefined);
  assert.equal(
    new ApiKeys(readAccess({ ...none, apiKey: "k" })).callerOf(shownKey(new Headers())),
    undefined,
  );
});

test("readAccess() lets nobody in where the file has no keys, or cannot be read", () => {
  const from = (readFile: () => string) =>
    mistakesOf(() => readAccess({ apiKey: "one-key-8", apiKeysFile: "k" }, readFile));
  assert.deepEqual(from(() => "# all gone"), [
    "k: it has no [[keys]]; halley api-key new makes one",
  ]);
  const missing = Object.assign(new Error("no"), { code: "ENOENT" });
  assert.deepEqual(
    from(() => {
      throw missing;
    }),
    ['Cannot read api-keys-file "k": there is no such file'],
  );
});

test("changedKeys() names the file's keys that are new, gone or other", () => {
  const read = (...keys: readonly (readonly [name: string, digit: string, scope: string])[]) => {
    const tables = keys.map(([name, digit, scope]) =>
      `[[keys]]\nname = "${name}"\nsha256 = "${digit.repeat(64)}"\nscopes = ["${scope}"]\n`
    );
    return readAccess({ apiKey: "a key of all", apiKeysFile: "k" }, () => tables.join(""));
  };
  const before = read(["same", "1", "push"], ["gone", "2", "push"], ["other", "3", "push"]);
  const after = read(["new", "4", "read"], ["other", "3", "read"], ["same", "1", "push"]);
  assert.deepEqual(changedKeys(before, after), ["gone", "other", "new"]);
  assert.deepEqual(changedKeys("anyone", "anyone"), []);
  assert.deepEqual(changedKeys("anyone", read(["a", "1", "push"])), ["a"]);
});
