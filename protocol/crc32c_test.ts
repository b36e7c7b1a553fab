import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32c } from "./crc32c.ts";
import { utf8 } from "../tests/support/protocol.ts";

test("crc32c() is that of RFC 3720 appendix B.4", () => {
  assert.equal(crc32c(utf8("123456789")), 0xe3069283);
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e);
});

test("crc32c() goes on from what came before", () => {
  assert.equal(crc32c(utf8("6789"), crc32c(utf8("12345"))), 0xe3069283);
  assert.equal(crc32c(new Uint8Array(), 7), 7);
});
