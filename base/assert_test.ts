import { throws } from "node:assert/strict";
import { test } from "node:test";
import { assert } from "./assert.ts";

test("assert() throws what a broken condition means, and nothing otherwise", () => {
  assert(true, "never seen");
  throws(() => assert(false, "a slot is freed once"), {
    message: "Assertion failed: a slot is freed once",
  });
});
