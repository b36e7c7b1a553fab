import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HistoryOptions, HistoryPage } from "../client/types.ts";
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

  test("count() counts all pages anew, and what it can of a room with very many", async () => {
    const reads: HistoryOptions[] = [];
    const read = (kept: number) => (options: HistoryOptions): Promise<HistoryPage> => {
      reads.push(options);
      const { after = 0, limit = 0 } = options;
      const length = Math.min(limit, kept - after);
      const messages = Array.from({ length }, (_, at) => (
        { offset: after + at + 1, op: 1000, timeMs: 0, mediaMs: 10, body: "" }
      ));
      return Promise.resolve(
        { epoch: "e", first: 1, last: kept, messages, more: after + length < kept },
      );
    };
    const density = new Density(1_000, 4);
    density.add(900);
    let pages = 0;
    await Promise.all([
      density.count(read(2_500), () => pages++),
      density.count(() => assert.fail("it is under way"), () => {}),
    ]);
    assert.equal(pages, 3);
    assert.deepEqual(reads.map(({ fromMs, toMs, after }) => [fromMs, toMs, after]), [
      [0, 1_000, undefined],
      [10, 1_000, 1_000],
      [10, 1_000, 2_000],
    ]);
    assert.match(density.path(), /L87\.50 100\.0/);
    reads.length = 0;
    await density.count(read(100_000), () => {});
    assert.equal(reads.length, 10);
  });

  test("count() leaves the curve alone when nothing can be read", async () => {
    const density = new Density(1_000, 4);
    density.add(1);
    const before = density.path();
    await density.count(() => Promise.reject(new Error("away")), () => assert.fail());
    assert.equal(density.path(), before);
    await density.count(
      () => Promise.resolve({ epoch: "", first: 1, last: 0, messages: [], more: false }),
      () => {},
    );
    assert.equal(density.path(), "");
  });
});
