import assert from "node:assert/strict";
import { test } from "node:test";

import { joined, utf8 } from "../../tests/support/websocket_frames.ts";
import { ProtocolError } from "../close_codes.ts";
import { decodeClose } from "./close_payload.ts";
import { NO_CLOSE_CODE } from "./opcode.ts";

test("decodeClose() takes exactly the codes that may be on the wire", () => {
  const taken: number[] = [];
  for (let code = 0; code <= 0xffff; code += code > 5000 ? 97 : 1) {
    try {
      assert.equal(decodeClose(new Uint8Array([code >> 8, code])).code, code);
      taken.push(code);
    } catch (error) {
      assert.ok(error instanceof ProtocolError && error.close.code === 1002, String(error));
    }
  }
  const protocolCodes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
  assert.deepEqual(taken.slice(0, 12), protocolCodes);
  assert.deepEqual(taken.slice(12), Array.from({ length: 2000 }, (_, index) => 3000 + index));
});

test("decodeClose() of an empty payload is 1005 and empty", () => {
  assert.deepEqual(decodeClose(new Uint8Array(0)), { code: NO_CLOSE_CODE, reason: "" });
});

test("decodeClose() keeps every character, and refuses what is not UTF-8 with 1007", () => {
  const code = new Uint8Array([3, 232]);
  assert.equal(decodeClose(joined(code, utf8("\ufeffbye €"))).reason, "\ufeffbye €");
  assert.throws(
    () => decodeClose(joined(code, new Uint8Array([0xc3]))),
    (error) => error instanceof ProtocolError && error.close.code === 1007,
  );
});
