import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { linearScale, logScale, timeScale } from "./scale.ts";

test("linearScale() ends at a round number above the largest value", () => {
  const scale = linearScale([3, undefined, 437, NaN]);
  assert.deepEqual(scale.ticks, [0, 100, 200, 300, 400, 500]);
  assert.equal(scale.at(0), 0);
  assert.equal(scale.at(250), 0.5);
  assert.equal(scale.at(500), 1);
});

test("linearScale() ends at the largest value where that is round", () => {
  assert.deepEqual(linearScale([0.3]).ticks, [0, 0.1, 0.2, 0.3]);
  assert.deepEqual(linearScale([10]).ticks, [0, 2, 4, 6, 8, 10]);
});

test("linearScale() has no labels between whole numbers where the least step is 1", () => {
  assert.deepEqual(linearScale([2], 1).ticks, [0, 1, 2]);
  assert.deepEqual(linearScale([], 1).ticks, [0, 1]);
});

test("linearScale() of nothing but zeros is an axis still", () => {
  assert.deepEqual(linearScale([0, 0]).ticks, [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.equal(linearScale([0]).at(0), 0);
});

test("timeScale() ends where the run does", () => {
  const scale = timeScale(12.5);
  assert.deepEqual(scale.ticks, [0, 5, 10]);
  assert.equal(scale.at(12.5), 1);
  assert.equal(scale.at(6.25), 0.5);
});

test("timeScale() of a run without a length is an axis still", () => {
  for (const endS of [0, NaN, -1]) assert.equal(timeScale(endS).at(0), 0);
});

test("logScale() has labels at 1, 2 and 5 over two decades, and at powers of ten over more", () => {
  assert.deepEqual(logScale([3, 40]).ticks, [2, 5, 10, 20, 50]);
  assert.deepEqual(logScale([0.03, 700]).ticks, [0.1, 1, 10, 100, 1_000]);
});

test("logScale() puts equal ratios at equal distances", () => {
  const scale = logScale([1, 100]);
  assert.equal(scale.at(1), 0);
  assert.ok(Math.abs(scale.at(10)! - 0.5) < 1e-9);
  assert.equal(scale.at(100), 1);
});

test("logScale() has no place for zero, less, or what is no number", () => {
  const scale = logScale([0, 5]);
  for (const value of [0, -1, NaN, undefined]) assert.equal(scale.at(value), undefined);
  assert.equal(scale.at(5), 0);
});

test("logScale() of one value or none is an axis still", () => {
  assert.deepEqual(logScale([3]).ticks, [2, 5]);
  assert.deepEqual(logScale([1]).ticks, [1, 2]);
  assert.deepEqual(logScale([]).ticks, [1, 2]);
});

test("every scale holds its values and has two labels or more, in rising order", () => {
  const amounts = fc.array(fc.double({ min: 1e-6, max: 1e12, noNaN: true }), { minLength: 1 });
  const property = fc.property(amounts, (values) => {
    for (const scale of [linearScale(values), linearScale(values, 1), logScale(values)]) {
      const { ticks } = scale;
      assert.ok(ticks.length >= 2 && ticks.length <= 20, `${ticks}`);
      assert.ok(ticks.every((tick, index) => index === 0 || tick > ticks[index - 1]), `${ticks}`);
      for (const value of [...values, ...ticks]) {
        const place = scale.at(value)!;
        assert.ok(place >= 0 && place <= 1, `${value} is at ${place}`);
      }
      // Beyond the last label a value has a place of its own, but for what rounding leaves.
      const most = Math.max(...values);
      const last = ticks.at(-1)!;
      assert.ok(most <= last * (1 + 1e-9) || scale.at(most)! > scale.at(last)!);
    }
  });
  fc.assert(property, { seed: 31 });
});
