import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededPrng } from "../../base/prng.ts";
import { AcceptRetry, acceptsPerTurn, failuresAtOnceMax, restMs } from "./accept_retry.ts";

const coded = (code: string) => Object.assign(new Error(code), { code });

describe("AcceptRetry", () => {
  it("lets everything else have a turn after a few of a crowd", () => {
    const retry = new AcceptRetry(seededPrng(1));
    const mayGoOn = Array.from({ length: 2 * acceptsPerTurn }, () => retry.accepted());
    const turns = mayGoOn.flatMap((may, index) => may ? [] : [index + 1]);
    assert.deepEqual(turns, [acceptsPerTurn, 2 * acceptsPerTurn]);
  });

  it("accepts again at once after a connection that was reset", () => {
    const retry = new AcceptRetry(seededPrng(1));
    for (let index = 0; index < 40; index++) assert.equal(retry.failed(coded("ENOTCONN")), 0);
  });

  it("waits longer and longer while the system lacks something", () => {
    for (const code of ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]) {
      const retry = new AcceptRetry(seededPrng(1));
      const waits = Array.from({ length: 8 }, () => retry.failed(coded(code)));
      assert(waits[0] >= 50 && waits[0] <= 100, `${waits}`);
      assert(waits[7] >= 670 && waits[7] <= 1330, `${waits}`);
      retry.accepted();
      assert(retry.failed(coded(code)) <= 100);
    }
  });

  it("lets the event loop rest when nothing but failures comes", () => {
    const retry = new AcceptRetry(seededPrng(1));
    const waits = Array.from({ length: 2 * failuresAtOnceMax }, () => retry.failed(new Error("?")));
    assert.equal(waits.filter((waitMs) => waitMs === 0).length, 2 * (failuresAtOnceMax - 1));
    assert.equal(waits.at(-1), restMs);
  });
});
