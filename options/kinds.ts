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
  /**
   * Converts what TOML gives.
   *
   * @param mistake Told what is wrong within a table.
   * @returns Nothing when it is none of the allowed values.
   */
  read(value: unknown, mistake: (text: string) => void): Value | undefined;
  /** Turns the text of a flag or variable into what TOML would give; missing for tables. */
  readonly fromText?: (text: string) => unknown;
  /** Writes a value as TOML; what {@linkcode fromText} may give is JSON as well. */
  toToml(value: Value): string;
  /** Whether the value must not be shown. */
  readonly secret?: boolean;
  /** What may stand in each of its tables, where it is several: `[[section]]`. */
  readonly rows?: Options;
  /** Field of {@linkcode Option.rows} whose value no two tables share. */
  readonly unique?: string;
  /** Field of the option that stands for this one: only one of the two may be given. */
  readonly unless?: string;
}

/** Options by the field in which their value is kept. */
export type Options = Readonly<Record<string, Option<unknown>>>;

/** Puts options into a table of the TOML file. */
export function inSection<Set extends Options>(section: string, options: Set): Set {
  const entries = Object.entries(options).map(([field, option]) => [field, { ...option, section }]);
  return Object.fromEntries(entries);
}

/** The values of options. */
export type Values<Set> = {
  readonly [Field in keyof Set]: Set[Field] extends Option<infer Value> ? Value : never;
};

/** What an option is when nobody sets it. */
export function defaultOf({ default: value }: Option<unknown>, machine: Machine): unknown {
  return typeof value === "function" ? value(machine) : value;
}

/**
 * Reads a value of an option, or says what is wrong with it.
 *
 * @param place Where it stands; the value is not shown with it when it is secret.
 */
export function readValue(
  { read, range, secret }: Option<unknown>,
  value: unknown,
  place: string,
  mistake: (text: string) => void,
): unknown {
  const found = read(value, (text) => mistake(`${place} ${text}`));
  if (found === undefined) {
    // Who writes a password into a URL must not read it in the log.
    const shown = JSON.stringify(value).replace(/\/\/[^/"]*@/g, "//…@");
    mistake(`${place}${secret ? "" : ` = ${shown}`}: must be ${range}`);
  }
  return found;
}

/** What every option has of its own. */
type Own<Value> = Pick<Option<Value>, "name" | "text" | "default" | "defaultText" | "unless">;

/** Between which values a number must be. */
interface Bounds {
  readonly min: number;
  readonly max: number;
}

const asIs = (text: string) => text;
const quote = (value: string) => JSON.stringify(value);
const quoteAll = (values: readonly string[]) => `[${values.map(quote).join(", ")}]`;

function within({ min, max }: Bounds, value: number | undefined): number | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined;
}

/** What TOML has as a text. */
function written<Value>(
  own: Own<Value> & Pick<Option<Value>, "placeholder" | "range" | "secret">,
  parse: (text: string) => Value | undefined,
  format: (value: Value) => string,
): Option<Value> {
  return {
    ...own,
    read: (value) => typeof value === "string" ? parse(value) : undefined,
    fromText: asIs,
    toToml: (value) => quote(format(value)),
  };
}

/** An address to listen on. */
export function address(own: Own<Address>): Option<Address> {
  const range = "host:port, IPv6 in brackets, port 0 to 65535 (0 takes any free one)";
  return written({ ...own, placeholder: "HOST:PORT", range }, parseAddress, formatAddress);
}

/** A duration; its value is in milliseconds. */
export function duration(own: Own<number> & { minMs: number; maxMs: number }): Option<number> {
  const { minMs: min, maxMs: max } = own;
  const range = `a duration of ${formatDuration(min)} to ${formatDuration(max)}`;
  const parse = (text: string) => within({ min, max }, parseDuration(text));
  return written({ ...own, placeholder: "DURATION", range }, parse, formatDuration);
}

/** A size in bytes. */
export function bytes(own: Own<number> & Bounds): Option<number> {
  const range = `a size of ${formatBytes(own.min)} to ${formatBytes(own.max)}`;
  const parse = (text: string) => within(own, parseBytes(text));
  return written({ ...own, placeholder: "SIZE", range }, parse, formatBytes);
}

/** A whole number. */
export function integer(own: Own<number> & Bounds): Option<number> {
  return {
    ...own,
    placeholder: "N",
    range: `a whole number, ${own.min} to ${own.max}`,
    read: (value) => Number.isInteger(value) ? within(own, value as number) : undefined,
    fromText: (text) => /^-?\d+$/.test(text) ? Number(text) : text,
    toToml: String,
  };
}

/** A number with a unit behind it, which may be left out, such as `5%` or `100/s`. */
export function decimal(own: Own<number> & Bounds & { unit?: string }): Option<number> {
  const { unit = "", min, max } = own;
  const parse = (text: string) => {
    const digits = text.endsWith(unit) ? text.slice(0, text.length - unit.length) : text;
    return /^\d+(?:\.\d+)?$/.test(digits) ? within(own, Number(digits)) : undefined;
  };
  const shown = { placeholder: `N${unit}`, range: `a number, ${min} to ${max}` };
  return written({ ...own, ...shown }, parse, (value) => `${value}${unit}`);
}

/** Text of a certain form. */
export function text(
  own: Own<string> & { placeholder: string; range: string; form: RegExp; secret?: boolean },
): Option<string> {
  return written(own, (text) => own.form.test(text) ? text : undefined, asIs);
}

/** One of a few words. */
export function choice<const Word extends string>(
  own: Own<NoInfer<Word>> & { words: readonly Word[] },
): Option<Word> {
  const { words } = own;
  const shown = { placeholder: words.join("|"), range: `one of ${words.join(", ")}` };
  return written({ ...own, ...shown }, (text) => words.find((word) => word === text), asIs);
}

/** Something that is on or off. */
export function toggle(own: Own<boolean>): Option<boolean> {
  return {
    ...own,
    placeholder: "",
    range: "true or false",
    read: (value) => typeof value === "boolean" ? value : undefined,
    fromText: (text) => text === "true" ? true : text === "false" ? false : text,
    toToml: String,
  };
}

/** What tells whether one text of a list has the right form: a pattern, or more than one can say. */
interface ListForm {
  test(text: string): boolean;
}

function readTexts(form: ListForm, value: unknown): readonly string[] | undefined {
  const fits = (item: unknown) => typeof item === "string" && form.test(item);
  return Array.isArray(value) && value.every(fits) ? value : undefined;
}

/** Several texts of a certain form; in a flag or variable they stand with commas between them. */
export function list(
  own: Own<readonly string[]> & { placeholder: string; range: string; form: ListForm },
): Option<readonly string[]> {
  return {
    ...own,
    read: (value) => readTexts(own.form, value),
    fromText: (text) => text === "" ? [] : text.split(",").map((item) => item.trim()),
    toToml: quoteAll,
  };
}

/** Whether TOML gave a table. */
export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Lists by name; only the TOML file can give them. */
export function lists(
  own: Own<Readonly<Record<string, readonly string[]>>> & { range: string; form: ListForm },
): Option<Readonly<Record<string, readonly string[]>>> {
  const fits = (value: unknown) => readTexts(own.form, value) !== undefined;
  return {
    ...own,
    placeholder: "",
    read: (value) =>
      isTable(value) && Object.values(value).every(fits)
        ? { ...value as Record<string, readonly string[]> }
        : undefined,
    toToml(value) {
      const entries = Object.entries(value).map(([key, all]) => `${quote(key)} = ${quoteAll(all)}`);
      return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
    },
  };
}
