/**
 * The build command: writes what browsers are served, and the package of the client.
 *
 * @module
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { gzipSync } from "node:zlib";
import { buildAll, root } from "./bundle.ts";

for (const [path, text] of await buildAll()) {
  await mkdir(dirname(root + path), { recursive: true });
  await writeFile(root + path, text);
  console.log(`${path}: ${text.length} characters, ${gzipSync(text).length} bytes gzipped`);
}
