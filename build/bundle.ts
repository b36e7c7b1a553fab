/**
 * Builds what browsers are served, and the package of the client, from the TypeScript. What it
 * builds is committed, so that whoever runs the server needs none of this.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { generateDtsBundle } from "dts-bundle-generator";
import { build, type BuildOptions, stop } from "esbuild";

/** The folder of the project. */
export const root: string = fileURLToPath(new URL("..", import.meta.url));

/** What each built file holds, by its path in the project. */
export type BuiltFiles = ReadonlyMap<string, string>;

const common = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  write: false,
} satisfies BuildOptions;

/** Bundles an entry into one script, or a script and its source map, by their names. */
async function bundle(
  entry: string,
  outfile: string,
  sourcemap: "linked" | false,
): Promise<Map<string, string>> {
  const options = { ...common, entryPoints: [entry], outfile, sourcemap };
  const { outputFiles } = await build(options);
  return new Map(outputFiles.map(({ path, text }) => [path.slice(root.length), text]));
}

/** The client as one script with its source map, its types, and what makes a package of them. */
async function client(): Promise<Map<string, string>> {
  const files = await bundle("client/mod.ts", "client.js", "linked");
  const [types] = generateDtsBundle(
    [{ filePath: `${root}client/mod.ts`, output: { noBanner: true } }],
    { preferredConfigPath: `${root}build/tsconfig.json` },
  );
  files.set("client.d.ts", types);
  for (const [name, text] of await packageFiles()) files.set(name, text);
  return files;
}

/**
 * What makes a package of the built client, beside the client itself: `npm pack` takes the folder
 * as it is.
 */
async function packageFiles(): Promise<ReadonlyMap<string, string>> {
  const { version, license } = JSON.parse(await readFile(`${root}package.json`, "utf8"));
  const manifest = {
    name: "halley-client",
    version,
    description: "Client of Halley, a real-time push server: rooms, history, automatic recovery",
    license,
    type: "module",
    sideEffects: false,
    exports: { ".": { types: "./client.d.ts", default: "./client.js" } },
    types: "./client.d.ts",
    files: ["client.js", "client.js.map", "client.d.ts"],
    engines: { node: ">=22" },
  };
  return new Map([
    ["package.json", `${JSON.stringify(manifest, null, 2)}\n`],
    ["README.md", await readFile(`${root}client/README.md`, "utf8")],
    ["LICENSE", await readFile(`${root}LICENSE`, "utf8")],
  ]);
}

function into(folder: string, files: ReadonlyMap<string, string>): [string, string][] {
  return Array.from(files, ([name, text]) => [`${folder}/${name}`, text]);
}

/** Builds everything; the same sources give the same bytes on every runtime. */
export async function buildAll(): Promise<BuiltFiles> {
  try {
    return new Map([
      ...into("client/dist", await client()),
      ...into("demo/dist", await bundle("demo/main.ts", "demo.js", false)),
    ]);
  } finally {
    await stop();
  }
}

/** What of it is committed. */
export async function readCommitted(paths: Iterable<string>): Promise<BuiltFiles> {
  const files = new Map<string, string>();
  for (const path of paths) files.set(path, await readFile(root + path, "utf8").catch(() => ""));
  return files;
}
