import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigError } from "../../options/reading.ts";
import type { Process } from "../../platform/port.ts";
import { roomDefaults } from "../../protocol/room_options.ts";
import { openAuth } from "../auth.ts";
import * as options from "../role_options.ts";
import { planReload, reloadedFields, reloads } from "./reloading.ts";
import { type Config, defaultConfig, type Field, optionList } from "./schema.ts";

const process = {
  hostname: () => "push-1",
  openFilesMax: () => 20_000,
  mayConnect: () => true,
} as Partial<Process> as Process;

const base: Config = {
  ...defaultConfig(process),
  webhookUrl: "http://127.0.0.1/hook",
  webhookSecret: "0123456789abcdef",
};

const jwt: Partial<Config> = { auth: "jwt", jwtSecret: "0123456789abcdef".repeat(2) };
const authWebhook: Partial<Config> = {
  auth: "webhook",
  authWebhookUrl: "http://127.0.0.1/auth",
  authWebhookSecret: "0123456789abcdef",
};

const tls = { tlsCert: ["cert.pem"], tlsKey: ["key.pem"], rpcTls: true } as const;

/** What stands beside an option that needs others. */
const beside: Partial<Record<Field, Partial<Config>>> = {
  jwtSecret: jwt,
  jwtKeyFile: { auth: "jwt", jwtKeyFile: "old.pem" },
  jwks: { auth: "jwt", jwks: "old.json" },
  jwtIssuer: jwt,
  jwtAudience: jwt,
  jwtToleranceMs: jwt,
  authWebhookUrl: authWebhook,
  authWebhookSecret: authWebhook,
  authWebhookMs: authWebhook,
  authWebhookHeaders: authWebhook,
  authWebhookCacheMs: authWebhook,
  authWebhookFallback: authWebhook,
  tlsCert: tls,
  tlsKey: tls,
  tlsCa: tls,
};

/** Another value of each option that reloads. */
const others: Pick<Config, typeof reloadedFields[number]> = {
  handshakeMs: 1_000,
  slowReaderMs: 1_000,
  origins: ["https://www.example.com"],
  operationsMax: 7,
  joinsMax: 7,
  handshakesMax: 7,
  acceptRate: 7,
  acceptBurst: 7,
  addressConnectionsMax: 7,
  addressAuthFailuresMax: 7,
  roomsMax: 7,
  ringMax: 300_000,
  ringsMax: 32 * 1024 ** 2,
  pingMs: 7_000,
  connectionsMax: 7,
  reportMs: 700,
  drainMs: 700,
  publishRate: 7,
  publishBurst: 7,
  auth: "webhook",
  jwtSecret: "fedcba9876543210".repeat(2),
  jwtKeyFile: "new.pem",
  jwks: "new.json",
  jwtIssuer: "me",
  jwtAudience: "you",
  jwtToleranceMs: 7_000,
  authWebhookUrl: "http://127.0.0.1/other",
  authWebhookSecret: "fedcba9876543210",
  authWebhookMs: 70,
  authWebhookHeaders: ["cookie"],
  authWebhookCacheMs: 7_000,
  authWebhookFallback: "cached",
  perMidMax: 7,
  perKeyMax: 7,
  whenFull: "refuse",
  hookMs: 70,
  publishMidRate: 7,
  publishMidBurst: 7,
  webhookUrl: "http://127.0.0.1/other",
  webhookSecret: "fedcba9876543210",
  webhookMs: 70,
  defaultDomain: "push.example.com",
  hostDomain: ".example.com",
  regions: { west: ["10.1.0.0/16"] },
  apiKey: "a new key",
  apiKeysFile: "keys.toml",
  insecureApi: true,
  hosts: ["push.example.com"],
  trustedProxies: ["10.0.0.0/8"],
  httpConnectionsMax: 7,
  apiKeyFailuresMax: 7,
  tlsCert: ["new.pem"],
  tlsKey: ["new.pem"],
  tlsCa: "new.pem",
  rooms: [{ ...roomDefaults, type: "live", historySize: 7 }],
  logLevel: "debug",
};

/** Another value of any option, right or not. */
function otherOf(field: Field): unknown {
  if (reloads(field)) return others[field as keyof typeof others];
  const value = base[field];
  if (typeof value === "number") return value + 1;
  if (typeof value === "boolean") return !value;
  if (typeof value === "string") return `${value}x`;
  if (field === "listeners") return [{ address: base.tcp, transport: "tcp" }];
  return Array.isArray(value) ? ["x"] : { hostname: "127.0.0.9", port: 9 };
}

/** All that a running server is made of anew at a reload. */
async function parts(config: Config): Promise<string> {
  const { jwtKeyFile, jwks } = config;
  const reads = jwtKeyFile !== "" || jwks !== "";
  const auth = reads ? { mode: "goim" as const } : await openAuth(config, process);
  return JSON.stringify([
    options.cometOptions(config, process),
    options.logicOptions(config, process, auth),
    [jwtKeyFile, jwks, config.jwtSecret],
    options.apiAccess(config),
    options.httpConnectionsMax(config, process),
    [config.logLevel, config.apiKey, config.apiKeysFile, config.apiKeyFailuresMax],
    [config.tlsCert, config.tlsKey, config.tlsCa],
  ]);
}

