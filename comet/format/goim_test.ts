import assert from "node:assert/strict";
import { test } from "node:test";
import { hex } from "../../tests/support/websocket_frames.ts";
import { goimMessages } from "./goim.ts";

test("goimMessages.frame() writes the WebSocket header for every length", () => {
  const lengths: [bodyBytes: number, header: string][] = [
    [0, "8210"],
    [109, "827d"],
    [110, "827e007e"],
    [65_519, "827effff"],
    [65_520, "827f0000000000010000"],
  ];
  for (const [bodyBytes, header] of lengths) {
    const body = new Uint8Array(bodyBytes).fill(7);
    const bytes = goimMessages.frame(5, -1, body);
    const headerBytes = header.length / 2;
    assert.equal(hex(bytes.subarray(0, headerBytes)), header);
    const frameBytes = (16 + bodyBytes).toString(16).padStart(8, "0");
    assert.equal(
      hex(bytes.subarray(headerBytes, headerBytes + 16)),
      `${frameBytes}0010000100000005ffffffff`,
    );
    assert.deepEqual(bytes.subarray(headerBytes + 16), body);
  }
});
