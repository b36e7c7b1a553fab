import {
  defaultOf,
  isTable,
  type Machine,
  type Option,
  type Options,
  readValue,
  type Values,
} from "./kinds.ts";
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
    const { name, range } = option;
    const value = table[name];
    if (value !== undefined) return [field, readValue(option, value, name, mistake)];
    if (option.default === undefined) mistake(`${name} must be given: ${range}`);
    return [field, defaultOf(option, nowhere)];
  });
  return Object.fromEntries(values);
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
  const range = `tables, each written [[${name}]]`;
  return {
    ...own,
    section: name,
    text: "",
    placeholder: "",
    range,
    default: [],
    read(tables, mistake) {
      const all: Readonly<Record<string, unknown>>[] = [];
      if (!Array.isArray(tables) || !tables.every(isTable)) {
        mistake(`must be ${range}`);
        return [];
      }
      for (const [index, table] of tables.entries()) {
        const wrong = (text: string) => mistake(`#${index + 1}: ${text}`);
        const row = readRow(rows, table, wrong);
        all.push(row);
        if (unique === undefined || row[unique] === undefined) continue;
        const first = all.findIndex((other) => other[unique] === row[unique]);
        if (first === index) continue;
        const { name, toToml } = rows[unique];
        wrong(`${name} = ${toToml(row[unique])}: #${first + 1} has it already`);
      }
      return all as unknown as readonly Values<Rows>[];
    },
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
