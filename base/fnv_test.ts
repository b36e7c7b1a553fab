import assert from "node:assert/strict";
import { test } from "node:test";
import { fnv1a } from "./fnv.ts";

// The vectors of the algorithm's authors; stored data depends on the values.
for (const [text, hash] of [["", 0x811c9dc5], ["a", 0xe40c292c], ["foobar", 0xbf9cf968]] as const) {
  test(`fnv1a() of "${text}"`, () => assert.equal(fnv1a(text), hash));
}
