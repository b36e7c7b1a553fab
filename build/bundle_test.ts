import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { buildAll, readCommitted } from "./bundle.ts";

/** What a page loads for the client at most, minified and gzipped. */
const clientBytesMax = 6 * 1024;

describe("what is built", { timeout: 60_000 }, () => {
  const built = buildAll();

  test("is what is committed: else run the task build", async () => {
    const files = await built;
    const committed = await readCommitted(files.keys());
    const stale = [...files.keys()].filter((path) => files.get(path) !== committed.get(path));
    assert.deepEqual(stale, []);
  });

  test(`has a client of at most ${clientBytesMax} bytes`, async () => {
    const script = (await built).get("client/dist/client.js")!;
    // The end of the file only says where the source map is.
    const bytes = gzipSync(script, { level: 9 }).length;
    assert.ok(bytes <= clientBytesMax, `it has ${bytes}`);
  });

  test("names its source map, which holds the sources", async () => {
    const files = await built;
    assert.match(
      files.get("client/dist/client.js")!,
      /\n\/\/# sourceMappingURL=client\.js\.map\n$/,
    );
    const { sources, sourcesContent } = JSON.parse(files.get("client/dist/client.js.map")!);
    assert.ok(sources.includes("client/mod.ts"));
    assert.equal(sourcesContent.length, sources.length);
  });
});
