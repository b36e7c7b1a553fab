import { readFileSync } from "node:fs";
import { parse as parseToml, TomlError } from "smol-toml";
import { type Access, type ApiKey, fullKey, type Scope, scopes } from "../logic/http/api_keys.ts";
import { list, text } from "../options/kinds.ts";
import { ConfigError, Reading } from "../options/reading.ts";
import { suggest } from "../options/suggest.ts";
import { tables } from "../options/tables.ts";
import { reasonOf } from "./permission_hints.ts";
import type { Config } from "./config/schema.ts";

/** What a key is called, in the file and in the audit log. */
export const keyName = text({
  name: "name",
  text: "What the audit log calls it",
  placeholder: "NAME",
  range: "1 to 64 letters, digits, dots, dashes and underscores",
  form: /^[\w.-]{1,64}$/,
});

/** What the key of the option `api-key` is called. */
const SINGLE = "api-key";

const anyScopes = list({
  name: "scopes",
  text: "What it is for",
  placeholder: "SCOPE,...",
  range: `at least one of ${scopes.join(", ")}`,
  form: { test: (scope) => scopes.some((known) => known === scope) },
});

/** What a key is for. */
export const keyScopes: typeof anyScopes = {
  ...anyScopes,
  read: (value, mistake) => {
    const given = anyScopes.read(value, mistake);
    return given?.length === 0 ? undefined : given;
  },
};

const keys = tables({
  name: "keys",
  unique: "name",
  rows: {
    name: keyName,
    sha256: text({
      name: "sha256",
      text: "SHA-256 of the key",
      placeholder: "HEX",
      range: "64 hexadecimal digits, the SHA-256 of a key; halley api-key new makes one",
      form: /^[\da-fA-F]{64}$/,
      // Who writes the key itself there by mistake must not read it in the log.
      secret: true,
    }),
    scopes: keyScopes,
  },
});

/**
 * Reads what a file of API keys says.
 *
 * @param path Where it is, for the mistakes.
 * @throws {ConfigError} When anything is wrong; it holds every mistake.
 */
export function parseApiKeys(path: string, toml: string): readonly ApiKey[] {
  const reading = new Reading({ keys });
  const { mistakes } = reading;
  let tables: Record<string, unknown> = {};
  try {
    tables = parseToml(toml);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    mistakes.push(`${path}:${error.line}:${error.column}: ${error.message.split("\n")[0]}`);
  }
  for (const [name, table] of Object.entries(tables)) {
    if (name === "keys") reading.take("keys", table, `${path}: [[keys]]`);
    else mistakes.push(`${path}: ${name}: there is no such table${suggest(name, ["keys"])}`);
  }
  const rows = reading.given.get("keys")?.value as ReturnType<typeof keys.read> ?? [];
  for (const [index, { sha256 }] of rows.entries()) {
    const first = rows.findIndex((row) => row.sha256?.toLowerCase() === sha256?.toLowerCase());
    if (first === index || sha256 === undefined) continue;
    mistakes.push(`${path}: [[keys]] #${index + 1}: sha256 is that of #${first + 1}`);
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return rows.map(({ name, sha256, scopes }) => ({
    name,
    digest: Uint8Array.from(sha256.match(/../g)!, (byte) => parseInt(byte, 16)),
    scopes: new Set(scopes as readonly Scope[]),
  }));
}

/**
 * The API keys that a configuration names, read anew from its file each time.
 *
 * @throws {ConfigError} When the file cannot be read, or anything in it is wrong.
 */
export function readAccess(
  { apiKey, apiKeysFile: path }: Pick<Config, "apiKey" | "apiKeysFile">,
  readFile = (path: string) => readFileSync(path, "utf8"),
): Access {
  if (apiKey === "" && path === "") return "anyone";
  const single = apiKey === "" ? [] : [fullKey(SINGLE, apiKey)];
  if (path === "") return single;
  let toml: string;
  try {
    toml = readFile(path);
  } catch (error) {
    throw new ConfigError([`Cannot read api-keys-file "${path}": ${reasonOf(error)}`]);
  }
  const named = parseApiKeys(path, toml);
  if (named.length > 0) return [...single, ...named];
  throw new ConfigError([`${path}: it has no [[keys]]; halley api-key new makes one`]);
}

/** Names of the file's keys that one of two configurations lacks, or has otherwise. */
export function changedKeys(before: Access, after: Access): string[] {
  const [old, now] = [before, after].map((access) => {
    const named = access === "anyone" ? [] : access.filter(({ name }) => name !== SINGLE);
    return new Map(named.map(({ name, digest, scopes }) => [name, [digest, ...scopes].join()]));
  });
  return [...new Set([...old.keys(), ...now.keys()])].filter((name) =>
    old.get(name) !== now.get(name)
  );
}
