import assert from "node:assert/strict";
import { test } from "node:test";

import { hasToken, type HttpHead, parseHttpHead, singleField } from "./head.ts";

function parsed(...fieldLines: string[]): HttpHead {
  const head = parseHttpHead(["GET /a?b HTTP/1.1", ...fieldLines, "", ""].join("\r\n"));
  assert.ok(head !== undefined, "the head is well-formed");
  return head;
}

test("parseHttpHead() takes a head apart", () => {
  const head = parsed("Host: a", "X:", "x: \t b c\t ", "__proto__: d", "Y: \xe9:\x80");
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

test("parseHttpHead() trims no more than spaces and tabs", () => {
  assert.deepEqual(parsed("a: \xa0b\x85").fields.get("a"), ["\xa0b\x85"]);
});

test("parseHttpHead() returns undefined for a malformed head", () => {
  assert.equal(parseHttpHead("\r\n"), undefined);
  assert.equal(parseHttpHead("GET / HTTP/1.1\r\nno colon\r\n\r\n"), undefined);
  assert.equal(parseHttpHead("GET / HTTP/1.1\r\n folded: a\r\n\r\n"), undefined);
});

test("singleField() is undefined unless the field is given once", () => {
  const head = parsed("One: a", "Two: b", "two: c");
  assert.equal(singleField(head, "one"), "a");
  assert.equal(singleField(head, "two"), undefined);
  assert.equal(singleField(head, "three"), undefined);
});

test("hasToken() finds whole tokens in any case on any line", () => {
  const head = parsed(
    "Connection: keep-alive ,UPGRADE",
    "Connection: x-close",
    "Connection: ,, te",
  );
  for (const token of ["keep-alive", "upgrade", "te"]) {
    assert.ok(hasToken(head, "connection", token), token);
  }
  for (const token of ["close", "keep", "upgraded"]) {
    assert.ok(!hasToken(head, "connection", token), token);
  }
  assert.ok(!hasToken(head, "upgrade", "websocket"));
});
