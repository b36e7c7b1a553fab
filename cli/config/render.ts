import { flagOf, optionHelp } from "../../options/help.ts";
import { sections } from "./options.ts";
import { rowToml } from "../../options/tables.ts";
import { type Config, type Field, isReplaced, optionList, variableOf } from "./schema.ts";
import type { Option } from "../../options/kinds.ts";
import type { LoadedConfig } from "./load.ts";

/** Calls back for every section with its options. */
export function bySection<Value>(
  render: (section: string, title: string, options: (readonly [Field, Option<unknown>])[]) => Value,
): Value[] {
  return Object.entries(sections).map(([section, title]) =>
    render(section, title, optionList.filter(([, option]) => option.section === section))
  );
}

/** A table's name in the file. */
export function heading(
  section: string,
  [[, { rows }]]: (readonly [Field, Option<unknown>])[],
): string {
  return rows === undefined ? `[${section}]` : `[[${section}]]`;
}

/**
 * The options of the configuration as `--help` shows them.
 *
 * @param leftOut Sections that do not concern the command.
 */
export function helpText(leftOut: readonly string[] = []): string {
  const groups = bySection((section, title, all) => {
    if (leftOut.includes(section)) return [];
    const lines = all.flatMap(([, { rows }]) => Object.values(rows ?? {}))
      .map((row) => optionHelp(row, `${row.name} = ${row.placeholder || "true|false"}`));
    const flags = all.filter(([, { fromText }]) => fromText).map(([, option]) =>
      optionHelp(option, flagOf(option), variableOf(option))
    );
    const where = lines.length === 0 ? "" : ", any number of times, in the file alone";
    return `${title} ${heading(section, all)}${where}\n${[...flags, ...lines].join("\n")}`;
  });
  return groups.flat().join("\n\n");
}

/** The effective configuration as a TOML file that says where each value came from. */
export function effectiveToml({ config, origins }: Pick<LoadedConfig, "config" | "origins">) {
  const groups = bySection((section, _, all) => {
    const [[field, { rows }]] = all;
    if (rows === undefined) return `[${section}]\n${sectionToml(all, config, origins)}`;
    const tables = config[field] as readonly Readonly<Record<string, unknown>>[];
    if (tables.length === 0) return `# no [[${section}]], ${origins[field]}`;
    return tables.map((row) =>
      `[[${section}]]  # ${origins[field]}\n${rowToml(rows, row).join("\n")}`
    ).join("\n\n");
  });
  return `${groups.join("\n\n")}\n`;
}

function sectionToml(
  all: (readonly [Field, Option<unknown>])[],
  config: Config,
  origins: LoadedConfig["origins"],
): string {
  const lines = all.map(([field, option]) => {
    const { name, secret, unless } = option;
    if (isReplaced(option, config)) {
      return { line: `# ${name}: [[${unless}]] stand for it`, origin: "" };
    }
    if (secret && config[field] !== "") {
      return { line: `# ${name} is set, ${origins[field]}`, origin: "" };
    }
    return { line: `${name} = ${option.toToml(config[field])}`, origin: `# ${origins[field]}` };
  });
  const width = Math.max(...lines.map(({ line, origin }) => origin === "" ? 0 : line.length));
  return lines.map(({ line, origin }) => origin === "" ? line : `${line.padEnd(width)}  ${origin}`)
    .join("\n");
}
