import { parse as parseToml } from "smol-toml";
import * as v from "valibot";
import { defaultOf, type Machine } from "../../options/kinds.ts";
import { ConfigError, mistakesOf } from "../../options/reading.ts";
import { relations } from "./relations.ts";
import { type Config, type Field, optionList } from "./schema.ts";

/**
 * Completes and checks a configuration that a program gives.
 *
 * @param values What differs from the defaults.
 * @throws {ConfigError} When anything is wrong; it holds every mistake.
 */
export function completeConfig(values: Partial<Config>, machine: Machine): Config {
  const config: Record<string, unknown> = {};
  const mistakes: string[] = [];
  for (const [field, option] of optionList) {
    const value = values[field];
    config[field] = value === undefined ? defaultOf(option, machine) : value;
    if (value === undefined) continue;
    // What a file with this value would give, so that one schema serves both.
    const written = option.toToml(value);
    let read: unknown = written;
    try {
      read = parseToml(`value = ${written}`).value;
    } catch {
      // No TOML at all: the schema says what is wrong.
    }
    const result = v.safeParse(option.schema, read);
    mistakes.push(...mistakesOf(option, field, written, result.issues));
  }
  if (mistakes.length === 0) {
    const placeOf = (field: Field) => values[field] === undefined ? undefined : field;
    mistakes.push(...relations(config as Config, "start", placeOf));
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return config as Config;
}
