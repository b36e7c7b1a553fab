import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Hooks } from "../logic/hooks.ts";
import { MemoryProcess } from "../tests/memory_platform/process.ts";
import { withDirectory } from "../tests/support/data_directory.ts";
import { withLogLines } from "../tests/support/log_lines.ts";
import { privateKey, publicKeyOf, SECRET } from "../tests/support/tokens.ts";
import { openAuth, warnOfAuth } from "./auth.ts";
import { completeConfig } from "./config/load.ts";
import { relations } from "./config/relations.ts";
import { type Config, defaultConfig, type ServerCommand } from "./config/schema.ts";

const process = new MemoryProcess({});

function configWith(values: Partial<Config>): Config {
  return { ...defaultConfig(process), ...values };
}

function mistakesOf(values: Partial<Config>, command: ServerCommand = "start"): string {
  return relations(configWith({ redis: "redis://x", ...values }), command, () => undefined)
    .join("\n");
}

const webhook = {
  auth: "webhook",
  authWebhookUrl: "https://app.example.com/auth",
  authWebhookSecret: "0123456789abcdef",
} as const;

test("auth has what its way needs, and nothing of another", () => {
  const jwt = { auth: "jwt" } as const;
  const one = /needs one of jwt-secret, jwt-key-file, jwks, current is /;
  const cases: readonly [Partial<Config>, RegExp][] = [
    [{}, /^$/],
    [{ auth: "jwt", jwtSecret: SECRET, jwtIssuer: "us", jwtToleranceMs: 0 }, /^$/],
    [{ auth: "jwt", jwks: "https://id.example.com/jwks.json" }, /^$/],
    [webhook, /^$/],
    [jwt, new RegExp(`${one.source}none$`)],
    [{ ...jwt, jwtSecret: SECRET, jwks: "x" }, new RegExp(`${one.source}jwt-secret and jwks$`)],
    [{ ...jwt, jwtKeyFile: "x", jwks: "x" }, new RegExp(`${one.source}jwt-key-file and jwks$`)],
    [{ ...jwt, jwks: "https://[::1" }, /^jwks = "https:\/\/\[::1": it is no URL$/],
    // Who sets a secret and forgets the rest must not be left with goim's token.
    [{ jwtSecret: SECRET }, /^jwt-secret needs auth = "jwt", current value is "goim"$/],
    [{ ...webhook, jwks: "x" }, /^jwks needs auth = "jwt", current value is "webhook"$/],
    [{ ...webhook, auth: "goim" }, /^auth-webhook-url needs .*\nauth-webhook-secret needs /],
    [{ ...webhook, authWebhookUrl: "" }, /^auth = "webhook" needs auth-webhook-url to be set$/],
    [{ ...webhook, authWebhookUrl: "http://[::1" }, /it is no URL$/],
    [{ ...webhook, authWebhookSecret: "" }, /^auth-webhook-secret must be set/],
    [{ ...webhook, demo: "on" }, /^demo = "on" needs auth = "goim"/],
    [{ authWebhookHeaders: ["cookie"] }, /^$/],
    [{ authWebhookHeaders: Array(17).fill("x") }, /at most 16, current number is 17$/],
  ];
  for (const [values, message] of cases) {
    assert.match(mistakesOf(values), message);
    assert.match(mistakesOf(values, "logic"), message);
  }
  const comet = { logic: ["127.0.0.1:3119"], auth: "jwt" } as const;
  assert.equal(mistakesOf(comet, "comet"), "");
  assert.match(mistakesOf({ ...comet, authWebhookHeaders: Array(17).fill("x") }, "comet"), /17$/);
});

test("a program's hook authenticate is the only one to say who clients are", () => {
  const hooks: Hooks = { authenticate: () => ({ mid: 1n }) };
  assert.equal(completeConfig({ hooks }, process).auth, "goim");
  const both = () => completeConfig({ auth: "jwt", jwtSecret: SECRET, hooks }, process);
  assert.throws(both, /auth = "jwt" must not be set with the hook authenticate/);
  assert.equal(completeConfig({ auth: "jwt", jwtSecret: SECRET, hooks: {} }, process).auth, "jwt");
});

