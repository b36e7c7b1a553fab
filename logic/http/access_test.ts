/** Who may use the HTTP API. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { OK, setUp } from "../../tests/support/http_app.ts";

test("goim fault 11: pushes without the API key are refused when one is set", async () => {
  const { logic, pushLog, call } = await setUp({ apiKey: "right-key" });
  const push = "POST /goim/push/all?operation=1000";
  const wrong = ["", "Bearer", "Bearer ", "Bearer wrong", "Bearer right-key2", "Basic right-key"];
  const refused = '{"code":-401,"message":"API key is missing or wrong"}';
  for (const authorization of wrong) {
    const { status, text } = await call(push, { headers: { authorization } });
    assert.deepEqual([status, text], [401, refused], authorization);
  }
  for (const key of ["", "wrong", "right-ke"]) {
    assert.equal((await call(push, { headers: { "x-api-key": key } })).status, 401);
  }
  const closed = ["GET /goim/online/total", "GET /metrics", "POST /goim/push%2Fall?operation=1"];
  for (const line of closed) assert.equal((await call(line)).status, 401, line);
  assert.equal(logic.counters.httpUnauthorized, wrong.length + 3 + closed.length);
  assert.deepEqual(pushLog.taken, []);

  const shown: HeadersInit[] = [{ authorization: "Bearer right-key" }, {
    "X-API-Key": "right-key",
  }];
  for (const headers of shown) assert.equal((await call(push, { headers })).text, OK);
  assert.equal(pushLog.taken.length, 2);
  for (const line of ["GET /healthz", "GET /readyz"]) assert.equal((await call(line)).status, 200);
});

test("a client does not learn whether its API key is right beside that of a proxy", async () => {
  const { call } = await setUp({ apiKey: "right-key" });
  const status = async (bearer: string, own: string) => {
    const headers = { authorization: `Bearer ${bearer}`, "x-api-key": own };
    return (await call("GET /goim/online/total", { headers })).status;
  };
  assert.deepEqual([await status("wrong", "right-key"), await status("right-key", "wrong")], [
    401,
    401,
  ]);
  assert.equal(await status("right-key", "right-key"), 200);
});

test("a trailing slash is no way around the API key", async () => {
  const { call } = await setUp({ apiKey: "right-key" });
  assert.equal((await call("POST /goim/push/all/?operation=1")).status, 401);
});

const FOREIGN: readonly [Record<string, string>, string][] = [
  [{ host: "evil.example" }, 'Host is "evil.example", which the option hosts does not allow'],
  [
    { host: "127.0.0.1:3111", origin: "http://evil.example" },
    'a page of another site must not call: Origin is "http://evil.example"',
  ],
  [
    { host: "127.0.0.1:3111", "sec-fetch-site": "cross-site" },
    'a page of another site must not call: Sec-Fetch-Site is "cross-site"',
  ],
];

for (const [headers, message] of FOREIGN) {
  test(`a page of another site cannot push or ask: ${message}`, async () => {
    const { call, logic, pushLog } = await setUp();
    const refused = JSON.stringify({ code: -403, message });
    for (
      const line of ["POST /goim/push/all?operation=1", "GET /goim/online/total", "GET /metrics"]
    ) {
      const { status, text } = await call(line, { headers });
      assert.deepEqual([status, text], [403, refused], line);
    }
    assert.equal(logic.counters.httpForbidden, 3);
    assert.deepEqual(pushLog.taken, []);
    for (const line of ["GET /healthz", "GET /readyz"]) {
      assert.equal((await call(line, { headers })).status, 200, line);
    }
  });
}

test("a page of another site cannot push with the API key either", async () => {
  const { call } = await setUp({ apiKey: "right-key", hosts: ["*"] });
  const headers = { "x-api-key": "right-key", host: "push.example.com" };
  const push = "POST /goim/push/all?operation=1";
  assert.equal((await call(push, { headers })).text, OK);
  const foreign = { ...headers, origin: "https://evil.example" };
  assert.equal((await call(push, { headers: foreign })).status, 403);
});

test("a page of another site that may be a client may ask where the comets are", async () => {
  const { call, logic } = await setUp({ origins: ["https://www.example.com"] });
  const ask = "GET /goim/nodes/weighted?platform=web";
  const from = (origin: string) => ({
    headers: { host: "127.0.0.1:3111", origin, "sec-fetch-site": "cross-site" },
  });
  const allowed = await call(ask, from("https://www.example.com"));
  assert.equal(JSON.parse(allowed.text).code, 0);
  assert.equal(
    allowed.response.headers.get("access-control-allow-origin"),
    "https://www.example.com",
  );
  assert.equal(allowed.response.headers.get("vary"), "origin");
  assert.equal((await call(ask, from("https://evil.example"))).status, 403);
  for (const other of ["GET /goim/nodes/instances", "GET /metrics", "POST /goim/nodes/weighted"]) {
    assert.equal((await call(other, from("https://www.example.com"))).status, 403, other);
  }
  assert.equal(logic.counters.httpForbidden, 4);
});

test("the name of the server is checked, and the key, where a page asks for the comets", async () => {
  const { call } = await setUp({
    origins: ["*"],
    apiKey: "right-key",
    hosts: ["push.example.com"],
  });
  const ask = "GET /goim/nodes/weighted";
  const headers = { host: "push.example.com", origin: "https://www.example.com" };
  assert.equal((await call(ask, { headers })).status, 401);
  const key = { "x-api-key": "right-key" };
  assert.equal((await call(ask, { headers: { ...headers, ...key } })).status, 200);
  const rebound = { ...headers, ...key, host: "evil.example" };
  assert.equal((await call(ask, { headers: rebound })).status, 403);
});
