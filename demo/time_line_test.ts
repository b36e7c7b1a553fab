import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { placeText, placeWords, TimeLine } from "./time_line.ts";

describe("TimeLine", () => {
  test("stands until it plays, and goes on with the clock", () => {
    const line = new TimeLine(180_000);
    assert.equal(line.advance(1_000), false);
    assert.equal(line.advance(1_500), false);
    assert.equal(line.positionMs, 0);
    line.play();
    assert.equal(line.advance(1_516.7), false);
    assert.equal(line.positionMs, 16);
    line.pause();
    line.advance(1_600);
    assert.equal(line.positionMs, 16);
  });

  test("seek() goes to a place, and to the ends beyond them", () => {
    const line = new TimeLine(180_000);
    for (const [to, at] of [[61_500, 61_500], [-5, 0], [180_000, 179_999], [1e9, 179_999]]) {
      line.seek(to);
      assert.equal(line.positionMs, at);
    }
  });

  test("begins again at its end, and says so", () => {
    const line = new TimeLine(10_000, 9_990);
    line.play();
    line.advance(0);
    assert.equal(line.advance(20), true);
    assert.equal(line.positionMs, 10);
    assert.equal(line.advance(40), false);
  });

  test("says that it is elsewhere when the page had stood still", () => {
    const line = new TimeLine(10_000);
    line.play();
    line.advance(0);
    assert.equal(line.advance(25_000), true);
    assert.equal(line.positionMs, 5_000);
  });

  test("begins at its beginning where it is told a place outside", () => {
    for (const place of [-1, 10_000, NaN, Infinity]) {
      assert.equal(new TimeLine(10_000, place).positionMs, 0);
    }
  });
});

test("placeText() and placeWords() say minutes and seconds", () => {
  assert.deepEqual([0, 9_999, 65_000].map(placeText), ["0:00", "0:09", "1:05"]);
  assert.deepEqual([1_000, 65_000, 121_000].map(placeWords), [
    "1 second",
    "1 minute 5 seconds",
    "2 minutes 1 second",
  ]);
});
