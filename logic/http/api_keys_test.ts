import assert from "node:assert/strict";
import { test } from "node:test";
import { configureSync, resetSync, type Sink } from "@logtape/logtape";
import { apiKeyFor, setUp } from "../../tests/support/http_app.ts";
import { Limits } from "../../protocol/limits.ts";
import { ApiKeys, fullKey, type Scope, scopes } from "./api_keys.ts";

/** Every call that needs a key, with its scope. */
const CALLS: readonly (readonly [Scope, string])[] = [
  ["push", "POST /goim/push/keys"],
  ["push", "POST /goim/push/mids"],
  ["push", "POST /goim/push/room"],
  ["push", "POST /goim/push/all"],
  ["push", "POST /v1/push"],
  ["read", "GET /goim/online/top"],
  ["read", "GET /goim/online/room"],
  ["read", "GET /goim/online/total"],
  ["read", "GET /goim/nodes/weighted"],
  ["read", "GET /goim/nodes/instances"],
  ["read", "GET /goim/history/room"],
  ["read", "GET /metrics"],
  ["admin", "POST /v1/drain"],
  ["admin", "POST /v1/mute"],
  ["admin", "POST /v1/unmute"],
  ["admin", "POST /v1/disconnect"],
  ["admin", "POST /v1/block"],
  ["admin", "POST /v1/unblock"],
];

test("every call is in the table of scopes", async () => {
  const { app } = await setUp();
  const open = ["GET /healthz", "GET /readyz"];
  const routes = app.routes.filter(({ path }) => path !== "/*")
    .map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(
    [...new Set(routes)].filter((line) => !open.includes(line)).sort(),
    CALLS.map(([, line]) => line).sort(),
  );
});

for (const [scope, line] of CALLS) {
  test(`${line} lets a key of scope ${scope} in, and one of each other scope not`, async () => {
    const { call, logic, pushLog } = await setUp({ keys: new ApiKeys(scopes.map(apiKeyFor)) });
    for (const other of scopes.filter((other) => other !== scope)) {
      for (const path of [line, `${line}?operation=1&room=1&type=live`]) {
        const { status, text } = await call(path, { headers: { "x-api-key": `key-${other}` } });
        const message = `API key "for-${other}" lacks the scope ${scope}`;
        assert.deepEqual([status, text], [403, JSON.stringify({ code: -403, message })]);
      }
    }
    assert.equal(logic.counters.httpOutOfScope, 4);
    assert.deepEqual(pushLog.taken, []);
    assert.equal(logic.counters.mutes, 0);
    const nobody: HeadersInit[] = [{}, { "x-api-key": "key-nobody" }];
    for (const headers of nobody) {
      assert.equal((await call(line, { headers })).status, 401);
    }
    assert.equal(logic.counters.httpUnauthorized, 2);
    const shown: HeadersInit[] = [{ "x-api-key": `key-${scope}` }, {
      authorization: `Bearer key-${scope}`,
    }];
    for (const headers of shown) {
      assert.equal((await call(line, { headers })).status, 200);
    }
  });
}

test("what is no call is told to keys of every scope", async () => {
  const { call } = await setUp({ keys: new ApiKeys(scopes.map(apiKeyFor)) });
  for (const scope of scopes) {
    const headers = { "x-api-key": `key-${scope}` };
    assert.equal((await call("GET /v1/push", { headers })).status, 405);
    assert.equal((await call("POST /v1/mute/all", { headers })).status, 404);
    assert.equal((await call("POST /v1/mute/", { headers })).status, 307);
  }
  assert.equal((await call("POST /v1/mute/all")).status, 401);
});

test("ApiKeys.replace() ends keys and brings others, without a restart", async () => {
  const keys = new ApiKeys([fullKey("old", "old-key"), apiKeyFor("push")]);
  const { call } = await setUp({ keys });
  const status = async (key: string) =>
    (await call("GET /goim/online/total", { headers: { "x-api-key": key } })).status;
  assert.deepEqual([await status("old-key"), await status("new-key")], [200, 401]);
  keys.replace([fullKey("new", "new-key")]);
  assert.deepEqual([await status("old-key"), await status("new-key")], [401, 200]);
  keys.replace([]);
  assert.deepEqual([await status("new-key"), await status("")], [401, 401], "none is not anyone");
});

/** Collects what the audit log says while `body` runs. */
async function withAudit(body: (calls: readonly unknown[][]) => Promise<void>): Promise<void> {
  const calls: unknown[][] = [];
  const audit: Sink = ({ level, message, properties }) => {
    const { call, key, address, asked, answer } = properties;
    assert.deepEqual([level, message], ["info", ["admin call"]]);
    calls.push([call, key, address, asked, answer]);
  };
  configureSync({
    reset: true,
    sinks: { audit },
    loggers: [
      { category: ["halley", "audit"], lowestLevel: "debug", sinks: ["audit"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: [] },
    ],
  });
  try {
    await body(calls);
  } finally {
    resetSync();
  }
}

for (const [scope, line] of CALLS) {
  test(`${line} has ${scope === "admin" ? "a" : "no"} line in the audit log`, () =>
    withAudit(async (calls) => {
      const { call } = await setUp({ keys: new ApiKeys(scopes.map(apiKeyFor)) });
      await call(line, { headers: { "x-api-key": `key-${scope}` } });
      const [, path] = line.split(" ");
      assert.deepEqual(calls.map(([call]) => call), scope === "admin" ? [path] : []);
    }));
}

test("a line of the audit log says who asked what, done or refused, and from where", () =>
  withAudit(async (calls) => {
    const keys = new ApiKeys(scopes.map(apiKeyFor));
    const { call } = await setUp({ keys, trustedProxies: ["10.1.0.9"] });
    const by = (scope: string, more = {}) => ({
      headers: { "x-api-key": `key-${scope}`, ...more },
    });
    const mute = '{"mid":"7","for_ms":1000}';
    await call("POST /v1/mute", { body: mute, ...by("admin", { "x-forwarded-for": "192.0.2.5" }) });
    await call("POST /v1/mute", { body: "{}", ...by("admin") });
    await call("POST /v1/unmute", { body: '{"mid":"7"}', ...by("read") });
    await call("POST /v1/unmute", { body: `{"mid":"7"${" ".repeat(1_000)}}`, ...by("admin") });
    await call("POST /v1/mute", { body: mute, ...by("nobody") });
    const at = "10.1.0.9";
    const refused = '{"code":-403,"message":"API key \\"for-read\\" lacks the scope admin"}';
    const long = `{"mid":"7"${" ".repeat(Limits.adminRequestBytesMax)}}`;
    await call("POST /v1/unmute", { body: long, ...by("admin") });
    await call("POST /v1/unmute", { body: long, ...by("read") });
    const tooLong = `{"code":-400,"message":"body must be at most 65536 bytes, is ${long.length}"}`;
    const missing = '{"code":-400,"message":"for_ms is missing"}';
    const was = '{"code":0,"message":"","data":{"was_muted":true}}';
    assert.deepEqual(calls, [
      ["/v1/mute", "for-admin", "192.0.2.5", mute, '{"code":0,"message":""}'],
      ["/v1/mute", "for-admin", at, "{}", missing],
      ["/v1/unmute", "for-read", at, '{"mid":"7"}', refused],
      ["/v1/unmute", "for-admin", at, `{"mid":"7"${" ".repeat(1_000)}}`, was],
      ["/v1/unmute", "for-admin", at, `${long.slice(0, Limits.adminRequestBytesMax)}…`, tooLong],
      ["/v1/unmute", "for-read", at, `${long.slice(0, 500)}…`, refused],
    ]);
  }));
