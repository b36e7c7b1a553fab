import { bySection, heading } from "../../cli/config/render.ts";
import { variableOf } from "../../cli/config/schema.ts";
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
  const [introduction] = page.split(/(?<=^## Options\n)/m);
  return `${introduction}\n${groups.join("\n\n")}\n`;
}
