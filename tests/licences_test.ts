import assert from "node:assert/strict";
import { readFile, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What a package.json says, as far as it is looked at here. */
interface Manifest {
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Where a package lies that another one depends on. */
async function folderOf(name: string, dependent: string): Promise<string> {
  for (let folder = dependent;; folder = dirname(folder)) {
    const found = await realpath(join(folder, "node_modules", name)).catch(() => undefined);
    if (found !== undefined) return found;
    assert.notEqual(folder, dirname(folder), `${name} is not installed`);
  }
}

async function manifestOf(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
}

/** Adds the rows of packages, and if `isDeep` of all that these depend on. */
async function addRows(
  rows: Set<string>,
  packages: Manifest["dependencies"],
  dependent: string,
  isDeep: boolean,
): Promise<void> {
  for (const [name, range] of Object.entries(packages ?? {})) {
    const folder = await folderOf(name, dependent);
    const { license, dependencies } = await manifestOf(folder);
    const row = [name, range, license].join(" | ");
    if (rows.has(row)) continue;
    rows.add(row);
    if (isDeep) await addRows(rows, dependencies, folder, isDeep);
  }
}

/** The table under a heading of docs/licences.md, without what each is for. */
async function documented(heading: string): Promise<string[]> {
  const page = await readFile(join(root, "docs/licences.md"), "utf8");
  const section = page.split(/^## /m).find((text) => text.startsWith(heading)) ?? "";
  const rows = section.matchAll(/^\| ([@a-z].*)\|$/gm);
  return Array.from(rows, ([, row]) => {
    const [name, range, licence, purpose] = row.split("|").map((cell) => cell.trim());
    assert.ok(purpose.length > 0, `${name}: what is it for?`);
    return [name, range.replaceAll("`", ""), licence].join(" | ");
  }).filter((row) => !row.startsWith("package |"));
}

/** Licences that ask for no more than to be named. */
const PERMISSIVE = /^(?:MIT|ISC|Apache-2\.0|BSD-[23]-Clause|0BSD)$/;

for (
  const [heading, kind] of [
    ["What a server is made of", "dependencies"],
    ["What it is developed with", "devDependencies"],
  ] as const
) {
  test(`docs/licences.md has the ${kind}, with the licences that they have`, async () => {
    const rows = new Set<string>();
    const isDeep = kind === "dependencies";
    await addRows(rows, (await manifestOf(root))[kind], root, isDeep);
    assert.deepEqual(await documented(heading), [...rows].sort());
    for (const row of rows) assert.match(row.split(" | ")[2], PERMISSIVE, row);
  });
}
