import assert from "node:assert/strict";
import { test } from "node:test";
import { hillAt, type Hills, lightAt, mix, onArc, scatter } from "./landscape.ts";

test("lightAt() changes without a leap, also where the day begins again", () => {
  const phases = Array.from({ length: 1_001 }, (_, step) => (step % 1_000) / 1_000);
  for (let step = 1; step < phases.length; step++) {
    const [before, now] = [lightAt(phases[step - 1]), lightAt(phases[step])];
    for (const name of ["zenith", "horizon", "far", "middle", "near"] as const) {
      for (const channel of [0, 1, 2]) {
        assert.ok(Math.abs(before[name][channel] - now[name][channel]) < 4, `${name} at ${step}`);
      }
    }
    assert.ok(Math.abs(before.night - now.night) < 0.01);
  }
});

test("mix() goes from one colour to the other", () => {
  assert.deepEqual(mix([0, 100, 200], [100, 0, 200], 0.25), [25, 75, 200]);
});

test("onArc() rises, is highest in the middle, and sets", () => {
  assert.equal(onArc(0.1, 0.1, 0.5), undefined);
  assert.equal(onArc(0.5, 0.1, 0.5), undefined);
  const [morning, noon] = [onArc(0.15, 0.1, 0.5)!, onArc(0.3, 0.1, 0.5)!];
  assert.ok(morning.x < noon.x && morning.y > noon.y);
  assert.ok(Math.abs(noon.x - 0.5) < 1e-9);
});

test("hillAt() fits where the day begins again", () => {
  const hills: Hills = {
    base: 0.7,
    height: 0.1,
    period: 2,
    repeats: 3,
    waves: [[1, 0.6, 0], [3, 0.4, 0.2]],
  };
  for (const x of [0, 0.3, 1]) {
    assert.ok(Math.abs(hillAt(hills, x, 0) - hillAt(hills, x, 1)) < 1e-9);
    assert.ok(Math.abs(hillAt(hills, x, 0.4) - 0.7) <= 0.1);
  }
});

test("scatter() spreads whole numbers over 0 to 1, the same each time", () => {
  const spread = Array.from({ length: 1_000 }, (_, number) => scatter(number));
  assert.ok(spread.every((value) => value >= 0 && value < 1));
  const mean = spread.reduce((sum, value) => sum + value) / spread.length;
  assert.ok(Math.abs(mean - 0.5) < 0.05, `${mean}`);
  assert.equal(scatter(7), scatter(7));
});
