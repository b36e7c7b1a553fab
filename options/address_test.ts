import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { formatAddress, isWildcard, parseAddress } from "./address.ts";

describe("parseAddress()", () => {
  test("reads what formatAddress() writes", () => {
    const cases = [
      ["127.0.0.1:3101", "127.0.0.1", 3101],
      ["0.0.0.0:0", "0.0.0.0", 0],
      ["localhost:65535", "localhost", 65535],
      ["push-1.example.com:80", "push-1.example.com", 80],
      ["[::1]:3101", "::1", 3101],
      ["[::ffff:10.0.0.1]:1", "::ffff:10.0.0.1", 1],
    ] as const;
    for (const [text, hostname, port] of cases) {
      assert.deepEqual(parseAddress(text), { hostname, port });
      assert.equal(formatAddress({ hostname, port }), text);
    }
  });

  test("refuses everything else", () => {
    const cases = [
      "",
      "3101",
      ":3101",
      "127.0.0.1",
      "127.0.0.1:",
      "127.0.0.1:65536",
      "127.0.0.1:-1",
      "127.0.0.1:31a",
      "::1:3101",
      "[::1]",
      "[::1:3101",
      "[::g]:3101",
      "[127.0.0.1]:1",
      "a b:1",
      "http://a:1",
    ];
    for (const text of cases) assert.equal(parseAddress(text), undefined, text);
  });
});

test("isWildcard() knows both families", () => {
  for (const hostname of ["0.0.0.0", "::"]) assert.ok(isWildcard(hostname), hostname);
  for (const hostname of ["127.0.0.1", "::1", "10.0.0.1"]) {
    assert.ok(!isWildcard(hostname), hostname);
  }
});
