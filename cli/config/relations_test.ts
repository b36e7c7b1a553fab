import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { roomDefaults, type RoomOptions } from "../../protocol/room_options.ts";
import { relations } from "./relations.ts";
import { type Config, defaultConfig, type ServerCommand } from "./schema.ts";
import { listenerDefaults } from "./listener_options.ts";

function check(changes: Partial<Config>, command: ServerCommand = "start"): string[] {
  const config = { ...defaultConfig({ hostname: () => "push-1" }), ...changes };
  return relations(config, command, (field) => field in changes ? `--${field}` : undefined);
}

describe("relations()", () => {
  test("lets HTTP beyond loopback only with a key, or when told so", () => {
    const http = { hostname: "0.0.0.0", port: 3111 };
    assert.deepEqual(check({ http }), [
      'http = "0.0.0.0:3111": anyone who reaches it could push; set api-key or api-keys-file, ' +
      "or listen on 127.0.0.1, or say insecure-api",
    ]);
    assert.equal(check({ http: { hostname: "10.0.0.5", port: 3111 } }).length, 1);
    assert.deepEqual(check({ http, apiKey: "0123456789" }), []);
    assert.deepEqual(check({ http, apiKeysFile: "halley.keys.toml" }), []);
    assert.deepEqual(check({ http, insecureApi: true }), []);
    assert.deepEqual(check({ http: { hostname: "::1", port: 3111 } }), []);
  });

  test("keeps data in a directory for start alone", () => {
    assert.deepEqual(check({ data: "data" }), []);
    const redis = "redis://127.0.0.1";
    for (const command of ["logic", "job", "comet"] as const) {
      assert.deepEqual(check({ data: "data", redis, logic: ["127.0.0.1:3119"] }, command), [
        'data = "data": only start keeps history in a directory; in a cluster redis has it',
      ]);
    }
  });

  test("wants options of rooms that have an effect, and an operation that pushes may have", () => {
    const room = (changes: Partial<RoomOptions>) =>
      check({ rooms: [{ ...roomDefaults, ...changes }] });
    assert.deepEqual(room({ historyBy: "media" }), [
      '[[rooms]] #1: history-by = "media" needs a history-size: no message is kept',
    ]);
    assert.deepEqual(room({ slowModeMs: 1, duplicateWindowMs: 1 }), [
      "[[rooms]] #1: slow-mode needs the upstream publish or webhook, not log",
      "[[rooms]] #1: duplicate-window needs the upstream publish or webhook, not log",
    ]);
    assert.deepEqual(room({ publishOperation: 64 }), [
      "[[rooms]] #1: publish-operation = 64: it must not be one of the protocol's own",
    ]);
    assert.deepEqual(room({ upstream: "publish", webhookFallback: "allow" }), [
      "[[rooms]] #1: webhook-fallback needs the upstream webhook, not publish",
    ]);
    assert.deepEqual(room({ historyBy: "media", historySize: 1 }), []);
    assert.deepEqual(room({ upstream: "publish", slowModeMs: 1, publishOperation: -1 }), []);
  });

  test("wants all that the webhook needs, of who calls it", () => {
    const rooms = [roomDefaults, { ...roomDefaults, type: "live", upstream: "webhook" as const }];
    assert.deepEqual(check({ rooms }), [
      '[[rooms]] #2: upstream = "webhook" needs webhook-url to be set',
    ]);
    const webhookUrl = "https://example.com:99999/";
    const secret = "webhook-secret must be set: by it the application knows who calls";
    assert.deepEqual(check({ rooms, webhookUrl }), [
      'webhook-url = "https://example.com:99999/": it is no URL',
      secret,
    ]);
    const webhookSecret = "0123456789abcdef";
    assert.deepEqual(check({ rooms, webhookUrl: "https://example.com/", webhookSecret }), []);
    assert.deepEqual(check({ rooms, logic: ["127.0.0.1:3119"] }, "comet"), []);
  });

  test("wants different ports, but knows that hosts may differ", () => {
    const loopback = { hostname: "127.0.0.1", port: 4000 };
    assert.deepEqual(check({ tcp: loopback, ws: loopback }), [
      'tcp = "127.0.0.1:4000" and ws = "127.0.0.1:4000": they need different ports',
    ]);
    assert.equal(check({ tcp: { hostname: "0.0.0.0", port: 4000 }, ws: loopback }).length, 1);
    assert.deepEqual(check({ tcp: { hostname: "127.0.0.2", port: 4000 }, ws: loopback }), []);
    const [v4, v6] = ["0.0.0.0", "::"].map((hostname) => ({ hostname, port: 4000 }));
    assert.equal(check({ tcp: v6, ws: loopback }).length, 1, "IPv4 connects to :: as well");
    assert.equal(check({ tcp: v4, ws: v6 }).length, 1);
    assert.deepEqual(check({ tcp: v4, ws: { hostname: "::1", port: 4000 } }), []);
    const any = { hostname: "127.0.0.1", port: 0 };
    assert.deepEqual(check({ tcp: any, ws: any, http: any }), []);
  });

  test("wants different ports of listeners too", () => {
    const at = (port: number) => ({
      ...listenerDefaults,
      address: { hostname: "127.0.0.1", port },
    });
    const listeners = [
      { ...at(1), transport: "tcp" },
      { ...at(3111), transport: "websocket" },
      { ...at(1), transport: "websocket" },
    ] as const;
    assert.deepEqual(check({ listeners }), [
      '[[listeners]] #1 = "127.0.0.1:1" and [[listeners]] #3 = "127.0.0.1:1": ' +
      "they need different ports",
      '[[listeners]] #2 = "127.0.0.1:3111" and http = "127.0.0.1:3111": ' +
      "they need different ports",
    ]);
  });

  test("wants to know the proxies where nobody else may connect", () => {
    const address = { hostname: "127.0.0.1", port: 0 };
    const listeners = [
      { ...listenerDefaults, address, transport: "websocket" },
      { ...listenerDefaults, address, transport: "tcp", proxy: true },
    ] as const;
    assert.deepEqual(check({ listeners }), [
      "[[listeners]] #2: proxy = true needs trusted-proxies: nobody else may connect there",
    ]);
    assert.deepEqual(check({ listeners, trustedProxies: ["10.0.0.0/24"] }), []);
  });

  test("tells each role of a cluster what it cannot do without", () => {
    for (const command of ["logic", "job"] as const) {
      assert.deepEqual(check({}, command), [
        "redis must be set: logic and job work together through it",
      ]);
      assert.deepEqual(check({ redis: "redis://127.0.0.1" }, command), []);
      assert.deepEqual(check({ redis: "memory:" }, command), [
        "redis must not be memory: no other process has that",
      ]);
      assert.deepEqual(check({ redis: "https://a.example" }, command), [
        "redis-token must be set for an https: URL",
      ]);
    }
    assert.deepEqual(check({}, "comet"), ["logic must name at least one logic"]);
    assert.deepEqual(check({ logic: ["127.0.0.1:3119"] }, "comet"), []);
  });

  test("lets RPC beyond loopback only with a cluster secret", () => {
    const known = { redis: "redis://127.0.0.1", logic: ["127.0.0.1:3119"] };
    for (const command of ["logic", "comet"] as const) {
      assert.deepEqual(check({ ...known, rpc: "0.0.0.0:3119" }, command), [
        'rpc = "0.0.0.0:3119": anyone who reaches it could push; set cluster-secret, ' +
        "or listen on 127.0.0.1",
      ]);
      const clusterSecret = "0123456789";
      assert.deepEqual(check({ ...known, rpc: "0.0.0.0:3119", clusterSecret }, command), []);
      assert.deepEqual(check({ ...known, rpc: "127.0.0.1:0" }, command), []);
      assert.deepEqual(check({ ...known, rpc: "unix:/run/halley.sock" }, command), []);
      assert.equal(check({ ...known, rpc: "127.0.0.1:99999" }, command).length, 1);
    }
    assert.deepEqual(check({ rpc: "0.0.0.0:3119" }, "start"), []);
  });

  test("looks only at the listeners that a role opens", () => {
    const one = { hostname: "127.0.0.1", port: 4000 };
    const same = { tcp: one, ws: one, http: one, redis: "redis://127.0.0.1" };
    assert.equal(check(same).length, 3);
    assert.deepEqual(check(same, "logic"), []);
    assert.equal(check({ ...same, logic: ["127.0.0.1:3119"] }, "comet").length, 1);
  });

  test("finds ports that are none, wherever an address stands", () => {
    const mistakes = check({
      logic: ["a:1", "b:65536"],
      rpc: "127.0.0.1:70000",
      advertiseRpc: "c:99999",
      metrics: "127.0.0.1:66000",
    });
    assert.deepEqual(mistakes, [
      'logic = "b:65536": the port must be 0 to 65535',
      'rpc = "127.0.0.1:70000": the port must be 0 to 65535',
      'advertise-rpc = "c:99999": the port must be 0 to 65535',
      'metrics = "127.0.0.1:66000": the port must be 0 to 65535',
    ]);
  });
});
