import assert from "node:assert/strict";
import { test } from "node:test";
import { RpcLimits } from "./limits.ts";
import { Liveness } from "./liveness.ts";
import { RpcOperation } from "./frames.ts";

const { tickMs, pingMs, silentMs } = RpcLimits;

/** What `tick` says over a span of time, by the time at which it says something. */
function said(liveness: Liveness, spanMs: number, before = (_: number) => {}): [number, string][] {
  const words: [number, string][] = [];
  for (let ms = tickMs; ms <= spanMs; ms += tickMs) {
    before(ms);
    const word = liveness.tick(0, 0);
    if (word !== undefined) words.push([ms, word]);
  }
  return words;
}

test("Liveness.tick() asks a quiet peer each second and gives it up after three", () => {
  assert.deepEqual(said(new Liveness(), silentMs), [
    [pingMs, "ask"],
    [2 * pingMs, "ask"],
    [silentMs, "silent"],
  ]);
});

test("Liveness.tick() takes answers and pongs for signs of life", () => {
  for (const operation of [RpcOperation.ok, RpcOperation.failure, RpcOperation.pong]) {
    const liveness = new Liveness();
    const words = said(liveness, 60_000, () => {
      liveness.bytesCame();
      liveness.frameCame(operation);
    });
    assert.deepEqual(words, []);
  }
});

test("Liveness.tick() takes neither pings nor calls for signs of life", () => {
  for (const operation of [RpcOperation.ping, 1]) {
    const liveness = new Liveness();
    const words = said(liveness, silentMs, () => {
      liveness.bytesCame();
      liveness.frameCame(operation);
    });
    assert.deepEqual(words.at(-1), [silentMs, "silent"]);
  }
});

test("Liveness.tick() takes a long frame that comes in for a sign of life", () => {
  const liveness = new Liveness();
  assert.deepEqual(said(liveness, 60_000, () => liveness.bytesCame()), []);
});

test("Liveness.tick() takes it for a sign of life that the peer reads what has waited", () => {
  const reading = new Liveness();
  for (let tick = 0; tick < 100; tick++) {
    assert.equal(reading.tick(1_000 * tick, 5_000), undefined);
  }
  const stuck = new Liveness();
  const words = Array.from({ length: silentMs / tickMs }, () => stuck.tick(1_000, 5_000));
  assert.equal(words.at(-1), "silent");
  // What the kernel takes at once says nothing of the peer.
  const unread = new Liveness();
  const others = Array.from({ length: silentMs / tickMs }, (_, tick) => unread.tick(tick, 0));
  assert.equal(others.at(-1), "silent");
});
