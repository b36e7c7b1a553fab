import * as v from "valibot";
import { defaultOf, type Machine, type Option, type Options, type Values } from "./kinds.ts";
import { mistakesOf } from "./reading.ts";
import { suggest } from "./suggest.ts";

/** No default of a table depends on the machine. */
const nowhere: Machine = { hostname: () => "" };

/** Reads one table: collects what is wrong with it, and gives the values of all its options. */
function readRow(
  rows: Options,
  table: Readonly<Record<string, unknown>>,
  mistake: (text: string) => void,
): Readonly<Record<string, unknown>> {
  const names = Object.values(rows).map(({ name }) => name);
  for (const key of Object.keys(table)) {
    if (!names.includes(key)) mistake(`${key}: there is no such key${suggest(key, names)}`);
  }
  const values = Object.entries(rows).map(([field, option]) => {
    const { name } = option;
    const value = table[name];
    if (value === undefined) {
      if (option.default === undefined) mistake(`${name} must be given: ${option.range}`);
      return [field, defaultOf(option, nowhere)];
    }
    const result = v.safeParse(option.schema, value);
    mistakesOf(option, name, JSON.stringify(value), result.issues).forEach(mistake);
    return [field, result.output];
  });
  return Object.fromEntries(values);
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Several tables of the same options; the file and programs can give them, flags and variables
 * cannot.
 *
 * @param own `unique` names a field whose value no two tables may share.
 */
export function tables<const Rows extends Options>(own: {
  readonly name: string;
  readonly rows: Rows;
  readonly unique?: keyof Rows & string;
}): Option<readonly Values<Rows>[]> {
  const { name, rows, unique } = own;
  const form = `must be tables, each written [[${name}]]`;
  return {
    ...own,
    section: name,
    text: "",
    placeholder: "",
    range: `tables, each written [[${name}]]`,
    default: [],
    schema: v.pipe(
      v.array(v.custom<Record<string, unknown>>(isTable, form), form),
      v.rawTransform(({ dataset: { value: all }, addIssue }) => {
        const places = new Map<unknown, number>();
        return all.map((table, index) => {
          const mistake = (text: string) => addIssue({ message: `#${index + 1}: ${text}` });
          const row = readRow(rows, table, mistake);
          if (unique === undefined || row[unique] === undefined) return row;
          const before = places.get(row[unique]);
          if (before === undefined) places.set(row[unique], index);
          else {
            const { name, toToml } = rows[unique];
            mistake(`${name} = ${toToml(row[unique])}: #${before + 1} has it already`);
          }
          return row;
        }) as unknown as readonly Values<Rows>[];
      }),
    ),
    toToml: (all) => `[${all.map((row) => `{ ${rowToml(rows, row).join(", ")} }`).join(", ")}]`,
  };
}

/** The lines of one table; what is no option of it stays, to be found by whoever reads them. */
export function rowToml(rows: Options, row: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(row).filter(([, value]) => value !== undefined).map(([field, value]) => {
    const option = rows[field];
    return option === undefined
      ? `${field} = ${JSON.stringify(value)}`
      : `${option.name} = ${option.toToml(value)}`;
  });
}
