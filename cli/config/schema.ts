import type { Machine, Option } from "./option_types.ts";
import { options } from "./options.ts";

type Options = typeof options;

/** A field of {@linkcode Config}. */
export type Field = keyof Options;

/** The effective configuration of a server. */
export type Config = {
  readonly [Key in Field]: Options[Key] extends Option<infer Value> ? Value : never;
};

/** Every option with its field, in order. */
export const optionList: readonly (readonly [Field, Option<unknown>])[] = Object.entries(
  options as Readonly<Record<string, Option<unknown>>>,
) as [Field, Option<unknown>][];

/** The variable that sets an option. */
export function variableOf({ name }: Option<unknown>): string {
  return `HALLEY_${name.toUpperCase().replaceAll("-", "_")}`;
}

/** What an option is when nobody sets it. */
export function defaultOf<Value>({ default: value }: Option<Value>, machine: Machine): Value {
  return typeof value === "function" ? (value as (machine: Machine) => Value)(machine) : value;
}

/** The configuration of a machine where nobody has configured anything. */
export function defaultConfig(machine: Machine): Config {
  const fields = optionList.map(([field, option]) => [field, defaultOf(option, machine)]);
  return Object.fromEntries(fields) as Config;
}
