import { bySection, heading } from "../../cli/config/render.ts";
import { reloads } from "../../cli/config/reloading.ts";
import { type Field, variableOf } from "../../cli/config/schema.ts";
import { defaultText, flagOf } from "../../options/help.ts";
import type { Option } from "../../options/kinds.ts";

/** A Markdown table, padded as `deno fmt` pads it. */
function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (cells: readonly string[], fill: string) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column], fill)).join(" | ")} |`;
  const [head, ...body] = rows.map((row) => line(row, " "));
  return [head, line(widths.map(() => ""), "-"), ...body].join("\n");
}

const code = (text: string) => text === "" ? "" : `\`${text.replaceAll("|", "\\|")}\``;

/** What it takes for a running server to go by a new value. */
const takes = (field: Field) => reloads(field) ? "reload" : "restart";

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

/**
 * `docs/configuration.md` with the options as they are now.
 *
 * @param page It as it is: what stands before the options stays.
 */
export function configurationPage(page: string): string {
  const groups = bySection((section, title, all) => {
    const [[field, { rows }]] = all;
    const table = rows === undefined
      ? [
        ["key", "flag", "variable", "default", "meaning", "allowed values", "a new value takes"],
        ...all.map(([field, option]) => {
          const variable = option.fromText === undefined ? "" : code(variableOf(option));
          const names = [code(option.name), code(flagOf(option)), variable];
          return [...names, ...columns(option), takes(field)];
        }),
      ]
      : [
        ["key", "default", "meaning", "allowed values"],
        ...Object.values(rows).map((row) => [code(row.name), ...columns(row)]),
      ];
    const name = heading(section, all);
    const rule = rows === undefined ? "" : `A new value takes a ${takes(field)}.\n\n`;
    return `### \`${name}\`: ${title.toLowerCase()}\n\n${rule}${markdownTable(table)}`;
  });
  const [introduction] = page.split(/(?<=^## Options\n)/m);
  return `${introduction}\n${groups.join("\n\n")}\n`;
}
