import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { type Prng, randomBelow, seededPrng } from "../../base/prng.ts";
import { parsePieces, request } from "../../tests/support/http_requests.ts";
import { joined, randomBytes, randomSplit } from "../../tests/support/websocket_frames.ts";
import { latin1 } from "../../tests/support/websocket_upgrades.ts";

const SEED = 9112;

/** Pieces of text that matter to a parser of requests. */
const SNIPPETS = [
  "\r\n",
  "\r",
  "\n",
  "\0",
  "\r\n\r\n",
  " ",
  "\t",
  ":",
  ";",
  ",",
  "0",
  "5\r\n",
  "0\r\n\r\n",
  "Host: a\r\n",
  "Content-Length: 5\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Connection: close\r\n",
  "\x80",
  "HTTP/1.1",
  "GET / HTTP/1.1\r\n",
];

const RIGHT = [
  request("GET /a?b HTTP/1.1"),
  request("POST /a HTTP/1.1", ["Host: a", "Content-Length: 5"], "hello"),
  request(
    "POST /a HTTP/1.1",
    ["Host: a", "Transfer-Encoding: chunked"],
    "5;x\r\nhello\r\n0\r\n\r\n",
  ),
  request(
    "POST /a HTTP/1.1",
    ["Host: a", "Transfer-Encoding: chunked"],
    "3\r\nabc\r\n2\r\nde\r\n0\r\nA: b\r\n\r\n",
  ),
];

/** Right requests with snippets put in, bytes changed or parts cut out. */
function randomStream(prng: Prng): Uint8Array {
  if (randomBelow(prng, 20) === 0) return randomBytes(prng, randomBelow(prng, 100));
  let stream: Uint8Array = new Uint8Array(0);
  for (let count = 1 + randomBelow(prng, 3); count > 0; count--) {
    stream = joined(stream, latin1(RIGHT[randomBelow(prng, RIGHT.length)]));
  }
  for (let damage = randomBelow(prng, 3); damage > 0; damage--) {
    const at = randomBelow(prng, stream.length);
    const before = stream.subarray(0, at);
    switch (randomBelow(prng, 3)) {
      case 0:
        stream = stream.slice();
        stream[at] = randomBelow(prng, 256);
        break;
      case 1: {
        const snippet = latin1(SNIPPETS[randomBelow(prng, SNIPPETS.length)]);
        stream = joined(before, snippet, stream.subarray(at));
        break;
      }
      case 2:
        stream = joined(before, stream.subarray(at + randomBelow(prng, 30)));
    }
  }
  return stream;
}

test("RequestParser makes the same of a stream at every split", { timeout: 60_000 }, () => {
  const prng = seededPrng(SEED);
  let requests = 0, refused = 0, unfinished = 0;
  for (let round = 0; round < 20_000; round++) {
    const stream = randomStream(prng);
    const whole = parsePieces([stream]);
    const context = `round ${round}: ${JSON.stringify(Buffer.from(stream).toString("latin1"))}`;
    assert.deepEqual(parsePieces(randomSplit(prng, stream)), whole, context);
    requests += whole.requests.length;
    if (whole.status !== undefined) refused++;
    else unfinished++;
  }
  // Every outcome must have been met for the rounds to mean anything.
  const counts = `${requests} requests, ${refused} refused, ${unfinished} left`;
  assert.ok(requests > 10_000 && refused > 1_000 && unfinished > 1_000, counts);
});
