import * as v from "valibot";
import type { Address } from "../../platform/port.ts";
import { isNetwork } from "../../protocol/networks.ts";
import { formatAddress, parseAddress } from "../address.ts";
import { formatBytes, formatDuration, parseBytes, parseDuration } from "./units.ts";

/** What a default may depend on. */
export interface Machine {
  hostname(): string;
}

/** One option: all that the file, the environment, the flags, the help and the docs need. */
export interface Option<Value> {
  /** Table of the TOML file. */
  readonly section: string;
  /** Key in the TOML file and name of the flag; the environment has it in upper snake case. */
  readonly name: string;
  readonly text: string;
  /** What stands for a value in the help; empty for a switch. */
  readonly placeholder: string;
  /** Allowed values, in words. */
  readonly range: string;
  /** The default, or how to find it on this machine. */
  readonly default: Value | ((machine: Machine) => Value);
  /** What a computed default is, in words. */
  readonly defaultText?: string;
  /** Checks and converts what TOML gives. */
  readonly schema: v.GenericSchema<unknown, Value>;
  /** Turns the text of a flag or variable into what TOML would give; missing for tables. */
  readonly fromText?: (text: string) => unknown;
  /** Writes a value as TOML. */
  toToml(value: Value): string;
  /** Whether the value must not be shown. */
  readonly secret?: boolean;
}

/** What every option has of its own. */
interface Own<Value> {
  readonly section: string;
  readonly name: string;
  readonly text: string;
  readonly default: Value | ((machine: Machine) => Value);
  readonly defaultText?: string;
}

const asIs = (text: string) => text;
const number = (text: string) => /^-?\d+$/.test(text) ? Number(text) : text;
const quote = (value: string) => JSON.stringify(value);
const quoteAll = (values: readonly string[]) => `[${values.map(quote).join(", ")}]`;

/** Text that `parse` turns into a number between two others. */
function amount(
  min: number,
  max: number,
  range: string,
  parse: (text: string) => number | undefined,
): v.GenericSchema<unknown, number> {
  const message = `must be ${range}`;
  return v.pipe(
    v.string(message),
    v.transform(parse),
    v.number(message),
    v.minValue(min, message),
    v.maxValue(max, message),
  );
}

/** An address to listen on. */
export function address(own: Own<Address>): Option<Address> {
  const range = `host:port, IPv6 in brackets, port 0 to 65535 (0 takes any free one)`;
  const message = `must be ${range}`;
  return {
    ...own,
    placeholder: "HOST:PORT",
    range,
    schema: v.pipe(
      v.string(message),
      v.transform(parseAddress),
      v.custom<Address>((value) => value !== undefined, message),
    ),
    fromText: asIs,
    toToml: (value) => quote(formatAddress(value)),
  };
}

/** A duration; its value is in milliseconds. */
export function duration(own: Own<number> & { minMs: number; maxMs: number }): Option<number> {
  const { minMs, maxMs, ...rest } = own;
  const range = `a duration of ${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
  return {
    ...rest,
    placeholder: "DURATION",
    range,
    schema: amount(minMs, maxMs, range, parseDuration),
    fromText: asIs,
    toToml: (value) => quote(formatDuration(value)),
  };
}

/** A size in bytes. */
export function bytes(own: Own<number> & { min: number; max: number }): Option<number> {
  const { min, max, ...rest } = own;
  const range = `a size of ${formatBytes(min)} to ${formatBytes(max)}`;
  return {
    ...rest,
    placeholder: "SIZE",
    range,
    schema: amount(min, max, range, parseBytes),
    fromText: asIs,
    toToml: (value) => quote(formatBytes(value)),
  };
}

/** A whole number. */
export function integer(own: Own<number> & { min: number; max: number }): Option<number> {
  const { min, max, ...rest } = own;
  const range = `a whole number, ${min} to ${max}`;
  const message = `must be ${range}`;
  return {
    ...rest,
    placeholder: "N",
    range,
    schema: v.pipe(
      v.number(message),
      v.integer(message),
      v.minValue(min, message),
      v.maxValue(max, message),
    ),
    fromText: number,
    toToml: String,
  };
}

/** Text of a certain form. */
export function text(
  own: Own<string> & { placeholder: string; range: string; form: RegExp; secret?: boolean },
): Option<string> {
  const { form, ...rest } = own;
  const message = `must be ${own.range}`;
  return {
    ...rest,
    schema: v.pipe(v.string(message), v.regex(form, message)),
    fromText: asIs,
    toToml: quote,
  };
}

/** One of a few words. */
export function choice<const Word extends string>(
  own: Own<NoInfer<Word>> & { words: readonly Word[] },
): Option<Word> {
  const { words, ...rest } = own;
  const range = `one of ${words.join(", ")}`;
  return {
    ...rest,
    placeholder: words.join("|"),
    range,
    schema: v.picklist(words, `must be ${range}`),
    fromText: asIs,
    toToml: quote,
  };
}

/** Something that is on or off. */
export function toggle(own: Own<boolean>): Option<boolean> {
  return {
    ...own,
    placeholder: "",
    range: "true or false",
    schema: v.boolean("must be true or false"),
    fromText: (text) => text === "true" ? true : text === "false" ? false : text,
    toToml: String,
  };
}

/** What tells whether one text of a list has the right form: a pattern, or more than one can say. */
interface ListForm {
  test(text: string): boolean;
}

/** Several texts of a certain form; in a flag or variable they stand with commas between them. */
export function list(
  own: Own<readonly string[]> & { placeholder: string; range: string; form: ListForm },
): Option<readonly string[]> {
  const { form, ...rest } = own;
  const message = `must be ${own.range}`;
  return {
    ...rest,
    schema: v.pipe(
      v.array(v.pipe(v.string(message), v.check((item) => form.test(item), message)), message),
      v.readonly(),
    ),
    fromText: (text) => text === "" ? [] : text.split(",").map((item) => item.trim()),
    toToml: quoteAll,
  };
}

/** Networks by name; only the TOML file can give them. */
export function networks(
  own: Own<Readonly<Record<string, readonly string[]>>>,
): Option<Readonly<Record<string, readonly string[]>>> {
  const range = `a table of lists of networks, such as { west = ["10.1.0.0/16"] }`;
  const message = `must be ${range}`;
  return {
    ...own,
    placeholder: "",
    range,
    schema: v.record(
      v.string(),
      v.pipe(
        v.array(v.pipe(v.string(message), v.check(isNetwork, message)), message),
        v.readonly(),
      ),
      message,
    ),
    toToml(value) {
      const entries = Object.entries(value).map(([key, all]) => `${quote(key)} = ${quoteAll(all)}`);
      return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
    },
  };
}
