import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { peerAddress } from "./peer_address.ts";
import { selectPlatform } from "./select.ts";

test("peerAddress() has IPv4 in one form, and leaves the others as they are", () => {
  const cases = [
    ["::ffff:10.1.2.3", "10.1.2.3"],
    ["10.1.2.3", "10.1.2.3"],
    ["::ffff:a01:203", "::ffff:a01:203"],
    ["2001:db8::1", "2001:db8::1"],
    ["unix", "unix"],
  ];
  for (const [address, expected] of cases) assert.equal(peerAddress(address), expected);
});

test("a connection by IPv4 has an IPv4 address, also where the listener takes IPv6", async () => {
  const { streams } = await selectPlatform();
  const all = Object.values(networkInterfaces()).flat();
  const hostname = all.some((each) => each?.address === "::1") ? "::" : "0.0.0.0";
  const handler = { open() {}, data() {}, drain() {}, end() {}, close() {} };
  const { promise: peer, resolve } = Promise.withResolvers<string>();
  const listener = await streams.listen({
    hostname,
    port: 0,
    pendingBytesMax: 0,
    handler: {
      ...handler,
      open(conn) {
        resolve(conn.remoteAddress);
        conn.evict();
      },
    },
  });
  const { port } = listener.address;
  const dialled = await streams.dial({ hostname: "127.0.0.1", port, pendingBytesMax: 0, handler });
  try {
    assert.equal(await peer, "127.0.0.1");
  } finally {
    dialled.evict();
    await listener.close();
  }
});
