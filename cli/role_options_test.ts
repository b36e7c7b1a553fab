import assert from "node:assert/strict";
import { test } from "node:test";
import type { Origins } from "../protocol/origins.ts";
import type { Hosts } from "../logic/http/page_guard.ts";
import type { Address } from "../platform/port.ts";
import { MemoryProcess } from "../tests/memory_platform/process.ts";
import { type Config, defaultConfig } from "./config/schema.ts";
import { withLogLines } from "../tests/support/log_lines.ts";
import { AccessCounters } from "../logic/http/monitoring.ts";
import { ManualClock } from "../base/clock.ts";
import { KeyGuesses } from "../logic/http/key_guesses.ts";
import { ApiKeys, scopes } from "../logic/http/api_keys.ts";
import { apiKeyFor } from "../tests/support/http_app.ts";
import { Metrics } from "./metrics.ts";
import { metricsApp } from "./roles/http.ts";
import {
  announceLimit,
  apiAccess,
  clientOrigins,
  cometOptions,
  logicOptions,
  metricsHosts,
  warnOfOrigins,
} from "./role_options.ts";
import { listenerDefaults } from "./config/listener_options.ts";

/** Whom a request is from. */
const PEER = { remoteAddress: "127.0.0.1" };

const LOOPBACK = { hostname: "127.0.0.1", port: 1 };
const ANYWHERE = { hostname: "0.0.0.0", port: 1 };

function configWith(changes: Partial<Config>): Config {
  return { ...defaultConfig({ hostname: () => "push-1" }), ...changes };
}

/** Options, and the hosts of the API, of metrics on loopback and of metrics elsewhere. */
const HOSTS: readonly [Partial<Config>, Hosts, Hosts, Hosts][] = [
  [{}, [], [], ["*"]],
  [{ apiKey: "right-key" }, ["*"], ["*"], ["*"]],
  [{ apiKeysFile: "halley.keys.toml" }, ["*"], ["*"], ["*"]],
  [{ insecureApi: true }, "addresses", "addresses", ["*"]],
  [{ hosts: ["a.example"] }, ["a.example"], ["a.example"], ["a.example"]],
  [{ hosts: ["a.example"], apiKey: "right-key" }, ["a.example"], ["a.example"], ["a.example"]],
];

for (const [changes, api, onLoopback, elsewhere] of HOSTS) {
  test(`the hosts with ${JSON.stringify(changes)} are ${JSON.stringify(api)}`, () => {
    const config = configWith(changes);
    assert.deepEqual(apiAccess(config).hosts, api);
    assert.deepEqual(metricsHosts(config, LOOPBACK), onLoopback);
    assert.deepEqual(metricsHosts(config, ANYWHERE), elsewhere);
  });
}

test("the trusted proxies and the origins of the API are those of the options", () => {
  const given = { trustedProxies: ["10.0.0.9"] };
  assert.deepEqual(apiAccess(configWith(given)), { ...given, hosts: [], origins: "local" });
  assert.deepEqual(apiAccess(configWith({ origins: ["null"] })).origins, ["null"]);
});

function webSocketAt(address: Address) {
  return { address, transport: "websocket", ...listenerDefaults } as const;
}

const ORIGINS: readonly [Partial<Config>, Origins][] = [
  [{ ws: LOOPBACK }, "local"],
  [{ ws: { hostname: "::1", port: 1 } }, "local"],
  [{ ws: ANYWHERE }, ["*"]],
  [{ ws: LOOPBACK, origins: ["https://a.example"] }, ["https://a.example"]],
  [{ ws: ANYWHERE, origins: ["https://a.example"] }, ["https://a.example"]],
  [{ listeners: [webSocketAt(LOOPBACK), { ...webSocketAt(ANYWHERE), transport: "tcp" }] }, "local"],
  [{ listeners: [webSocketAt(LOOPBACK), webSocketAt(ANYWHERE)] }, ["*"]],
];

for (const [changes, origins] of ORIGINS) {
  test(`the origins with ${JSON.stringify(changes)} are ${JSON.stringify(origins)}`, () => {
    assert.deepEqual(clientOrigins(configWith(changes)), origins);
  });
}

test("a start that lets pages of every site in says so", () =>
  withLogLines(["halley"], async (lines) => {
    warnOfOrigins(configWith({ ws: LOOPBACK }));
    warnOfOrigins(configWith({ ws: ANYWHERE, origins: ["*"] }));
    assert.deepEqual(lines, []);
    warnOfOrigins(configWith({ ws: ANYWHERE }));
    assert.deepEqual(lines, [
      "warning: pages of every web site may open /sub in their visitors' browsers: set origins",
    ]);
  }));

