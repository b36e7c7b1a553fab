import assert from "node:assert/strict";
import { test } from "node:test";
import { setUp } from "../../tests/support/http_app.ts";

const assets = [
  { path: "/page", type: "text/html; charset=utf-8", text: "<p>é", headers: { "x-own": "1" } },
  { path: "/open.js", type: "text/javascript", text: "x", headers: allow("*") },
];

function allow(origin: string): Record<string, string> {
  return { "access-control-allow-origin": origin };
}

test("an asset is served with its type, and browsers ask again for it", async () => {
  const { call } = await setUp({ assets });
  const { response, text } = await call("GET /page");
  assert.equal(text, "<p>é");
  assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
  assert.equal(response.headers.get("cache-control"), "no-cache");
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  assert.equal(response.headers.get("x-own"), "1");
  assert.equal(response.headers.get("access-control-allow-origin"), null);
  const tag = response.headers.get("etag")!;
  const head = await call("HEAD /page");
  assert.deepEqual([head.status, head.text, head.response.headers.get("etag")], [200, "", tag]);
});

test("an asset that has not changed is not sent again", async () => {
  const { call } = await setUp({ assets });
  const tag = (await call("GET /open.js")).response.headers.get("etag")!;
  const again = await call("GET /open.js", { headers: { "if-none-match": tag } });
  assert.deepEqual([again.status, again.text], [304, ""]);
  assert.equal(again.response.headers.get("access-control-allow-origin"), "*");
  assert.equal(again.response.headers.get("etag"), tag);
  const other = await call("GET /open.js", { headers: { "if-none-match": '"other"' } });
  assert.equal(other.status, 200);
});

test("an asset may be for the names of the API alone", async () => {
  const own = [{ ...assets[0], isOwnHost: true }, assets[1]];
  const { call, logic } = await setUp({ assets: own, hosts: ["halley.example"] });
  const by = async (path: string, host: string) =>
    (await call(`GET ${path}`, { headers: { host, "sec-fetch-site": "cross-site" } })).status;
  assert.equal(await by("/page", "halley.example:3111"), 200);
  assert.equal(await by("/page", "127.0.0.1:3111"), 200);
  assert.equal(await by("/page", "www.example.com"), 403);
  assert.equal(await by("/open.js", "www.example.com"), 200);
  assert.equal(logic.counters.httpForbidden, 1);
});

test("an asset needs no API key, and pages of other sites may read it", async () => {
  const { call, logic } = await setUp({ assets, apiKey: "right-key" });
  const headers = { host: "www.example.com", origin: "https://other.example" };
  assert.equal((await call("GET /open.js", { headers })).status, 200);
  assert.equal((await call("POST /open.js", { headers })).status, 405);
  assert.equal((await call("GET /other.js", { headers })).status, 403);
  assert.deepEqual([logic.counters.httpForbidden, logic.counters.httpUnauthorized], [1, 0]);
});
