import assert from "node:assert/strict";
import { test } from "node:test";

import { acceptResponse, healthResponse, refuseResponse } from "./upgrade_response.ts";

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("acceptResponse() answers the key of RFC 6455 section 1.3 as it says", () => {
  assert.equal(
    textOf(acceptResponse("dGhlIHNhbXBsZSBub25jZQ==")),
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
  );
});

test("healthResponse() has a body but for HEAD", () => {
  const head = "HTTP/1.1 200 OK\r\nConnection: close\r\n" +
    "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n\r\n";
  assert.equal(textOf(healthResponse(true)), `${head}ok\n`);
  assert.equal(textOf(healthResponse(false)), head);
});

test("refuseResponse() brings the fields of its status and counts its body in bytes", () => {
  const rest = "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 4\r\n\r\n€\n";
  assert.equal(
    textOf(refuseResponse(400, "€")),
    `HTTP/1.1 400 Bad Request\r\nConnection: close\r\n${rest}`,
  );
  assert.equal(
    textOf(refuseResponse(405, "€")),
    `HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nAllow: GET\r\n${rest}`,
  );
  assert.equal(
    textOf(refuseResponse(426, "€")),
    "HTTP/1.1 426 Upgrade Required\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n" +
      `Sec-WebSocket-Version: 13\r\n${rest}`,
  );
});
