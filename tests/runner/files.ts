import { readdir, readFile } from "node:fs/promises";

const skipped = new Set(["node_modules", "dist"]);

/**
 * Lists the files of the project that end in `suffix`, as paths from the current directory.
 *
 * @param suffix What their names end with.
 * @param filters Parts of paths; a file must contain one of them. None lets all through.
 */
export async function listFiles(suffix: string, filters: readonly string[]): Promise<string[]> {
  const wanted = filters.map((filter) => filter.replace(/^\.\//, ""));
  const found: string[] = [];
  const folders = [""];
  for (const folder of folders) {
    for (const entry of await readdir(folder === "" ? "." : folder, { withFileTypes: true })) {
      const path = folder + entry.name;
      if (entry.name.startsWith(".") || skipped.has(entry.name)) continue;
      if (entry.isDirectory()) folders.push(`${path}/`);
      else if (path.endsWith(suffix)) found.push(path);
    }
  }
  const selected = wanted.length === 0
    ? found
    : found.filter((path) => wanted.some((filter) => path.includes(filter)));
  return selected.sort();
}

/** Whether one of these files needs a Redis: its text says so, or it runs the benchmarks. */
export async function needsRedis(files: readonly string[]): Promise<boolean> {
  return files.some((file) => file.startsWith("bench/")) || await anySays(files, /redis|cluster/i);
}

/** Whether one of these files needs a browser. */
export function needsBrowser(files: readonly string[]): Promise<boolean> {
  return anySays(files, / from "[^"]*\/chromium\.ts"/);
}

/** Whether one of these files needs the proxies that the docs have configurations for. */
export function needsProxies(files: readonly string[]): Promise<boolean> {
  return anySays(files, / from "[^"]*\/documented_proxy\.ts"/);
}

async function anySays(files: readonly string[], pattern: RegExp): Promise<boolean> {
  for (const file of files) {
    if (pattern.test(await readFile(file, "utf8"))) return true;
  }
  return false;
}
