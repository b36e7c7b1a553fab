import assert from "node:assert/strict";
import { test } from "node:test";
import { secretEquals } from "./secret_equals.ts";

test("secretEquals() tells the same text from any other, whatever its length", () => {
  assert.equal(secretEquals("secret ü", "secret ü"), true);
  assert.equal(secretEquals("", ""), true);
  for (const shown of ["", "secret", "secret u", "secret üü"]) {
    assert.equal(secretEquals(shown, "secret ü"), false, shown);
  }
});
