import assert from "node:assert/strict";
import { test } from "node:test";
import { hostnameOf, isLoopback, isSameHost, originHostname } from "./host.ts";

const HOSTS: readonly [string, string | undefined][] = [
  ["localhost", "localhost"],
  ["LocalHost:3111", "localhost"],
  ["127.0.0.1:", "127.0.0.1"],
  ["[::1]:3111", "::1"],
  ["[0:0::1]", "::1"],
  ["push.example.com:80", "push.example.com"],
  ["", undefined],
  [":3111", undefined],
  ["a b", undefined],
  ["user@host", undefined],
  ["host/goim/push/all?operation=77&", undefined],
  ["host?x", undefined],
  ["host#x", undefined],
  ["a,b", undefined],
  ["a:80:80", undefined],
  ["::1", undefined],
];

for (const [host, hostname] of HOSTS) {
  test(`hostnameOf() finds ${hostname} in "${host}"`, () => {
    assert.equal(hostnameOf(host), hostname);
  });
}

test("originHostname() finds the page's host, and none in null", () => {
  assert.equal(originHostname("http://LOCALHOST:5173"), "localhost");
  assert.equal(originHostname("https://[::1]"), "::1");
  for (const origin of ["null", "", "file://", "localhost"]) {
    assert.equal(originHostname(origin), undefined, origin);
  }
});

const PAIRS: readonly [boolean, string, string][] = [
  [true, "http://a.example", "a.example"],
  [true, "http://a.example", "A.example:80"],
  [true, "https://a.example", "a.example:443"],
  [true, "http://127.0.0.1:3111", "127.0.0.1:3111"],
  [true, "http://[::1]:3111", "[0::1]:3111"],
  [false, "https://a.example", "a.example:80"],
  [false, "http://a.example:3111", "a.example"],
  [false, "http://b.example", "a.example"],
  [false, "null", "null"],
  [false, "file://", ""],
  [false, "", ""],
  [false, "http://a.example", "x@a.example"],
];

for (const [isSame, origin, host] of PAIRS) {
  test(`isSameHost() says ${isSame} for "${origin}" and "${host}"`, () => {
    assert.equal(isSameHost(origin, host), isSame);
  });
}

test("isLoopback() knows both families", () => {
  for (const hostname of ["127.0.0.1", "127.9.9.9", "::1", "localhost"]) {
    assert.ok(isLoopback(hostname), hostname);
  }
  for (const hostname of ["0.0.0.0", "::", "10.0.0.1", "127.example.com", "fe80::1", ""]) {
    assert.ok(!isLoopback(hostname), hostname);
  }
});
