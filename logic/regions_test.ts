import assert from "node:assert/strict";
import { test } from "node:test";
import { Regions } from "./regions.ts";

const regions = new Regions({
  west: ["10.1.0.0/16", "2001:db8:1::/48"],
  east: ["10.2.0.0/16", "10.1.0.0/8"],
});

const ADDRESSES: readonly [string, string | undefined][] = [
  ["10.1.2.3", "west"],
  ["10.1.255.255", "west"],
  ["10.2.0.0", "east"],
  ["10.200.0.1", "east"],
  ["11.0.0.1", undefined],
  ["::ffff:10.1.2.3", "west"],
  ["2001:db8:1::5", "west"],
  ["2001:db8:2::5", undefined],
  ["not an address", undefined],
];

for (const [address, region] of ADDRESSES) {
  test(`Regions.of() finds ${region ?? "no region"} for "${address}"`, () => {
    assert.equal(regions.of(address), region);
  });
}

test("Regions refuse what is no network", () => {
  assert.throws(() => new Regions({ west: ["10.0.0.0/33"] }), /current value is "10.0.0.0\/33"$/);
});
