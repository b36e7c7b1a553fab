import * as v from "valibot";
import type { Address } from "../platform/port.ts";
import { formatAddress, parseAddress } from "./address.ts";
import { formatBytes, formatDuration, parseBytes, parseDuration } from "./units.ts";

/** What a default may depend on. */
export interface Machine {
  hostname(): string;
}

/** One option: all that the file, the environment, the flags, the help and the docs need. */
export interface Option<Value> {
  /** Table of the TOML file, where there is one. */
  readonly section?: string;
  /** Key in the TOML file and name of the flag; the environment has it in upper snake case. */
  readonly name: string;
  readonly text: string;
  /** What stands for a value in the help; empty for a switch. */
  readonly placeholder: string;
  /** Allowed values, in words. */
  readonly range: string;
  /** The default, or how to find it on this machine; missing where a value must be given. */
  readonly default?: Value | ((machine: Machine) => Value);
  /** What a computed default is, in words. */
  readonly defaultText?: string;
  /** Checks and converts what TOML gives. */
  readonly schema: v.GenericSchema<unknown, Value>;
  /** Turns the text of a flag or variable into what TOML would give; missing for tables. */
  readonly fromText?: (text: string) => unknown;
  /** Writes a value as TOML; what {@linkcode fromText} may give is JSON as well. */
  toToml(value: Value): string;
  /** Whether the value must not be shown. */
  readonly secret?: boolean;
  /** What may stand in each of its tables, where it is several: `[[section]]`. */
  readonly rows?: Options;
  /** Field of the option that stands for this one: only one of the two may be given. */
  readonly unless?: string;
}

/** Options by the field in which their value is kept. */
export type Options = Readonly<Record<string, Option<unknown>>>;

/** The values of options. */
export type Values<Set> = {
  readonly [Field in keyof Set]: Set[Field] extends Option<infer Value> ? Value : never;
};

/** What an option is when nobody sets it. */
export function defaultOf({ default: value }: Option<unknown>, machine: Machine): unknown {
  return typeof value === "function" ? value(machine) : value;
}

/** What every option has of its own. */
type Own<Value> = Pick<
  Option<Value>,
  "section" | "name" | "text" | "default" | "defaultText" | "unless"
>;

const asIs = (text: string) => text;
const number = (text: string) => /^-?\d+$/.test(text) ? Number(text) : text;
const quote = (value: string) => JSON.stringify(value);
const quoteAll = (values: readonly string[]) => `[${values.map(quote).join(", ")}]`;

/** A number between two others that is written as a text. */
function amount(
  own: Own<number> & { readonly min: number; readonly max: number },
  placeholder: string,
  range: string,
  parse: (text: string) => number | undefined,
  format: (value: number) => string,
): Option<number> {
  const { min, max, ...rest } = own;
  const message = `must be ${range}`;
  return {
    ...rest,
    placeholder,
    range,
    schema: v.pipe(
      v.string(message),
      v.transform(parse),
      v.number(message),
      v.minValue(min, message),
      v.maxValue(max, message),
    ),
    fromText: asIs,
    toToml: (value) => quote(format(value)),
  };
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
  const { minMs: min, maxMs: max, ...rest } = own;
  const range = `a duration of ${formatDuration(min)} to ${formatDuration(max)}`;
  return amount({ ...rest, min, max }, "DURATION", range, parseDuration, formatDuration);
}

/** A size in bytes. */
export function bytes(own: Own<number> & { min: number; max: number }): Option<number> {
  const range = `a size of ${formatBytes(own.min)} to ${formatBytes(own.max)}`;
  return amount(own, "SIZE", range, parseBytes, formatBytes);
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

/** A number with a unit behind it, which may be left out, such as `5%` or `100/s`. */
export function decimal(
  own: Own<number> & { min: number; max: number; unit?: string },
): Option<number> {
  const { unit = "", ...rest } = own;
  const parse = (text: string) => {
    const digits = text.endsWith(unit) ? text.slice(0, text.length - unit.length) : text;
    return /^\d+(?:\.\d+)?$/.test(digits) ? Number(digits) : undefined;
  };
  const range = `a number, ${own.min} to ${own.max}`;
  return amount(rest, `N${unit}`, range, parse, (value) => `${value}${unit}`);
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

function texts(form: ListForm, message: string): v.GenericSchema<unknown, readonly string[]> {
  const item = v.pipe(v.string(message), v.check((text) => form.test(text), message));
  return v.pipe(v.array(item, message), v.readonly());
}

/** Several texts of a certain form; in a flag or variable they stand with commas between them. */
export function list(
  own: Own<readonly string[]> & { placeholder: string; range: string; form: ListForm },
): Option<readonly string[]> {
  const { form, ...rest } = own;
  return {
    ...rest,
    schema: texts(form, `must be ${own.range}`),
    fromText: (text) => text === "" ? [] : text.split(",").map((item) => item.trim()),
    toToml: quoteAll,
  };
}

/** Lists by name; only the TOML file can give them. */
export function lists(
  own: Own<Readonly<Record<string, readonly string[]>>> & { range: string; form: ListForm },
): Option<Readonly<Record<string, readonly string[]>>> {
  const { form, ...rest } = own;
  const message = `must be ${own.range}`;
  return {
    ...rest,
    placeholder: "",
    schema: v.record(v.string(), texts(form, message), message),
    toToml(value) {
      const entries = Object.entries(value).map(([key, all]) => `${quote(key)} = ${quoteAll(all)}`);
      return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
    },
  };
}
