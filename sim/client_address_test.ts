import assert from "node:assert/strict";
import { test } from "node:test";
import { parseClientAddress } from "./client_address.ts";

test("parseClientAddress() takes names, addresses and every port", () => {
  assert.deepEqual(parseClientAddress("tcp://push.example:80"), {
    transport: "tcp",
    host: "push.example",
    port: 80,
  });
  assert.deepEqual(parseClientAddress("ws://[::1]:65535"), {
    transport: "ws",
    host: "::1",
    port: 65_535,
  });
});

test("parseClientAddress() takes nothing else", () => {
  for (
    const text of [
      ..."tcp://h:0,tcp://h:65536,tcp://h,http://h:1,h:1,tcp://:1,tcp://a:b:1".split(","),
      ..."tcp://[::1:1,tcp://h:1/sub, tcp://h:1".split(","),
    ]
  ) assert.equal(parseClientAddress(text), undefined, text);
});
