import type { Option, Options, Values } from "./kinds.ts";

/** A default in words. */
export function defaultText({ default: value, defaultText, toToml }: Option<unknown>): string {
  return defaultText ?? toToml(value);
}

/** An option as a flag; an empty text when it is none. */
export function flagOf({ name, placeholder, fromText }: Option<unknown>): string {
  if (fromText === undefined) return "";
  return placeholder === "" ? `--${name}` : `--${name} ${placeholder}`;
}

/**
 * An option as `--help` shows it.
 *
 * @param variable The variable that sets it as well, if any.
 */
export function optionHelp(option: Option<unknown>, variable?: string): string {
  const ways = [option.range, `default: ${defaultText(option)}`, variable ?? []].flat();
  return `  ${flagOf(option)}\n      ${option.text}\n      ${ways.join("; ")}`;
}

/** The flags that give these values; switches and secrets are left out. */
export function flagTexts<Set extends Options>(options: Set, values: Values<Set>): string[] {
  return Object.entries(options).flatMap(([field, { name, placeholder, secret, toToml }]) => {
    if (placeholder === "" || secret) return [];
    const text = String(JSON.parse(toToml(values[field])));
    return text === "" ? [] : [`--${name} ${text}`];
  });
}