test("pages of other sites cannot read /metrics of a role without an API", async () => {
  const config = configWith({ metrics: "127.0.0.1:9100" });
  const keys = new ApiKeys("anyone");
  const counters = new AccessCounters();
  const guesses = new KeyGuesses(new ManualClock(), 0, counters);
  const callers = { keys, guesses };
  const app = metricsApp(config, callers, LOOPBACK, new Metrics(), () => undefined, counters);
  const status = async (path: string, headers: HeadersInit) =>
    (await app.request(`http://127.0.0.1:9100${path}`, { headers }, PEER)).status;
  assert.equal(await status("/metrics", {}), 200);
  assert.equal(await status("/metrics", { host: "evil.example" }), 403);
  assert.equal(await status("/metrics", { origin: "http://evil.example" }), 403);
  assert.equal(await status("/healthz", { host: "evil.example" }), 200);
  assert.equal(counters.httpForbidden, 2);
});

test("/metrics of a role without an API asks for a key of scope read", async () => {
  const keys = new ApiKeys(scopes.map((scope) => apiKeyFor(scope)));
  const counters = new AccessCounters();
  const config = configWith({ metrics: "127.0.0.1:9100" });
  const guesses = new KeyGuesses(new ManualClock(), 0, counters);
  const callers = { keys, guesses };
  const app = metricsApp(config, callers, LOOPBACK, new Metrics(), () => undefined, counters);
  const status = async (headers: HeadersInit) =>
    (await app.request("http://127.0.0.1:9100/metrics", { headers }, PEER)).status;
  assert.equal(await status({}), 401);
  assert.equal(await status({ "x-api-key": "key-nobody" }), 401);
  assert.equal(await status({ "x-api-key": "key-read" }), 200);
  assert.equal(await status({ "x-api-key": "key-push" }), 403);
  assert.equal(await status({ authorization: "Bearer key-admin" }), 403);
  assert.deepEqual([counters.httpUnauthorized, counters.httpOutOfScope], [2, 2]);
  assert.deepEqual([counters.httpForbidden, counters.httpSlowed], [0, 0]);
});

/** What is asked for, the limit of open files, what is taken, and what is said beside it. */
const LIMITS: readonly [number, number | undefined, number, RegExp | undefined][] = [
  [0, 1_024, 576, undefined],
  [0, 100, 1, undefined],
  [0, undefined, 8_223, /^warning: the limit of open files is unknown/],
  [500, 1_024, 500, undefined],
  [5_000, 1_024, 5_000, /^warning: 5000 connections are more than 1024 open files leave \(576\)/],
  [50_000, undefined, 50_000, undefined],
];

for (const [connectionsMax, openFilesMax, taken, warning] of LIMITS) {
  test(`connections-max ${connectionsMax} and ${openFilesMax} files are ${taken} connections`, async () => {
    const config = configWith({ connectionsMax });
    const process = new MemoryProcess({ openFilesMax });
    assert.equal(cometOptions(config, process).connectionsMax, taken);
    await withLogLines(["halley"], async (lines) => {
      announceLimit(config, process);
      assert.equal(lines[0], "info: connections are limited");
      assert.equal(lines.length, warning === undefined ? 1 : 2);
      if (warning !== undefined) assert.match(lines[1], warning);
    });
  });
}

test("a webhook that this process may not call is told at the start, with what to do", () => {
  const process = new MemoryProcess({});
  const asked: string[] = [];
  const options = { webhookSecret: "0123456789abcdef", webhookMs: 500 };
  const goim = { mode: "goim" } as const;
  const urls = ["https://example.com/x", "http://[::1]/", "http://example.com:8080"];
  process.mayConnect = (host) => asked.push(host) > 0;
  assert.equal(logicOptions(configWith(options), process, goim).webhook, undefined);
  for (const webhookUrl of urls) {
    const { webhook } = logicOptions(configWith({ ...options, webhookUrl }), process, goim);
    assert.deepEqual(webhook, { url: webhookUrl, secret: options.webhookSecret, timeoutMs: 500 });
  }
  assert.deepEqual(asked, ["example.com:443", "[::1]:80", "example.com:8080"]);
  process.mayConnect = () => false;
  assert.throws(
    () => logicOptions(configWith({ ...options, webhookUrl: urls[0] }), process, goim),
    {
      message: 'Cannot call webhook-url: Deno denies net access to "example.com:443"; add ' +
        "--allow-net=example.com:443, with all that is listened on",
    },
  );
});
