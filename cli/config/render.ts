import { defaultText, flagOf, optionHelp } from "../../options/help.ts";
import { sections } from "./options.ts";
import { rowToml } from "../../options/tables.ts";
import { type Config, type Field, isReplaced, optionList, variableOf } from "./schema.ts";
import type { Option } from "../../options/kinds.ts";
import type { LoadedConfig } from "./load.ts";

/** Calls back for every section with its options. */
function bySection<Value>(
  render: (section: string, title: string, options: (readonly [Field, Option<unknown>])[]) => Value,
): Value[] {
  return Object.entries(sections).map(([section, title]) =>
    render(section, title, optionList.filter(([, option]) => option.section === section))
  );
}

/** A table's name in the file. */
function heading(section: string, [[, { rows }]]: (readonly [Field, Option<unknown>])[]): string {
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
      .map((row) => optionHelp(row, `${row.name} = ${row.placeholder}`));
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

/** A Markdown table, padded as `deno fmt` pads it. */
function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (cells: readonly string[], fill: string) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column], fill)).join(" | ")} |`;
  const [head, ...body] = rows.map((row) => line(row, " "));
  return [head, line(widths.map(() => ""), "-"), ...body].join("\n");
}

const code = (text: string) => text === "" ? "" : `\`${text.replaceAll("|", "\\|")}\``;

/** Columns of the page that every option has. */
function columns(option: Option<unknown>): string[] {
  return [
    option.defaultText === undefined && option.default !== undefined
      ? code(defaultText(option))
      : defaultText(option),
    option.text,
    option.range,
  ];
}

/** `docs/configuration.md`, whole. */
export function configurationPage(): string {
  const groups = bySection((section, title, all) => {
    const [[, { rows }]] = all;
    const table = rows === undefined
      ? [
        ["key", "flag", "variable", "default", "meaning", "allowed values"],
        ...all.map(([, option]) => {
          const variable = option.fromText === undefined ? "" : code(variableOf(option));
          return [code(option.name), code(flagOf(option)), variable, ...columns(option)];
        }),
      ]
      : [
        ["key", "default", "meaning", "allowed values"],
        ...Object.values(rows).map((row) => [code(row.name), ...columns(row)]),
      ];
    const name = heading(section, all);
    return `### \`${name}\`: ${title.toLowerCase()}\n\n${markdownTable(table)}`;
  });
  return `${introduction}\n${groups.join("\n\n")}\n`;
}

const introduction = `# Configuration

## Where a value comes from

Every option has one name, and three places to set it:

| place                   | example                                          |
| ----------------------- | ------------------------------------------------ |
| a flag                  | \`--connections-max 15000\`                        |
| an environment variable | \`HALLEY_CONNECTIONS_MAX=15000\`                   |
| a key in the TOML file  | \`connections-max = 15000\` in the table \`[comet]\` |

A flag wins over a variable, a variable over the file, and the file over the default.
\`--config FILE\` or \`HALLEY_CONFIG\` names the file; without either, no file is read.

\`\`\`toml
[listen]
http = "127.0.0.1:3111"

[comet]
heartbeat-interval = "4m"
connections-max = 15000

[balancer.regions]
west = ["10.1.0.0/16", "2001:db8::/48"]

[[rooms]]
type = "live"
members-max = 100000

[[listeners]]
address = "0.0.0.0:3101"
transport = "tcp"

[[listeners]]
address = "10.0.0.5:443"
transport = "websocket"
\`\`\`

A duration is a whole number with \`ms\`, \`s\`, \`m\` or \`h\`. A size is a whole number with \`B\`, \`KiB\`,
\`MiB\` or \`GiB\`.

A table in two brackets, such as \`[[listeners]]\` or \`[[rooms]]\`, can occur any number of times. Only
the file can have such tables. \`tcp\` and \`ws\` are the short form of two listeners: with
\`[[listeners]]\` they must be left out.

All roles of a cluster may read the same file. Each takes the options that concern it.

## Checking a configuration

\`halley check-config\` takes the same file, variables and flags as \`halley start\`. After the name of
a role, as in \`halley check-config logic\`, it takes those of that role. It prints the resulting
configuration as a TOML file, with a comment on each line that says where the value came from.

When something is wrong, it prints every mistake and ends with code 2, as \`halley start\` does. A
key, flag or \`HALLEY_\` variable that does not exist is a mistake. Under Deno, a misspelt variable is
only found with \`--allow-env\`, because Deno lists the variables only then; \`deno task check-config\`
has that permission.

## Under Deno's permissions

\`deno task start\` runs with the permission set \`server\` of \`deno.json\`. It allows:

- listening on loopback and on all addresses;
- the variables \`HALLEY_*\`;
- the file \`halley.toml\` beside \`deno.json\`;
- facts of the system such as the host name. The same permission, \`sys\`, lets the server close the
  debugger that Deno opens at SIGUSR1;
- running \`getconf\`, which tells how many files may be open.

Anything else needs a permission by name. A flag replaces the list of the set, so it repeats the
addresses that are still needed:

\`\`\`sh
deno run -P=server --allow-read=/etc/halley.toml mod.ts start --config /etc/halley.toml
deno run -P=server --allow-net=10.0.0.5:3101,0.0.0.0,127.0.0.1 mod.ts start --tcp 10.0.0.5:3101
\`\`\`

## Options
`;
