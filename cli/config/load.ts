import { parseArgs } from "node:util";
import { parse as parseToml, TomlError } from "smol-toml";
import * as v from "valibot";
import { deniedAdvice } from "../permission_hints.ts";
import type { Machine, Option } from "./option_types.ts";
import { sections } from "./options.ts";
import { relations, type Role } from "./relations.ts";
import { type Config, defaultOf, type Field, optionList, variableOf } from "./schema.ts";
import { suggest } from "./suggest.ts";

/** Everything that configures a server. */
export interface ConfigInput {
  /** What stands on the command line after the command. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly machine: Machine;
  /** What is to run with it. */
  readonly role: Role;
  /** Reads a text file. */
  readFile(path: string): string;
}

/** A configuration and how it came about. */
export interface LoadedConfig {
  readonly config: Config;
  /** Where each value came from: `default`, `FILE`, a variable or a flag. */
  readonly origins: Readonly<Record<Field, string>>;
  /** Whether misspelt variables could be looked for; Deno needs leave to list the environment. */
  readonly environmentListed: boolean;
}

/** Everything that is wrong with a configuration, a line for each mistake. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  constructor(readonly mistakes: readonly string[]) {
    super(mistakes.join("\n"));
  }
}

/** One value on its way into the configuration. */
interface Given {
  readonly value: unknown;
  /** Where it stands, such as `--tcp`. */
  readonly origin: string;
}

/** Collects values and mistakes from one source after the other. */
class Loading {
  readonly given = new Map<Field, Given>();
  readonly mistakes: string[] = [];

  constructor(readonly input: ConfigInput) {}

  give(field: Field, option: Option<unknown>, value: unknown, place: string, origin: string): void {
    const result = v.safeParse(option.schema, value);
    if (result.success) this.given.set(field, { value: result.output, origin });
    else {
      const shown = option.secret ? "" : ` = ${JSON.stringify(value)}`;
      this.mistakes.push(`${place}${shown}: ${result.issues[0].message}`);
    }
  }
}

function readFlags(loading: Loading): string | undefined {
  const known = optionList.filter(([, option]) => option.fromText !== undefined);
  const { tokens } = parseArgs({
    args: [...loading.input.args],
    strict: false,
    tokens: true,
    options: {
      config: { type: "string" },
      ...Object.fromEntries(known.map(([, { name, placeholder }]) => [
        name,
        { type: placeholder === "" ? "boolean" as const : "string" as const },
      ])),
    },
  });
  const names = ["--config", ...known.map(([, option]) => `--${option.name}`)];
  let file: string | undefined;
  for (const token of tokens) {
    if (token.kind === "positional") {
      // What follows an unknown flag is most likely its value.
      const before = tokens.find((other) => other.index === token.index - 1);
      if (before?.kind === "option" && !names.includes(before.rawName)) continue;
      loading.mistakes.push(`unexpected argument "${token.value}"`);
    }
    if (token.kind !== "option") continue;
    const flag = token.rawName;
    const found = known.find(([, option]) => `--${option.name}` === flag);
    if (flag !== "--config" && found === undefined) {
      loading.mistakes.push(`${flag}: there is no such flag${suggest(flag, names)}`);
    } else if (token.value === undefined && found?.[1].placeholder !== "") {
      loading.mistakes.push(`${flag}: needs a value`);
    } else if (found === undefined) {
      file = token.value;
    } else {
      const [field, option] = found;
      loading.give(field, option, option.fromText!(token.value ?? "true"), flag, flag);
    }
  }
  return file;
}

/** What Kubernetes sets in every container beside a service that is called "halley". */
const serviceLink = /^HALLEY_(?:SERVICE_(?:HOST|PORT)|PORT(?:_\d+_|$))/;

/** @returns Whether the environment could be listed. */
function readEnvironment(loading: Loading): boolean {
  const { env } = loading.input;
  const known = ["HALLEY_CONFIG"];
  for (const [field, option] of optionList) {
    if (option.fromText === undefined) continue;
    const variable = variableOf(option);
    known.push(variable);
    const text = env[variable];
    if (text !== undefined) loading.give(field, option, option.fromText(text), variable, variable);
  }
  let names: string[];
  try {
    names = Object.keys(env);
  } catch {
    return false;
  }
  for (const name of names) {
    if (!name.startsWith("HALLEY_") || known.includes(name) || serviceLink.test(name)) continue;
    loading.mistakes.push(`${name}: there is no such variable${suggest(name, known)}`);
  }
  return true;
}

function readTable(loading: Loading, path: string, section: string, table: unknown): void {
  const known = optionList.filter(([, option]) => option.section === section);
  if (typeof table !== "object" || table === null || Array.isArray(table)) {
    loading.mistakes.push(`${path}: ${section}: must be a table, written [${section}]`);
    return;
  }
  for (const [key, value] of Object.entries(table)) {
    const found = known.find(([, option]) => option.name === key);
    const place = `${path}: ${section}.${key}`;
    if (found !== undefined) loading.give(...found, value, place, path);
    else {
      const elsewhere = optionList.find(([, option]) => option.name === key);
      const names = known.map(([, option]) => option.name);
      loading.mistakes.push(
        `${place}: there is no such key${
          elsewhere === undefined
            ? suggest(key, names)
            : `; it belongs under [${elsewhere[1].section}]`
        }`,
      );
    }
  }
}

function readFile(loading: Loading, path: string): void {
  let tables: Record<string, unknown>;
  try {
    tables = parseToml(loading.input.readFile(path));
  } catch (error) {
    loading.mistakes.push(
      error instanceof TomlError
        ? `${path}:${error.line}:${error.column}: ${error.message.split("\n")[0]}`
        : `Cannot read the configuration "${path}": ${reasonOf(error)}`,
    );
    return;
  }
  for (const [name, table] of Object.entries(tables)) {
    if (name in sections) readTable(loading, path, name, table);
    else {
      const owner = optionList.find(([, option]) => option.name === name);
      loading.mistakes.push(
        owner === undefined
          ? `${path}: ${name}: there is no such table${suggest(name, Object.keys(sections))}`
          : `${path}: ${name}: it belongs under [${owner[1].section}]`,
      );
    }
  }
}

/** Why a file cannot be read, in words. */
function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES") return "permission denied";
  if (code === "EISDIR") return "it is a directory";
  return deniedAdvice(error) ?? message;
}

/**
 * Puts the configuration together: the file over the defaults, the environment over the file, flags
 * over all.
 *
 * @throws {ConfigError} When anything is wrong; it holds every mistake.
 */
export function loadConfig(input: ConfigInput): LoadedConfig {
  const flags = new Loading(input);
  const environment = new Loading(input);
  const file = new Loading(input);
  const path = readFlags(flags) ?? input.env["HALLEY_CONFIG"];
  const environmentListed = readEnvironment(environment);
  if (path !== undefined) readFile(file, path);

  const config: Record<string, unknown> = {};
  const origins: Record<string, string> = {};
  for (const [field, option] of optionList) {
    const given = flags.given.get(field) ?? environment.given.get(field) ?? file.given.get(field);
    config[field] = given === undefined ? defaultOf(option, input.machine) : given.value;
    origins[field] = given?.origin ?? "default";
  }
  const mistakes = [flags, environment, file].flatMap((loading) => loading.mistakes);
  // Relations between values that are wrong by themselves would only repeat the mistakes.
  if (mistakes.length === 0) mistakes.push(...relations(config as Config, input.role));
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return {
    config: config as Config,
    origins: origins as Record<Field, string>,
    environmentListed,
  };
}
