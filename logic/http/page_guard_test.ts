import assert from "node:assert/strict";
import { test } from "node:test";
import { type Hosts, pageGuard } from "./page_guard.ts";

const LISTED = ["Push.example.com", "10.0.0.5", "2001:db8::5"];

const CASES: readonly [boolean, Hosts, Record<string, string>][] = [
  [true, [], { host: "localhost" }],
  [true, [], { host: "LOCALHOST:3111" }],
  [true, [], { host: "127.0.0.1:3111" }],
  [true, [], { host: "127.1.2.3" }],
  [true, [], { host: "[::1]:80" }],
  [false, [], { host: "evil.example" }],
  [false, [], { host: "localhost.evil.example" }],
  [false, [], { host: "localhost@evil.example" }],
  [false, [], { host: "localhost/x" }],
  [false, [], { host: "" }],
  [false, [], { host: "10.0.0.5" }],
  [false, [], { host: "0.0.0.0:3111" }],
  [true, LISTED, { host: "push.EXAMPLE.com:3111" }],
  [true, LISTED, { host: "10.0.0.5:3111" }],
  [true, LISTED, { host: "[2001:db8:0::5]" }],
  [true, LISTED, { host: "127.0.0.1" }],
  [false, LISTED, { host: "evil.example" }],
  [true, ["*"], { host: "evil.example" }],
  [true, "addresses", { host: "10.9.9.9:3111" }],
  [true, "addresses", { host: "[2001:db8::1]:3111" }],
  [true, "addresses", { host: "localhost" }],
  [false, "addresses", { host: "evil.example" }],
  [true, [], { host: "127.0.0.1:3111", origin: "http://127.0.0.1:3111" }],
  [true, ["*"], { host: "push.example.com", origin: "https://push.example.com" }],
  [false, [], { host: "127.0.0.1:3111", origin: "http://evil.example" }],
  [false, [], { host: "127.0.0.1:3111", origin: "http://127.0.0.1:8000" }],
  [false, [], { host: "127.0.0.1:3111", origin: "http://localhost:3111" }],
  [false, [], { host: "127.0.0.1:3111", origin: "null" }],
  [false, [], { host: "127.0.0.1:3111", origin: "" }],
  [false, ["*"], { host: "push.example.com", origin: "https://evil.example" }],
  [true, [], { host: "127.0.0.1", "sec-fetch-site": "same-origin" }],
  [true, [], { host: "127.0.0.1", "sec-fetch-site": "none" }],
  [false, [], { host: "127.0.0.1", "sec-fetch-site": "same-site" }],
  [false, [], { host: "127.0.0.1", "sec-fetch-site": "cross-site" }],
  [false, ["*"], { host: "push.example.com", "sec-fetch-site": "cross-site" }],
];

for (const [passes, hosts, fields] of CASES) {
  const verb = passes ? "lets pass" : "refuses";
  test(`pageGuard(${JSON.stringify(hosts)}) ${verb} ${JSON.stringify(fields)}`, () => {
    const headers = new Headers();
    for (const [name, value] of Object.entries(fields)) headers.set(name, value);
    // The field counts, and not what a runtime made of it.
    const reason = pageGuard(hosts)({ headers, url: "http://localhost/x" } as Request);
    assert.equal(reason === undefined, passes, reason ?? "passed");
  });
}

test("pageGuard() lets a request without a Host pass, which no browser sends", () => {
  const headers = new Headers();
  assert.equal(pageGuard([])({ headers, url: "/goim/online/total" } as Request), undefined);
});
