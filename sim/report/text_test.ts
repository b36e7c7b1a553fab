import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, escapeHtml, figure, milliseconds, shortFigure } from "./text.ts";

test("escapeHtml() leaves no sign that ends an element or an attribute", () => {
  const escaped = escapeHtml(`<b title='x' id="y">&amp;</b>`);
  assert.equal(escaped, "&lt;b title=&#39;x&#39; id=&quot;y&quot;&gt;&amp;amp;&lt;/b&gt;");
  assert.equal(escapeHtml("plain – text"), "plain – text");
});

test("figure() keeps thousands apart and has no minus before zero", () => {
  assert.equal(figure(1234567), "1,234,567");
  assert.equal(figure(1.256, 2), "1.26");
  assert.equal(figure(2, 2), "2");
  assert.equal(figure(-0.001, 1), "0");
});

test("figure() and milliseconds() say nothing of what is no number", () => {
  for (const value of [undefined, NaN, Infinity]) {
    assert.equal(figure(value), "–");
    assert.equal(milliseconds(value), "–");
  }
});

test("shortFigure() fits beside an axis", () => {
  const texts = [0, 0.05, 0.3, 12.5, 250, 5_000, 10_000, 12_500, 1_500_000, 2e9].map(shortFigure);
  assert.deepEqual(texts, [
    "0",
    "0.05",
    "0.3",
    "12.5",
    "250",
    "5,000",
    "10k",
    "12.5k",
    "1.5M",
    "2G",
  ]);
});

test("milliseconds() keeps three digits that matter", () => {
  const texts = [0.1234, 2.0625, 12.25, 1234.5].map(milliseconds);
  assert.deepEqual(texts, ["0.123 ms", "2.06 ms", "12.3 ms", "1,235 ms"]);
});

test("bytes() takes the largest unit that there is one of", () => {
  assert.equal(bytes(0), "0 bytes");
  assert.equal(bytes(-3), "-3 bytes");
  assert.equal(bytes(19_554), "19.1 KiB");
  assert.equal(bytes(70 * 2 ** 20), "70 MiB");
  assert.equal(bytes(1.5 * 2 ** 30), "1.5 GiB");
});
