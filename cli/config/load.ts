import { parse as parseToml, TomlError } from "smol-toml";
import type { Machine, Options, Values } from "../../options/kinds.ts";
import { ConfigError, merge, type Merged, Reading } from "../../options/reading.ts";
import { suggest } from "../../options/suggest.ts";
import type { Hooks } from "../../logic/hooks.ts";
import { reasonOf } from "../permission_hints.ts";
import { configFile, options, sections } from "./options.ts";
import { relations } from "./relations.ts";
import {
  type Config,
  type Field,
  type GivenConfig,
  optionList,
  type ServerCommand,
  variableOf,
} from "./schema.ts";

/** Everything that configures a server. */
export interface ConfigInput {
  /** What stands on the command line after the command. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly machine: Machine;
  /** What is to run with it. */
  readonly command: ServerCommand;
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

/** What Kubernetes sets in every container beside a service that is called "halley". */
const serviceLink = /^HALLEY_(?:SERVICE_(?:HOST|PORT)|PORT(?:_\d+_|$))/;

/** @returns Whether the environment could be listed. */
function readEnvironment(reading: Reading, options: Options, env: ConfigInput["env"]): boolean {
  const known: string[] = [];
  for (const [field, option] of Object.entries(options)) {
    if (option.fromText === undefined) continue;
    const variable = variableOf(option);
    known.push(variable);
    const text = env[variable];
    if (text !== undefined) reading.take(field, option.fromText(text), variable);
  }
  let names: string[];
  try {
    names = Object.keys(env);
  } catch {
    return false;
  }
  for (const name of names) {
    if (!name.startsWith("HALLEY_") || known.includes(name) || serviceLink.test(name)) continue;
    reading.mistakes.push(`${name}: there is no such variable${suggest(name, known)}`);
  }
  return true;
}

function readTable(reading: Reading, path: string, section: string, table: unknown): void {
  const known = optionList.filter(([, option]) => option.section === section);
  const [field, { rows }] = known[0];
  if (rows !== undefined) return reading.take(field, table, `${path}: [[${section}]]`, path);
  if (typeof table !== "object" || table === null || Array.isArray(table)) {
    reading.mistakes.push(`${path}: ${section}: must be a table, written [${section}]`);
    return;
  }
  for (const [key, value] of Object.entries(table)) {
    const place = `${path}: ${section}.${key}`;
    const field = known.find(([, option]) => option.name === key)?.[0];
    if (field !== undefined) reading.take(field, value, place, path);
    else {
      const home = sectionOf(key);
      const advice = home === undefined
        ? suggest(key, known.map(([, option]) => option.name))
        : `; it belongs under [${home}]`;
      reading.mistakes.push(`${place}: there is no such key${advice}`);
    }
  }
}

/** The table in which a key stands, if there is one. */
function sectionOf(key: string): string | undefined {
  return optionList.find(([, option]) => option.name === key)?.[1].section;
}

function readFile(reading: Reading, path: string, input: Pick<ConfigInput, "readFile">): void {
  let tables: Record<string, unknown>;
  try {
    tables = parseToml(input.readFile(path));
  } catch (error) {
    reading.mistakes.push(
      error instanceof TomlError
        ? `${path}:${error.line}:${error.column}: ${error.message.split("\n")[0]}`
        : `Cannot read the configuration "${path}": ${reasonOf(error)}`,
    );
    return;
  }
  for (const [name, table] of Object.entries(tables)) {
    if (Object.hasOwn(sections, name)) readTable(reading, path, name, table);
    else {
      const home = sectionOf(name);
      reading.mistakes.push(
        home === undefined
          ? `${path}: ${name}: there is no such table${suggest(name, Object.keys(sections))}`
          : `${path}: ${name}: it belongs under [${home}]`,
      );
    }
  }
}
/**
 * Puts together what was read and checks it as a whole.
 *
 * @throws {ConfigError} When anything is wrong; it holds every mistake.
 */
function mergeConfig(
  readings: readonly Reading[],
  command: ServerCommand,
  machine: Machine,
): Merged<typeof options> {
  const merged = merge(options, readings, machine);
  const mistakes = readings.flatMap((reading) => reading.mistakes);
  // Relations between values that are wrong by themselves would only repeat the mistakes.
  if (mistakes.length === 0) {
    mistakes.push(...relations(merged.values, command, (field) => merged.given(field)?.place));
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return merged;
}

/**
 * Puts the configuration together: the file over the defaults, the environment over the file, flags
 * over all.
 *
 * @throws {ConfigError} When anything is wrong; it holds every mistake.
 */
export function loadConfig(input: ConfigInput): LoadedConfig {
  const { readings, environmentListed } = readAll(input);
  const { values: config, given } = mergeConfig(readings, input.command, input.machine);
  const origins = optionList.map(([field]) => [field, given(field)?.origin ?? "default"]);
  return { config, origins: Object.fromEntries(origins), environmentListed };
}

/** Reads the flags, the environment and the file that these name. */
function readAll(input: Omit<ConfigInput, "command">, own: Options = {}) {
  const named = { configFile, ...options };
  const flags = new Reading({ ...named, ...own });
  const environment = new Reading(named);
  const file = new Reading(options);
  flags.readFlags(input.args);
  const environmentListed = readEnvironment(environment, named, input.env);
  const path = merge({ configFile }, [flags, environment], input.machine).values.configFile;
  if (path !== "") readFile(file, path, input);
  return { readings: [flags, environment, file], environmentListed };
}

/**
 * Puts the configuration together for a command that runs no server: what only a server could not
 * run with is no mistake.
 *
 * @param own Flags of the command's own, none of whose fields the configuration has.
 * @throws {ConfigError} When anything is wrong; it holds every mistake.
 */
export function loadForTool<Own extends Options>(
  own: Own,
  input: Omit<ConfigInput, "command">,
): Config & Values<Own> {
  const { readings } = readAll(input, own);
  const mistakes = readings.flatMap((reading) => reading.mistakes);
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return merge({ ...options, ...own }, readings, input.machine).values as Config & Values<Own>;
}

const hookNames = Object.keys(
  {
    authenticate: true,
    authorizeJoin: true,
    message: true,
    disconnected: true,
  } satisfies Record<keyof Hooks, true>,
);

/** A misspelt hook would let everybody in; members of a class's instance may be its own. */
function hookMistakes(hooks: unknown): string[] {
  if (typeof hooks !== "object" || hooks === null) return ["hooks: must be an object"];
  const members = hooks as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(members).filter((name) =>
    typeof members[name] === "function" && !hookNames.includes(name)
  );
  const wrong = hookNames.filter((name) =>
    !["function", "undefined"].includes(typeof members[name])
  );
  return [
    ...unknown.map((name) => `hooks.${name}: there is no such hook${suggest(name, hookNames)}`),
    ...wrong.map((name) => `hooks.${name}: must be a function`),
  ];
}

/**
 * Completes and checks a configuration that a program gives.
 *
 * @param values What differs from the defaults, and the hooks, which are but checked.
 * @param command What is to run.
 * @throws {ConfigError} When anything is wrong; it holds every mistake.
 */
export function completeConfig(
  { hooks = {}, ...values }: GivenConfig & { readonly hooks?: Hooks },
  machine: Machine,
  command: ServerCommand = "start",
): Config {
  const reading = new Reading(options);
  const { mistakes } = reading;
  const fields = Object.keys(options);
  for (const field of Object.keys(values)) {
    if (fields.includes(field)) continue;
    mistakes.push(`${field}: there is no such option${suggest(field, fields)}`);
  }
  mistakes.push(...hookMistakes(hooks));
  for (const [field, option] of optionList) {
    if (values[field] === undefined) continue;
    // What a file with this value would give, so that one schema serves both.
    let read: unknown = String(values[field]);
    try {
      read = parseToml(`value = ${option.toToml(values[field])}`).value;
    } catch {
      // No value of this kind at all: the schema says what is wrong.
    }
    reading.take(field, read, option.rows === undefined ? field : `[[${field}]]`);
  }
  const config = mergeConfig([reading], command, machine).values;
  if (hooks.authenticate !== undefined && config.auth !== "goim") {
    throw new ConfigError([
      `auth = "${config.auth}" must not be set with the hook authenticate, which says who clients are`,
    ]);
  }
  return config;
}
