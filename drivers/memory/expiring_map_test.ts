import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBelow, seededPrng } from "../../base/prng.ts";
import { ExpiringMap } from "./expiring_map.ts";

test("ExpiringMap knows a value to the millisecond, and the latest of a key", () => {
  const map = new ExpiringMap<string>(10, () => assert.fail("nothing is dropped"));
  map.set("a", "1", 100, 0);
  map.set("b", "2", 100, 0);
  map.set("a", "3", 150, 0);
  assert.equal(map.get("a", 99), "3");
  assert.equal(map.get("b", 99), "2");
  assert.equal(map.get("b", 100), undefined);
  assert.equal(map.size, 1);
  assert.equal(map.get("a", 149), "3");
  assert.equal(map.get("a", 150), undefined);
  assert.equal(map.size, 0);
});

test("ExpiringMap drops what was set first when it is full, and tells", () => {
  let dropped = 0;
  const map = new ExpiringMap<number>(3, () => dropped++);
  for (const [index, key] of ["a", "b", "a", "c", "d", "e"].entries()) map.set(key, index, 9, 0);
  assert.equal(map.size, 3);
  assert.equal(dropped, 2);
  assert.deepEqual(["a", "b", "c", "d", "e"].map((key) => map.get(key, 0)), [
    undefined,
    undefined,
    3,
    4,
    5,
  ]);
});

test("ExpiringMap agrees with a plain list while entries come, change and run out", () => {
  for (const seed of [1, 2, 3]) {
    const prng = seededPrng(seed);
    let dropped = 0, droppedOfList = 0;
    const map = new ExpiringMap<number>(40, () => dropped++);
    let list: { key: string; value: number; endMs: number }[] = [];
    for (let nowMs = 0; nowMs < 20_000; nowMs++) {
      const key = `${randomBelow(prng, 100)}`;
      while (list.length > 0 && list[0].endMs <= nowMs) list.shift();
      if (randomBelow(prng, 3) === 0) {
        list = list.filter((one) => one.key !== key);
        const endMs = nowMs + randomBelow(prng, 200);
        list.push({ key, value: nowMs, endMs });
        if (list.length > 40) droppedOfList += list.splice(0, 1).length;
        map.set(key, nowMs, endMs, nowMs);
      } else {
        const known = list.find((one) => one.key === key && one.endMs > nowMs);
        assert.equal(map.get(key, nowMs), known?.value);
      }
      assert.equal(map.size, list.length);
    }
    assert.equal(dropped, droppedOfList);
    assert.ok(dropped > 0);
  }
});