describe("planReload()", () => {
  for (const [field, option] of optionList) {
    const { name } = option;
    it(`${reloads(field) ? "takes" : "keeps, until a restart,"} ${field}`, async () => {
      const current: Config = { ...base, ...beside[field] };
      const next = { ...current, ...(field === "auth" && authWebhook), [field]: otherOf(field) };
      const plan = planReload(current, next, "start");
      const said = [...plan.changed, ...plan.restart].join();
      assert.equal(plan.changed.length > 0, reloads(field), said);
      assert.equal(plan.restart.length > 0, !reloads(field), said);
      assert.ok(said.includes(name), said);
      if (option.secret) assert.equal(said, name);
      // What it says it takes arrives at a part, and what it keeps at none.
      assert.equal(await parts(plan.config) !== await parts(current), reloads(field));
      if (!reloads(field)) assert.deepEqual(plan.config, current);
    });
  }

  it("lets nobody in without a key or a token where these were needed", () => {
    const mistakesFrom = (current: Partial<Config>) => {
      try {
        return planReload({ ...base, ...current }, base, "start");
      } catch (error) {
        return (error as ConfigError).mistakes;
      }
    };
    const noKeys =
      "without API keys anyone could use the HTTP API who reaches it (before a restart)";
    const noTokens = 'auth = "goim": clients would be whoever they say (before a restart)';
    assert.deepEqual(mistakesFrom({ apiKey: "a key that was" }), [noKeys]);
    assert.deepEqual(mistakesFrom({ apiKeysFile: "keys.toml" }), [noKeys]);
    assert.deepEqual(mistakesFrom(jwt), [noTokens]);
    assert.deepEqual(mistakesFrom({ ...authWebhook, apiKey: "a key" }), [noTokens, noKeys]);
  });

  it("says what changes, from what to what", () => {
    const rooms = (...all: readonly Partial<Config["rooms"][number]>[]) =>
      all.map((room) => ({ ...roomDefaults, ...room }));
    const current = {
      ...base,
      rooms: rooms({ type: "live", upstream: "publish" }, { type: "old" }),
    };
    const next: Config = {
      ...base,
      logLevel: "debug",
      perMidMax: 7,
      apiKey: "a new key",
      tcp: { hostname: "127.0.0.1", port: 1 },
      rooms: rooms(
        { type: "live", upstream: "publish", slowModeMs: 5_000, membersMax: 9 },
        { type: "new" },
      ),
    };
    assert.deepEqual(planReload(current, current, "start"), {
      config: current,
      changed: [],
      restart: [],
    });
    const { changed, restart } = planReload(current, next, "start");
    assert.deepEqual(changed, [
      "api-key",
      '[[rooms]] "live" members-max: 0 -> 9',
      '[[rooms]] "live" slow-mode: 0ms -> 5s',
      '[[rooms]] "old": gone',
      '[[rooms]] "new": new',
      "per-mid-max: 16 -> 7",
      "log-level: info -> debug",
    ]);
    assert.deepEqual(restart, ["tcp: 0.0.0.0:3101 -> 127.0.0.1:1"]);
  });

  it("lets rooms go on with their history until a restart, also where another type's held", () => {
    const live = { ...roomDefaults, type: "live", historySize: 10, historyTtlMs: 5_000 };
    const rest = { ...roomDefaults, historySize: 20 };
    const plan = (before: Config["rooms"], after: Config["rooms"]) => {
      const { config, restart } = planReload(
        { ...base, rooms: before },
        { ...base, rooms: after },
        "start",
      );
      const sizes = config.rooms.map(({ type, historySize }) => `${type} ${historySize}`);
      return [sizes, restart];
    };
    assert.deepEqual(plan([live], [{ ...live, historySize: 0, membersMax: 3 }]), [
      ["live 10"],
      ['[[rooms]] "live" history-size: 10 -> 0'],
    ]);
    assert.deepEqual(plan([live], []), [["live 10"], ['[[rooms]] "live" history-size: 10 -> 0']]);
    assert.deepEqual(plan([rest], [{ ...live, historySize: 0 }]), [
      ["* 20", "live 20"],
      ['[[rooms]] "*" history-size: 20 -> 0', '[[rooms]] "live" history-size: 20 -> 0'],
    ]);
    assert.deepEqual(plan([], [live]), [["live 10"], []]);
    assert.deepEqual(plan([live], [{ ...live, historySize: 5 }]), [["live 5"], []]);
  });

  it("refuses what would be right only after a restart", () => {
    const open = { ...base, http: { hostname: "0.0.0.0", port: 3111 }, apiKey: "the old key" };
    const next = { ...base, apiKey: "" };
    assert.throws(() => planReload(open, next, "start"), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /anyone who reaches it could push.*\(before a restart\)/);
      return true;
    });
    assert.deepEqual(planReload(base, next, "start").restart, []);
  });
});
