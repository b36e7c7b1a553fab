import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalAddress } from "./ip_address.ts";

test("canonicalAddress() writes an address in one form, and nothing for what is none", () => {
  const cases: readonly [text: string, canonical: string | undefined][] = [
    ["203.0.113.5", "203.0.113.5"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:db8::1", "2001:db8::1"],
    ["::", "::"],
    ["::1", "::1"],
    ["::ffff:203.0.113.5", "203.0.113.5"],
    ["::FFFF:cb00:7105", "203.0.113.5"],
    ["0:0:0:0:0:ffff:0:0", "0.0.0.0"],
    ["::fffe:203.0.113.5", "::fffe:cb00:7105"],
    ["203.0.113.05", undefined],
    ["203.0.113.256", undefined],
    ["203.0.113", undefined],
    ["fe80::1%eth0", undefined],
    ["[::1]", undefined],
    ["unix", undefined],
    ["", undefined],
  ];
  for (const [text, canonical] of cases) assert.equal(canonicalAddress(text), canonical, text);
});
