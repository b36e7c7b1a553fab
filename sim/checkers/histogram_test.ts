import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bucketOf, edgeOf, Histogram } from "./histogram.ts";

describe("Histogram", () => {
  it("has buckets of at most 3 %, from 10 µs to ten minutes", () => {
    for (let ms = 0.02; ms < 500_000; ms *= 1.13) {
      const bucket = bucketOf(ms);
      assert.ok(edgeOf(bucket) >= ms * 0.999999 && edgeOf(bucket) <= ms * 1.03, `${ms}`);
    }
    assert.equal(bucketOf(-5), 0);
    assert.equal(bucketOf(NaN), 0);
    assert.equal(bucketOf(1e12), bucketOf(Infinity));
  });

  it("tells quantiles, the longest, and what is in it", () => {
    const histogram = new Histogram();
    assert.deepEqual([histogram.quantile(0.5), histogram.max, histogram.buckets()], [0, 0, []]);
    for (let ms = 1; ms <= 1_000; ms++) histogram.add(ms);
    const near = (actual: number, wanted: number) =>
      assert.ok(Math.abs(actual / wanted - 1) < 0.03, `${actual}, not ${wanted}`);
    near(histogram.quantile(0.5), 500);
    near(histogram.quantile(0.99), 990);
    assert.equal(histogram.quantile(1), 1_000);
    const other = new Histogram();
    for (const [bucket, count] of histogram.buckets()) other.addBucket(bucket, count);
    assert.equal(other.count, 1_000);
    near(other.quantile(0.9), 900);
    other.clear();
    assert.deepEqual([other.count, other.buckets()], [0, []]);
  });
});
