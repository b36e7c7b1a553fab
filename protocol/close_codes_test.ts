import assert from "node:assert/strict";
import { test } from "node:test";
import { type CloseCode, CloseCodes } from "./close_codes.ts";

const codes: readonly CloseCode[] = Object.values(CloseCodes);

test("CloseCodes are all different", () => {
  assert.equal(new Set(codes.map(({ code }) => code)).size, codes.length);
  assert.equal(new Set(codes.map(({ reason }) => reason)).size, codes.length);
});

test("CloseCodes may be sent in a close frame (RFC 6455 section 7.4)", () => {
  for (const { code } of codes) {
    const ofTheRfc = code >= 1000 && code <= 1011 && ![1004, 1005, 1006].includes(code);
    assert.ok(ofTheRfc || (code >= 4000 && code <= 4999), String(code));
  }
});

test("CloseCodes have reasons that fit a control frame beside the code", () => {
  for (const { reason } of codes) {
    assert.ok(reason.length > 0 && new TextEncoder().encode(reason).length <= 123, reason);
  }
});
