import { readFile } from "node:fs/promises";

/**
 * What makes a package of the built client, beside the client itself: `npm pack` takes the folder
 * as it is.
 *
 * @param root The folder of the project, with a slash at its end.
 */
export async function packageFiles(root: string): Promise<ReadonlyMap<string, string>> {
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
