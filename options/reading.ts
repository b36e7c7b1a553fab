/**
 * The door of this folder: options as the configuration and the simulator read them. kinds.ts has
 * the kinds; one description of an option serves its flag, its variable, its key in a file, the help
 * and the docs.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { defaultOf, type Machine, type Options, readValue, type Values } from "./kinds.ts";
import { suggest } from "./suggest.ts";

/**
 * Everything that is wrong with a configuration or a command line, a line for each mistake.
 *
 * ```ts
 * import { ConfigError, startServer } from "./mod.ts";
 *
 * try {
 *   await startServer({ partitions: 0 });
 * } catch (error) {
 *   if (error instanceof ConfigError) console.log(error.message);
 * }
 * ```
 */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  /** @param mistakes A line for each. */
  constructor(readonly mistakes: readonly string[]) {
    super(mistakes.join("\n"));
  }
}

/** One value on its way into the configuration. */
export interface Given {
  readonly value: unknown;
  /** Where it stands, such as `--tcp` or `halley.toml: listen.tcp`. */
  readonly place: string;
  /** What gave it: `--tcp`, a variable, or the file. */
  readonly origin: string;
}

/** Values and mistakes of one source: flags, environment or file. */
export class Reading {
  readonly given = new Map<string, Given>();
  readonly mistakes: string[] = [];

  constructor(private readonly options: Options) {}

  /** Takes the value of an option, or says what is wrong with it. */
  take(field: string, value: unknown, place: string, origin = place): void {
    const mistake = (text: string) => void this.mistakes.push(text);
    const read = readValue(this.options[field], value, place, mistake);
    if (read !== undefined) this.given.set(field, { value: read, place, origin });
  }

  /** Reads a command line. */
  readFlags(args: readonly string[]): void {
    const known = Object.entries(this.options).filter(([, option]) => option.fromText);
    const types = known.map(([, { name, placeholder }]) => {
      return [name, { type: placeholder === "" ? "boolean" as const : "string" as const }];
    });
    const { tokens } = parseArgs({
      args: [...args],
      strict: false,
      tokens: true,
      options: Object.fromEntries(types),
    });
    const names = known.map(([, option]) => `--${option.name}`);
    for (const token of tokens) {
      if (token.kind === "positional") {
        // What follows an unknown flag is most likely its value.
        const before = tokens.find((other) => other.index === token.index - 1);
        if (before?.kind === "option" && !names.includes(before.rawName)) continue;
        this.mistakes.push(`unexpected argument "${token.value}"`);
      }
      if (token.kind !== "option") continue;
      const flag = token.rawName;
      const found = known[names.indexOf(flag)];
      if (found === undefined) {
        this.mistakes.push(`${flag}: there is no such flag${suggest(flag, names)}`);
      } else if (token.value === undefined && found[1].placeholder !== "") {
        this.mistakes.push(`${flag}: needs a value`);
      } else {
        const [field, option] = found;
        this.take(field, option.fromText!(token.value ?? "true"), flag);
      }
    }
  }
}

/** What came out of several readings. */
export interface Merged<Set extends Options> {
  readonly values: Values<Set>;
  /** What was given for an option; nothing where its default stands. */
  given(field: keyof Set): Given | undefined;
}

/** Puts readings together: the first that has a value counts, and the default where none has. */
export function merge<Set extends Options>(
  options: Set,
  readings: readonly Reading[],
  machine: Machine,
): Merged<Set> {
  const given = (field: keyof Set) =>
    readings.find((reading) => reading.given.has(field as string))?.given.get(field as string);
  const values = Object.entries(options).map(([field, option]) => {
    const found = given(field);
    return [field, found === undefined ? defaultOf(option, machine) : found.value];
  });
  return { values: Object.fromEntries(values), given };
}
