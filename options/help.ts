import type { Option, Options, Values } from "./kinds.ts";

/** Whether an option has no default. */
function isNeeded({ default: value }: Option<unknown>): boolean {
  return value === undefined;
}

/** A default in words. */
export function defaultText(option: Option<unknown>): string {
  if (option.defaultText !== undefined) return option.defaultText;
  return isNeeded(option) ? "must be given" : option.toToml(option.default);
}

/** An option as a flag; an empty text when it is none. */
export function flagOf({ name, placeholder, fromText }: Option<unknown>): string {
  if (fromText === undefined) return "";
  return placeholder === "" ? `--${name}` : `--${name} ${placeholder}`;
}

/**
 * An option as `--help` shows it.
 *
 * @param shown The flag, or how the file has it.
 * @param variable The variable that sets it as well, if any.
 */
export function optionHelp(
  option: Option<unknown>,
  shown: string = flagOf(option),
  variable?: string,
): string {
  const otherwise = isNeeded(option) ? defaultText(option) : `default: ${defaultText(option)}`;
  const ways = [option.range, otherwise, variable ?? []].flat();
  return `  ${shown}\n      ${option.text}\n      ${ways.join("; ")}`;
}

/** The flags that give these values; switches and secrets are left out. */
export function flagTexts<Set extends Options>(options: Set, values: Values<Set>): string[] {
  return Object.entries(options).flatMap(([field, { name, placeholder, secret, toToml }]) => {
    if (placeholder === "" || secret) return [];
    const text = String(JSON.parse(toToml(values[field])));
    return text === "" ? [] : [`--${name} ${text}`];
  });
}
