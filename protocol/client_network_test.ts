import assert from "node:assert/strict";
import { test } from "node:test";
import { clientNetwork } from "./client_network.ts";

test("clientNetwork() is an IPv4 address, and the /64 of an IPv6 address however it is written", () => {
  const networks: [string, string][] = [
    ["10.1.2.3", "10.1.2.3"],
    ["::ffff:10.1.2.3", "10.1.2.3"],
    ["unix", "unix"],
    ["::1", "0:0:0:0::/64"],
    ["::", "0:0:0:0::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:DB8:0:0:1:2:3:4", "2001:db8:0:0::/64"],
    ["2001:db8:0:1::", "2001:db8:0:1::/64"],
    ["2001:db8:a:b:c::9", "2001:db8:a:b::/64"],
    ["2001:0db8:000a:000b:c:d:e:f", "2001:db8:a:b::/64"],
    ["fe80::1:2:3:4", "fe80:0:0:0::/64"],
  ];
  for (const [address, network] of networks) assert.equal(clientNetwork(address), network);
});
