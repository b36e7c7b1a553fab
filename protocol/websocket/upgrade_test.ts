import assert from "node:assert/strict";
import { test } from "node:test";

import { acceptResponse } from "./upgrade.ts";

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("acceptResponse() answers the key of RFC 6455 section 1.3 as it says", () => {
  assert.equal(
    textOf(acceptResponse("dGhlIHNhbXBsZSBub25jZQ==")),
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
  );
});
