import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { CountedBuffers } from "../../tests/support/websocket_decoding.ts";
import {
  CHROMIUM,
  headOf,
  latin1,
  ROUTES,
  upgradePieces,
  withFields,
} from "../../tests/support/websocket_upgrades.ts";
import { Limits } from "../limits.ts";
import { type FrontAnswer, HttpFront, refuse } from "./front.ts";
import { singleField } from "./head.ts";

describe("HttpFront.push()", () => {
  test("keeps the head", () => {
    const { head } = upgradePieces([latin1(CHROMIUM)]);
    assert.equal(head!.host, "127.0.0.1:3102");
    assert.equal(singleField(head!.fields, "origin"), "http://localhost:8000");
  });

  test("takes a head with 8 KB of cookies", () => {
    const head = latin1(withFields({ cookie: `Cookie: ${"c".repeat(8 * 1024)}` }));
    assert.equal(upgradePieces([head]).answer?.status, 101);
    assert.equal(upgradePieces([head.subarray(0, 5000), head.subarray(5000)]).answer?.status, 101);
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
      const { answer } = upgradePieces([latin1(head)]);
      assert.equal(answer?.status, status);
    });
  }

  test("names the methods of the path where another is refused", () => {
    const { answer } = upgradePieces([latin1("POST /healthz HTTP/1.0\r\n\r\n")]);
    const text = new TextDecoder().decode(answer?.response);
    assert.match(text, /^Allow: GET, HEAD, OPTIONS\r$/m);
    assert.match(text, /Method must be GET, HEAD, OPTIONS\.\n$/);
  });

  test("refuses a head of 1 MB as soon as 16 KB of it have come", () => {
    const input = latin1(withFields({ cookie: `Cookie: ${"c".repeat(1024 * 1024)}` }));
    for (const chunkBytes of [1, 1000, 65536, input.length]) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < input.length; at += chunkBytes) {
        pieces.push(input.subarray(at, at + chunkBytes));
      }
      const { answer, end } = upgradePieces(pieces);
      assert.equal(answer?.status, 431);
      assert.ok(end < Limits.upgradeHeadBytesMax, `${end} bytes before the last chunk`);
    }
  });

  test("holds nothing before the first byte, and little for a head that trickles in", () => {
    const buffers = new CountedBuffers();
    const front = new HttpFront(buffers, ROUTES);
    front.push(new Uint8Array(0));
    assert.equal(buffers.acquired, 0);
    const head = latin1(withFields({
      cookie: `Cookie: ${"c".repeat(Limits.upgradeHeadBytesMax - headOf().length - 10)}`,
    }));
    let answer: FrontAnswer | undefined;
    for (let at = 0; at < head.length; at++) {
      assert.equal(answer, undefined);
      answer = front.push(head.subarray(at, at + 1));
      assert.ok(buffers.lentBytes <= Math.max(256, 3 * at), `${buffers.lentBytes} at ${at}`);
    }
    assert.equal(answer?.status, 101);
    // The buffer doubles, so each byte is moved a constant number of times.
    assert.ok(buffers.acquired <= 9, `${buffers.acquired} buffers`);
  });

  test("copies nothing of a head that comes whole", () => {
    const buffers = new CountedBuffers();
    assert.equal(new HttpFront(buffers, ROUTES).push(latin1(headOf()))?.status, 101);
    assert.equal(buffers.acquired, 0);
  });

  test("fails after the answer and after close()", () => {
    const answered = new HttpFront(new CountedBuffers(), ROUTES);
    answered.push(latin1(headOf()));
    assert.throws(() => answered.push(latin1("a")), /Assertion failed/);
    const closed = new HttpFront(new CountedBuffers(), ROUTES);
    closed.close();
    assert.throws(() => closed.push(latin1("a")), /Assertion failed/);
  });
});

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("healthRoute answers with a body but for HEAD", () => {
  const healthOf = (method: string) =>
    textOf(upgradePieces([latin1(`${method} /healthz HTTP/1.0\r\n\r\n`)]).answer!.response);
  const head = "HTTP/1.1 200 OK\r\nConnection: close\r\n" +
    "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n\r\n";
  assert.equal(healthOf("GET"), `${head}ok\n`);
  assert.equal(healthOf("HEAD"), head);
});

test("refuse() brings the fields of its status and counts its body in bytes", () => {
  const rest = "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 4\r\n\r\n€\n";
  assert.equal(
    textOf(refuse(400, "€").response),
    `HTTP/1.1 400 Bad Request\r\nConnection: close\r\n${rest}`,
  );
  assert.equal(
    textOf(refuse(405, "€", "Connection: close\r\nAllow: GET\r\n").response),
    `HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nAllow: GET\r\n${rest}`,
  );
});
