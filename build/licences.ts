import { readdir, readFile } from "node:fs/promises";

/** The folder of a package within a path, however deep an installer puts it. */
const packageFolder = /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

/**
 * The licences of the packages that a bundle holds, as a comment for its top: they go wherever the
 * code goes.
 *
 * @param root The folder from which the paths are, with a slash at its end.
 * @param paths All files of the bundle.
 * @returns Nothing where none is from a package.
 * @throws {Error} When a package has no licence.
 */
export async function licences(root: string, paths: readonly string[]): Promise<string> {
  const found = paths.map((path) => packageFolder.exec(path)?.[0]);
  const texts = new Map<string, string>();
  for (const folder of new Set(found.filter((folder) => folder !== undefined))) {
    const { name, version } = JSON.parse(await readFile(`${root}${folder}/package.json`, "utf8"));
    const file = (await readdir(root + folder)).find((file) => /^licen[cs]e\b/i.test(file));
    if (file === undefined) throw new Error(`Cannot bundle "${name}": it has no licence`);
    const text = await readFile(`${root}${folder}/${file}`, "utf8");
    texts.set(`${name} ${version}`, text.trim().replaceAll("*/", "* /"));
  }
  return [...texts].sort().map(([name, text]) => `/*! ${name}\n\n${text}\n*/`).join("\n");
}
