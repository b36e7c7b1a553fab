import assert from "node:assert/strict";
import { test } from "node:test";

import { hasToken, parseRequestHead, type RequestHead, singleField } from "./head.ts";
import { HttpError } from "./status.ts";

function parsed(...fieldLines: string[]): RequestHead {
  return parseRequestHead(["GET /a?b HTTP/1.1", "Host: a", ...fieldLines, "", ""].join("\r\n"));
}

test("parseRequestHead() takes a head apart", () => {
  const head = parsed("X:", "x: \t b c\t ", "__proto__: d", "Y: \xe9:\x80");
  assert.equal(head.method, "GET");
  assert.equal(head.target, "/a?b");
  assert.equal(head.version, "1.1");
  assert.deepEqual([...head.fields], [
    ["host", ["a"]],
    ["x", ["", "b c"]],
    ["__proto__", ["d"]],
    ["y", ["\xe9:\x80"]],
  ]);
});

test("parseRequestHead() trims no more than spaces and tabs", () => {
  assert.deepEqual(parsed("a: \xa0b\x85").fields.get("a"), ["\xa0b\x85"]);
});

test("parseRequestHead() refuses a malformed head with 400", () => {
  for (
    const head of ["\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\n a: b\r\n\r\n"]
  ) {
    const isExpected = (error: unknown) => error instanceof HttpError && error.status === 400;
    assert.throws(() => parseRequestHead(head), isExpected);
  }
});

test("singleField() is undefined unless the field is given once", () => {
  const { fields } = parsed("One: a", "Two: b", "two: c");
  assert.equal(singleField(fields, "one"), "a");
  assert.equal(singleField(fields, "two"), undefined);
  assert.equal(singleField(fields, "three"), undefined);
});

test("hasToken() finds whole tokens in any case on any line", () => {
  const { fields } = parsed(
    "Connection: keep-alive ,UPGRADE",
    "Connection: x-close",
    "Connection: ,, te",
  );
  for (const token of ["keep-alive", "upgrade", "te"]) {
    assert.ok(hasToken(fields, "connection", token), token);
  }
  for (const token of ["close", "keep", "upgraded"]) {
    assert.ok(!hasToken(fields, "connection", token), token);
  }
  assert.ok(!hasToken(fields, "upgrade", "websocket"));
});
