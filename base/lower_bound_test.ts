import assert from "node:assert/strict";
import { test } from "node:test";
import { lowerBound } from "./lower_bound.ts";

test("lowerBound() finds the first that is not before a place", () => {
  for (let length = 0; length < 20; length++) {
    for (let place = 0; place <= length; place++) {
      assert.equal(lowerBound(length, (index) => index < place), place);
    }
  }
});
