import assert from "node:assert/strict";
import { test } from "node:test";

import { seededPrng } from "../../base/prng.ts";
import { randomBytes } from "../../tests/support/websocket_frames.ts";
import { unmask } from "./unmask.ts";

test("unmask() agrees with RFC 6455 section 5.3 at every length and address", () => {
  const prng = seededPrng(53);
  const lengths = [...Array(20).keys(), 125, 126, 254, 255, 256, 257, 258, 259, 260, 1023, 16384];
  for (const length of lengths) {
    for (let address = 0; address < 8; address++) {
      const slab = randomBytes(prng, address + 4 + length + 5);
      const expected = slab.slice();
      const start = address + 4;
      for (let index = 0; index < length; index++) {
        expected[start + index] ^= slab[address + index % 4];
      }
      // A view that does not begin with its memory, as buffers of a pool are.
      unmask(slab.subarray(address), 4, 4 + length);
      assert.deepEqual(slab, expected, `length ${length} at address ${address}`);
    }
  }
});
