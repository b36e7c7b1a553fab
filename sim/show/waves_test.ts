import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Tide, wavesOf } from "./waves.ts";

describe("wavesOf()", () => {
  it("has waves in order within the show, and applause last, however short it is", () => {
    for (const durationMs of [1_000, 3_000, 60_000, 600_000]) {
      const waves = wavesOf(7, durationMs);
      assert.ok(waves.length >= 2, `${waves.length} in ${durationMs} ms`);
      assert.equal(waves.at(-1)!.mood, "applause");
      waves.reduce((before, wave) => {
        assert.ok(wave.atMs > before.atMs && wave.atMs < durationMs);
        return wave;
      });
      assert.ok(waves[0].atMs >= 0);
    }
  });

  it("has an end also where a show lasts for milliseconds, or not at all", () => {
    for (let durationMs = 0; durationMs < 20; durationMs++) {
      const waves = wavesOf(7, durationMs);
      assert.ok(waves.length >= 1 && waves.every(({ atMs }) => atMs <= durationMs));
    }
  });
});

describe("Tide", () => {
  it("rises with a wave, says what it is about, and falls back", () => {
    const wave = { atMs: 1_000, mood: "goal", strength: 8 } as const;
    const tide = new Tide([wave], 60_000);
    const seen = [0, 1_000, 1_500, 4_500, 40_000].map((atMs) => {
      tide.moveTo(atMs);
      return [tide.mood, Number(tide.level.toFixed(2)), tide.begun.length];
    });
    assert.deepEqual(seen, [
      ["quiet", 1, 0],
      ["quiet", 1, 1],
      ["goal", 9, 0],
      ["goal", 3.94, 0],
      ["quiet", 1, 0],
    ]);
  });

  it("knows its average beforehand", () => {
    const tide = new Tide(wavesOf(3, 60_000), 60_000);
    const { average } = tide;
    let sum = 0;
    for (let atMs = 0; atMs < 60_000; atMs += 100) {
      tide.moveTo(atMs);
      sum += tide.level / 600;
    }
    assert.ok(Math.abs(sum / average - 1) < 0.01, `${sum}, said ${average}`);
  });
});
