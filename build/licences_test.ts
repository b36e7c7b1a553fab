import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "./bundle.ts";
import { licences } from "./licences.ts";

test("licences() gives those of the packages in a bundle, each once", async () => {
  const files = ["hono/dist/hono.js", "hono/dist/router.js", "@logtape/logtape/dist/mod.js"];
  const paths = ["client/mod.ts", ...files.map((file) => `node_modules/${file}`)];
  const text = await licences(root, paths);
  assert.deepEqual(text.match(/^\/\*! .*$/gm)!.map((line) => line.replace(/[\d.]+$/, "")), [
    "/*! @logtape/logtape ",
    "/*! hono ",
  ]);
  assert.equal(text.match(/Permission is hereby granted/g)!.length, 2);
});

test("licences() gives nothing for files of the project", async () => {
  assert.equal(await licences(root, ["client/mod.ts"]), "");
});

test("licences() refuses a package without a licence", async () => {
  const folder = await mkdtemp(join(tmpdir(), "halley-licences-"));
  try {
    const own = join(folder, "node_modules", "bare");
    await mkdir(own, { recursive: true });
    await writeFile(join(own, "package.json"), '{"name":"bare","version":"1.0.0"}');
    const failed = licences(`${folder}/`, ["node_modules/bare/index.js"]);
    await assert.rejects(failed, { message: 'Cannot bundle "bare": it has no licence' });
  } finally {
    await rm(folder, { recursive: true });
  }
});
