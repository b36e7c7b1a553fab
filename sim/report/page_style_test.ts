import assert from "node:assert/strict";
import { test } from "node:test";
import { dark, light } from "./page_style.ts";

/** Contrast that WCAG 2.2 asks of text at level AA, and of lines (1.4.3 and 1.4.11). */
const TEXT_MIN = 4.5;
const LINE_MIN = 3;

/** Relative luminance of a colour like `#1b2230`, after WCAG 2.2. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [less, more] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (more + 0.05) / (less + 0.05);
}

for (const [name, palette] of Object.entries({ light, dark })) {
  test(`text of the ${name} page can be read on everything that it stands on`, () => {
    for (const text of ["text", "faint", "good", "bad"] as const) {
      for (const ground of ["page", "card", "band1"] as const) {
        const found = contrast(palette[text], palette[ground]);
        assert.ok(found >= TEXT_MIN, `${text} on ${ground}: ${found.toFixed(2)}`);
      }
    }
  });

  test(`lines of the ${name} page can be seen on the phases`, () => {
    for (const line of ["line1", "line2"] as const) {
      for (const ground of ["band0", "band1"] as const) {
        const found = contrast(palette[line], palette[ground]);
        assert.ok(found >= LINE_MIN, `${line} on ${ground}: ${found.toFixed(2)}`);
      }
    }
  });
}
