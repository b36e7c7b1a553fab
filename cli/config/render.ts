import { defaultText, flagOf, optionHelp } from "../../options/help.ts";
import { sections } from "./options.ts";
import { type Field, optionList, variableOf } from "./schema.ts";
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

/**
 * The flags of the configuration as `--help` shows them.
 *
 * @param leftOut Sections that do not concern the command.
 */
export function helpText(leftOut: readonly string[] = []): string {
  const groups = bySection((section, title, all) => {
    if (leftOut.includes(section)) return "";
    const lines = all.filter(([, option]) => option.fromText !== undefined).map(([, option]) =>
      optionHelp(option, variableOf(option))
    );
    return `${title} [${section}]\n${lines.join("\n")}`;
  });
  return groups.filter((group) => group !== "").join("\n\n");
}

/** The effective configuration as a TOML file that says where each value came from. */
export function effectiveToml({ config, origins }: Pick<LoadedConfig, "config" | "origins">) {
  const groups = bySection((section, _, all) => {
    const lines = all.map(([field, option]) => {
      const hidden = option.secret && config[field] !== "";
      const line = hidden
        ? `# ${option.name} is set`
        : `${option.name} = ${option.toToml(config[field])}`;
      return { line, origin: hidden ? `, ${origins[field]}` : `# ${origins[field]}` };
    });
    const width = Math.max(...lines.map(({ line }) => line.length));
    return `[${section}]\n${
      lines.map(({ line, origin }) =>
        origin.startsWith("#") ? `${line.padEnd(width)}  ${origin}` : `${line}${origin}`
      ).join("\n")
    }`;
  });
  return `${groups.join("\n\n")}\n`;
}

/** A Markdown table, padded as `deno fmt` pads it. */
function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (cells: readonly string[], fill: string) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column], fill)).join(" | ")} |`;
  const [head, ...body] = rows.map((row) => line(row, " "));
  return [head, line(widths.map(() => ""), "-"), ...body].join("\n");
}

/** `docs/configuration.md`, whole. */
export function configurationPage(): string {
  const code = (text: string) => text === "" ? "" : `\`${text.replaceAll("|", "\\|")}\``;
  const tables = bySection((section, title, all) => {
    const rows = all.map(([, option]) => [
      code(option.name),
      code(flagOf(option)),
      option.fromText === undefined ? "" : code(variableOf(option)),
      option.defaultText ?? code(defaultText(option)),
      option.text,
      option.range,
    ]);
    const head = ["key", "flag", "variable", "default", "meaning", "allowed values"];
    return `### \`[${section}]\`: ${title.toLowerCase()}\n\n${markdownTable([head, ...rows])}`;
  });
  return `${introduction}\n${tables.join("\n\n")}\n`;
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
tcp = "0.0.0.0:3101"
http = "127.0.0.1:3111"

[comet]
heartbeat-interval = "4m"
connections-max = 15000

[balancer.regions]
west = ["10.1.0.0/16", "2001:db8::/48"]
\`\`\`

A duration is a whole number with \`ms\`, \`s\`, \`m\` or \`h\`. A size is a whole number with \`B\`, \`KiB\`,
\`MiB\` or \`GiB\`.

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
