import assert from "node:assert/strict";
import { isIP } from "node:net";
import { test } from "node:test";
import { randomBelow, seededPrng } from "../../base/prng.ts";
import { Networks } from "../networks.ts";
import { clientAddress } from "./client_address.ts";

const proxies = new Networks(["10.0.0.0/24", "2001:db8::7"]);

/** The peer, what it forwards, and whose request that is. */
const CASES: readonly [peer: string, fields: Record<string, string>, client: string][] = [
  ["10.0.0.1", {}, "10.0.0.1"],
  ["10.0.0.1", { "x-forwarded-for": "203.0.113.5" }, "203.0.113.5"],
  ["::ffff:10.0.0.1", { "x-forwarded-for": "203.0.113.5" }, "203.0.113.5"],
  ["2001:db8::7", { "x-forwarded-for": "2001:db8:5::1" }, "2001:db8:5::1"],
  ["203.0.113.9", { "x-forwarded-for": "203.0.113.5" }, "203.0.113.9"],
  ["203.0.113.9", { "x-real-ip": "203.0.113.5" }, "203.0.113.9"],
  // What a client made up stands before what proxies added.
  ["10.0.0.1", { "x-forwarded-for": "198.51.100.1, 203.0.113.5" }, "203.0.113.5"],
  ["10.0.0.1", { "x-forwarded-for": "198.51.100.1,203.0.113.5 ,10.0.0.2" }, "203.0.113.5"],
  ["10.0.0.1", { "x-forwarded-for": "10.0.0.3, 10.0.0.2" }, "10.0.0.3"],
  ["10.0.0.1", { "x-forwarded-for": "10.0.0.3, 203.0.113.5, 10.0.0.2" }, "203.0.113.5"],
  ["10.0.0.1", { "x-forwarded-for": "203.0.113.5:4711" }, "203.0.113.5"],
  ["10.0.0.1", { "x-forwarded-for": "[2001:db8:5::1]:4711, 10.0.0.2" }, "2001:db8:5::1"],
  ["10.0.0.1", { "x-forwarded-for": "203.0.113.5, unknown" }, "10.0.0.1"],
  ["10.0.0.1", { "x-forwarded-for": "203.0.113.5, garbage, 10.0.0.2" }, "10.0.0.2"],
  ["10.0.0.1", { "x-forwarded-for": "2001:DB8:5:0::1" }, "2001:db8:5::1"],
  ["10.0.0.1", { "x-forwarded-for": "::ffff:203.0.113.5" }, "203.0.113.5"],
  ["10.0.0.1", { "x-forwarded-for": "fe80::1%made-up" }, "10.0.0.1"],
  ["10.0.0.1", { "x-forwarded-for": "" }, "10.0.0.1"],
  ["10.0.0.1", { "x-real-ip": "203.0.113.5" }, "203.0.113.5"],
  ["10.0.0.1", { "x-real-ip": "nonsense" }, "10.0.0.1"],
  ["10.0.0.1", { "x-forwarded-for": "203.0.113.5", "x-real-ip": "198.51.100.1" }, "203.0.113.5"],
];

for (const [peer, fields, client] of CASES) {
  test(`clientAddress() finds ${client} behind ${peer} with ${JSON.stringify(fields)}`, () => {
    assert.equal(clientAddress((name) => fields[name], peer, proxies), client);
  });
}

test("clientAddress() gives an IP address, and no proxy's before a client's (fuzz)", () => {
  const seed = 8_112_026;
  const prng = seededPrng(seed);
  const pieces = [
    "203.0.113.5",
    "10.0.0.7",
    "2001:db8::7",
    "::ffff:",
    ":",
    "[",
    "]",
    "%",
    ",",
    " ",
  ];
  for (let round = 0; round < 20_000; round++) {
    const length = randomBelow(prng, 12);
    const made = Array.from({ length }, () => pieces[randomBelow(prng, pieces.length)]).join("");
    const place = `Seed ${seed}, round ${round}: ${JSON.stringify(made)}`;
    assert.notEqual(isIP(clientAddress(() => made, "10.0.0.1", proxies)), 0, place);
    // Whatever a client made up, its proxy has added its address.
    const added = `${made}, 198.51.100.9`;
    assert.equal(clientAddress(() => added, "10.0.0.1", proxies), "198.51.100.9", place);
    assert.equal(clientAddress(() => made, "198.51.100.9", proxies), "198.51.100.9", place);
  }
});
