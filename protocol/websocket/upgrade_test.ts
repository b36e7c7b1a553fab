import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { CountedBuffers } from "../../tests/support/websocket_decoding.ts";
import {
  CHROMIUM,
  headOf,
  latin1,
  upgradePieces,
  withFields,
} from "../../tests/support/websocket_upgrades.ts";
import { Limits } from "../limits.ts";
import { UpgradeParser, type UpgradeResult } from "./upgrade.ts";

describe("UpgradeParser.push()", () => {
  test("tells host and origin", () => {
    const { result } = upgradePieces([latin1(CHROMIUM)]);
    assert.ok(result?.accepted);
    assert.equal(result.host, "127.0.0.1:3102");
    assert.equal(result.origin, "http://localhost:8000");
    const { result: plain } = upgradePieces([latin1(headOf())]);
    assert.equal(plain?.accepted && plain.origin, "");
  });

  test("takes a head with 8 KB of cookies", () => {
    const head = latin1(withFields({ cookie: `Cookie: ${"c".repeat(8 * 1024)}` }));
    assert.ok(upgradePieces([head]).result?.accepted);
    assert.ok(upgradePieces([head.subarray(0, 5000), head.subarray(5000)]).result?.accepted);
  });

  const HEALTH: readonly [number, string][] = [
    [200, "GET /healthz HTTP/1.0\r\n\r\n"],
    [200, "OPTIONS /healthz HTTP/1.0\r\n\r\n"],
    [200, "HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n"],
    [200, "GET /healthz HTTP/1.1\r\nHost: 10.0.0.1:3102\r\nContent-Length: 0\r\n\r\n"],
    [400, "GET /healthz HTTP/1.1\r\n\r\n"],
    [400, "GET /healthz HTTP/1.0\r\nHost: a b\r\n\r\n"],
    [400, "GET /healthz HTTP/1.0\r\nContent-Length: 3\r\n\r\n"],
    [405, "POST /healthz HTTP/1.0\r\n\r\n"],
    [505, "GET /healthz HTTP/0.9\r\n\r\n"],
    [505, "GET /sub HTTP/1.0\r\n\r\n"],
    [404, "GET /healthz/ HTTP/1.1\r\nHost: a\r\n\r\n"],
  ];

  for (const [status, head] of HEALTH) {
    test(`answers ${status} to ${JSON.stringify(head)}`, () => {
      const { result } = upgradePieces([latin1(head)]);
      assert.equal(result?.accepted === false && result.status, status);
    });
  }

  test("refuses a head of 1 MB as soon as 16 KB of it have come", () => {
    const input = latin1(withFields({ cookie: `Cookie: ${"c".repeat(1024 * 1024)}` }));
    for (const chunkBytes of [1, 1000, 65536, input.length]) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < input.length; at += chunkBytes) {
        pieces.push(input.subarray(at, at + chunkBytes));
      }
      const { result, end } = upgradePieces(pieces);
      assert.equal(result?.accepted === false && result.status, 431);
      assert.ok(end < Limits.upgradeHeadBytesMax, `${end} bytes before the last chunk`);
    }
  });

  test("holds nothing before the first byte, and little for a head that trickles in", () => {
    const buffers = new CountedBuffers();
    const parser = new UpgradeParser(buffers);
    parser.push(new Uint8Array(0));
    assert.equal(buffers.acquired, 0);
    const head = latin1(withFields({
      cookie: `Cookie: ${"c".repeat(Limits.upgradeHeadBytesMax - headOf().length - 10)}`,
    }));
    let result: UpgradeResult | undefined;
    for (let at = 0; at < head.length; at++) {
      assert.equal(result, undefined);
      result = parser.push(head.subarray(at, at + 1));
      assert.ok(buffers.lentBytes <= Math.max(256, 3 * at), `${buffers.lentBytes} at ${at}`);
    }
    assert.ok(result?.accepted);
    // The buffer doubles, so each byte is moved a constant number of times.
    assert.ok(buffers.acquired <= 9, `${buffers.acquired} buffers`);
  });

  test("copies nothing of a head that comes whole", () => {
    const buffers = new CountedBuffers();
    assert.ok(new UpgradeParser(buffers).push(latin1(headOf()))?.accepted);
    assert.equal(buffers.acquired, 0);
  });

  test("fails after the answer and after close()", () => {
    const answered = new UpgradeParser(new CountedBuffers());
    answered.push(latin1(headOf()));
    assert.throws(() => answered.push(latin1("a")), /Assertion failed/);
    const closed = new UpgradeParser(new CountedBuffers());
    closed.close();
    assert.throws(() => closed.push(latin1("a")), /Assertion failed/);
  });
});
