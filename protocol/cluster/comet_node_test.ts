import assert from "node:assert/strict";
import { test } from "node:test";
import { nameOf, runId } from "./comet_node.ts";

test("runId() joins name and epoch, and nameOf() finds the name again", () => {
  assert.equal(runId("comet-1", "k3x9"), "comet-1~k3x9");
  for (const name of ["comet-1", "a~b", "", "ö 漢", "~"]) {
    assert.equal(nameOf(runId(name, "k3x9")), name);
  }
});

test("nameOf() takes an id without an epoch for a name", () => {
  assert.equal(nameOf("comet-1"), "comet-1");
});
