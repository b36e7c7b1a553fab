import assert from "node:assert/strict";
import { test } from "node:test";
import { isNetwork, Networks } from "./networks.ts";

const networks = new Networks(["10.1.0.0/16", "192.0.2.7", "2001:db8:1::/48", "2001:db8:2::7"]);

const ADDRESSES: readonly [string, boolean][] = [
  ["10.1.2.3", true],
  ["10.1.255.255", true],
  ["10.2.0.0", false],
  ["192.0.2.7", true],
  ["192.0.2.8", false],
  ["::ffff:10.1.2.3", true],
  ["::ffff:192.0.2.7", true],
  ["::ffff:10.2.2.3", false],
  ["2001:db8:1::5", true],
  ["2001:db8:2::7", true],
  ["2001:db8:2::5", false],
  ["fe80::1%eth0", false],
  ["", false],
  ["not an address", false],
];

for (const [address, isIn] of ADDRESSES) {
  test(`Networks.has() says ${isIn} for "${address}"`, () => {
    assert.equal(networks.has(address), isIn);
  });
}

test("Networks of everything hold every address of their kind", () => {
  assert.ok(new Networks(["0.0.0.0/0"]).has("203.0.113.9"));
  assert.ok(new Networks(["::/0"]).has("2001:db8::1"));
  assert.equal(new Networks([]).has("203.0.113.9"), false);
});

for (const text of ["10.0.0.0/33", "::/129", "x/8", "10.0.0.0/", "10.0.0/8", "10.0.0.0:80", ""]) {
  test(`Networks refuse "${text}"`, () => {
    assert.equal(isNetwork(text), false);
    assert.throws(() => new Networks([text]), {
      message: "Cannot read network: it must be like 10.1.0.0/16 or 10.1.2.3, " +
        `current value is "${text}"`,
    });
  });
}
