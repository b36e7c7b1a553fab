import assert from "node:assert/strict";
import { test } from "node:test";
import { palette, readableColour } from "./colour.ts";

test("readableColour() leaves every colour of the palette as it is", () => {
  for (const [colour] of palette) assert.equal(readableColour(colour), colour);
});

test("readableColour() makes dark colours lighter and keeps their hue", () => {
  assert.equal(readableColour("#000000"), "#999999");
  const [, red, green, blue] = /^#(..)(..)(..)$/.exec(readableColour("#800000"))!;
  assert.ok(parseInt(red, 16) > parseInt(green, 16));
  assert.equal(green, blue);
});
