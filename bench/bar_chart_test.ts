import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { barChart } from "./bar_chart.ts";

describe("barChart()", () => {
  it("draws a column for each value, twice as far from the bottom for its square", () => {
    const svg = barChart({ title: "t", groups: ["a"], series: [["x", [10]], ["y", [100]]] });
    const columns = [...svg.matchAll(/width="[\d.]+" height="([\d.]+)" fill="#(?:0072b2|d55e00)"/g)]
      .map(([, height]) => Number(height)).filter((height) => height !== 12);
    assert.deepEqual(columns, [0, 260]);
    assert.equal(svg.match(/>100</g)!.length, 2, "the value, and the scale");
  });

  it("names groups and series, whatever is in the names", () => {
    const svg = barChart({
      title: "a < b",
      groups: ["1 & 2", "3"],
      series: [['"x"', [0.2, 3]], ["y", [5, 0.07]]],
    });
    for (const text of ["a &#60; b", "1 &#38; 2", "&#34;x&#34;", ">0.07<", ">0.01<", ">10<"]) {
      assert.ok(svg.includes(text), `${text} in ${svg}`);
    }
    assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
  });
});
