import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";

import { type Prng, randomBelow, seededPrng } from "../../base/prng.ts";
import { joined, randomBytes, randomSplit } from "../../tests/support/websocket_frames.ts";
import { CHROMIUM, headOf, latin1, upgradePieces } from "../../tests/support/websocket_upgrades.ts";

const SEED = 426;

/** Pieces of text that matter to a parser of heads. */
const SNIPPETS = [
  "\r\n",
  "\r",
  "\n",
  "\0",
  "\r\n\r\n",
  " ",
  "\t",
  ":",
  ",",
  "13",
  "websocket",
  "/sub",
]
  .concat(["Host: a\r\n", "Content-Length: 0\r\n", "Connection: close\r\n", "\x80", "HTTP/1.1"]);

/** A head with snippets put in, bytes changed or parts cut out, or nothing but random bytes. */
function randomHead(prng: Prng): Uint8Array {
  if (randomBelow(prng, 20) === 0) return randomBytes(prng, randomBelow(prng, 100));
  let head: Uint8Array = latin1(randomBelow(prng, 2) === 0 ? headOf() : CHROMIUM);
  for (let damage = randomBelow(prng, 4); damage > 0; damage--) {
    const at = randomBelow(prng, head.length);
    const before = head.subarray(0, at);
    switch (randomBelow(prng, 4)) {
      case 0:
        head[at] = randomBelow(prng, 256);
        break;
      case 1:
        head[at] ^= 0x20;
        break;
      case 2:
        head = joined(
          before,
          latin1(SNIPPETS[randomBelow(prng, SNIPPETS.length)]),
          head.subarray(at),
        );
        break;
      case 3:
        head = joined(before, head.subarray(at + randomBelow(prng, 30)));
        break;
    }
  }
  return head;
}

test("HttpFront.push() with upgradeRoute answers or waits, the same at every split", {
  timeout: 60_000,
}, () => {
  const prng = seededPrng(SEED);
  let accepted = 0, refused = 0, unfinished = 0;
  for (let round = 0; round < 20_000; round++) {
    const head = randomHead(prng);
    const whole = upgradePieces([head]);
    const split = upgradePieces(randomSplit(prng, head));
    const context = `round ${round}: ${JSON.stringify(Buffer.from(head).toString("latin1"))}`;
    assert.deepEqual(split.answer?.response, whole.answer?.response, context);
    if (whole.answer === undefined) unfinished++;
    else if (whole.answer.status !== 101) refused++;
    else {
      accepted++;
      assert.equal(split.end, whole.end, context);
    }
  }
  // Every outcome must have been met for the rounds to mean anything.
  const counts = `${accepted} accepted, ${refused} refused, ${unfinished} unfinished`;
  assert.ok(accepted > 1000 && refused > 1000 && unfinished > 100, counts);
});