test("openAuth() reads keys, and says in one line what is wrong with them", () =>
  withDirectory(async (directory) => {
    const file = join(directory, "key");
    const open = (values: Partial<Config>) =>
      openAuth(configWith({ auth: "jwt", ...values }), process);
    assert.deepEqual(await openAuth(configWith({}), process), { mode: "goim" });
    const key = privateKey("ES256");
    await writeFile(file, publicKeyOf(key));
    const options = await open({ jwtKeyFile: file, jwtIssuer: "us" });
    assert.ok(options.mode === "jwt" && typeof options.keys !== "string");
    assert.deepEqual(options.keys.keys.map(({ algorithms }) => [...algorithms]), [["ES256"]]);
    assert.deepEqual([options.issuer, options.audience, options.toleranceMs], ["us", "", 5_000]);
    const { keys } = await open({ jwks: "https://x.example/" }) as { keys: unknown };
    assert.equal(keys, "https://x.example/");
    await assert.rejects(open({ jwks: file }), { message: /^Cannot use jwks ".*": it must be a/ });
    await writeFile(file, key);
    await assert.rejects(open({ jwtKeyFile: file }), /^Error: Cannot use jwt-key-file .* private/);
    const missing = join(directory, "none");
    await assert.rejects(open({ jwtKeyFile: missing }), /none": there is no such file$/);
    await assert.rejects(open({ jwtSecret: "short" }), /at least 32 bytes/);
    assert.deepEqual(await openAuth(configWith({ ...webhook, authWebhookCacheMs: 0 }), process), {
      mode: "webhook",
      url: webhook.authWebhookUrl,
      secret: webhook.authWebhookSecret,
      timeoutMs: 2_000,
      cacheMs: 0,
      fallback: "refuse",
    });
  }));

test("openAuth() says which permission a URL needs", async () => {
  const denied = new MemoryProcess({});
  denied.mayConnect = () => false;
  const jwks = { auth: "jwt", jwks: "https://id.example.com/jwks" } as const;
  await assert.rejects(openAuth(configWith(jwks), denied), /^Error: Cannot call jwks: Deno denies/);
  await assert.rejects(
    openAuth(configWith(webhook), denied),
    /add --allow-net=app.example.com:443/,
  );
});

const here = { hostname: "127.0.0.1", port: 1 };
const own: Hooks = { authenticate: () => ({ mid: 1n }) };
const lines: readonly [Partial<Config>, Parameters<typeof warnOfAuth>[1], Hooks, RegExp][] = [
  [{}, "all", {}, /^warning: ANYBODY who reaches the clients' ports can claim to be any user/],
  [{ tcp: here }, "all", { message() {} }, /^warning: ANYBODY .*: set auth to jwt/],
  [{}, "logic", {}, /^warning: ANYBODY /],
  [{}, "comet", {}, /^warning: ANYBODY .* unless the logics have auth = jwt or webhook, set auth/],
  [{ tcp: here, ws: here }, "all", {}, /^$/],
  [{}, "all", own, /^$/],
  [{ auth: "jwt", jwtSecret: SECRET }, "all", {}, /^$/],
  [{ auth: "jwt" }, "comet", {}, /^$/],
  [webhook, "logic", {}, /^$/],
  [
    { ...webhook, authWebhookUrl: "http://10.0.0.1/" },
    "logic",
    {},
    /^warning: auth-webhook-url is/,
  ],
  [{ ...webhook, authWebhookUrl: "http://127.0.0.1/" }, "logic", {}, /^$/],
  [{ auth: "jwt", jwks: "http://x.example/" }, "all", {}, /^warning: jwks is no https: URL/],
];
for (const [values, role, hooks, line] of lines) {
  test(`${JSON.stringify(values)} as ${role} says ${line.source.slice(1, 40)}`, () =>
    withLogLines(["halley"], async (said) => {
      warnOfAuth(configWith(values), role, hooks);
      assert.match(said.join("\n"), line);
      assert.ok(said.length <= 1);
    }));
}
