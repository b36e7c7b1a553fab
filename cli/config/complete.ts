import { parse as parseToml } from "smol-toml";
import type { Machine } from "../../options/kinds.ts";
import { Reading } from "../../options/reading.ts";
import { mergeConfig } from "./load.ts";
import { options } from "./options.ts";
import type { ServerCommand } from "./relations.ts";
import { type Config, optionList } from "./schema.ts";

/**
 * Completes and checks a configuration that a program gives.
 *
 * @param values What differs from the defaults.
 * @param command What is to run.
 * @throws {ConfigError} When anything is wrong; it holds every mistake.
 */
export function completeConfig(
  values: Partial<Config>,
  machine: Machine,
  command: ServerCommand = "start",
): Config {
  const reading = new Reading(options);
  for (const [field, option] of optionList) {
    if (values[field] === undefined) continue;
    // What a file with this value would give, so that one schema serves both.
    const written = option.toToml(values[field]);
    let read: unknown = written;
    try {
      read = parseToml(`value = ${written}`).value;
    } catch {
      // No TOML at all: the schema says what is wrong.
    }
    reading.take(field, read, option.rows === undefined ? field : `[[${field}]]`);
  }
  return mergeConfig([reading], command, machine).values;
}
