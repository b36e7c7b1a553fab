import assert from "node:assert/strict";
import { test } from "node:test";
import { ownKeyOf } from "./connection.ts";

test("ownKeyOf() is a version 8 UUID, the same for the same connection and for no other", () => {
  const key = ownKeyOf("comet-1~5", 7);
  assert.match(key, /^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  assert.equal(ownKeyOf("comet-1~5", 7), key);
  assert.notEqual(ownKeyOf("comet-1~5", 8), key);
  assert.notEqual(ownKeyOf("comet-1~6", 7), key);
});
