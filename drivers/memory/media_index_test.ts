import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBelow, seededPrng } from "../../base/prng.ts";
import { MediaIndex, type MediaMessage } from "./media_index.ts";

function message(offset: number, mediaMs: number): MediaMessage {
  return { offset, mediaMs, operation: 1, timeMs: 0, mid: 0n, body: new Uint8Array() };
}

test("MediaIndex agrees with a sorted list while messages come and go", () => {
  const prng = seededPrng(5);
  for (const times of [3, 400, 1_000_000]) {
    const index = new MediaIndex();
    const list: MediaMessage[] = [];
    const check = () => {
      const [from, to] = [randomBelow(prng, times), randomBelow(prng, times + 1)];
      const offset = randomBelow(prng, 8_000);
      const expected = list
        .filter((one) =>
          one.mediaMs < to &&
          (one.mediaMs > from || (one.mediaMs === from && one.offset >= offset))
        )
        .sort((a, b) => a.mediaMs - b.mediaMs || a.offset - b.offset);
      assert.deepEqual([...index.between(from, offset, to)], expected);
    };
    for (let offset = 1; offset <= 4_000; offset++) {
      const added = message(offset, randomBelow(prng, times));
      index.add(added);
      list.push(added);
      if (offset > 2_000) index.remove(list.shift()!);
      if (offset % 400 === 0) check();
    }
    while (list.length > 0) {
      index.remove(list.shift()!);
      if (list.length % 400 === 0) check();
    }
    assert.deepEqual([...index.between(-Infinity, 0, Infinity)], []);
  }
});
