import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Density } from "./density.ts";

describe("Density", () => {
  test("path() has nothing to draw without comments", () => {
    const density = new Density(1_000, 4);
    assert.equal(density.path(), "");
    density.add(-1);
    density.add(1_000);
    assert.equal(density.path(), "");
  });

  test("path() reaches its top at the busiest part and stays in its box", () => {
    const density = new Density(1_000, 4);
    for (let count = 0; count < 16; count++) density.add(600);
    density.add(0);
    const path = density.path();
    assert.match(path, /^M0 100L0 [\d.]+L12\.50 [\d.]+L37\.50 [\d.]+L62\.50 4\.0L87\.50 [\d.]+L/);
    assert.ok(path.endsWith("L100 100Z"));
    for (const [number] of path.matchAll(/[\d.]+/g)) assert.ok(Number(number) <= 100);
  });

  test("clear() forgets what was counted", () => {
    const density = new Density(1_000, 4);
    density.add(1);
    density.clear();
    assert.equal(density.path(), "");
  });
});
