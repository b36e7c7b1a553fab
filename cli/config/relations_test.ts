import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { relations } from "./relations.ts";
import { type Config, defaultConfig } from "./schema.ts";

function check(changes: Partial<Config>): string[] {
  return relations({ ...defaultConfig({ hostname: () => "push-1" }), ...changes });
}

describe("relations()", () => {
  test("lets HTTP beyond loopback only with a key, or when told so", () => {
    const http = { hostname: "0.0.0.0", port: 3111 };
    assert.deepEqual(check({ http }), [
      'http = "0.0.0.0:3111": anyone who reaches it could push; set api-key, ' +
      "or listen on 127.0.0.1, or say insecure-api",
    ]);
    assert.equal(check({ http: { hostname: "10.0.0.5", port: 3111 } }).length, 1);
    assert.deepEqual(check({ http, apiKey: "0123456789" }), []);
    assert.deepEqual(check({ http, insecureApi: true }), []);
    assert.deepEqual(check({ http: { hostname: "::1", port: 3111 } }), []);
  });

  test("wants different ports, but knows that hosts may differ", () => {
    const loopback = { hostname: "127.0.0.1", port: 4000 };
    assert.deepEqual(check({ tcp: loopback, ws: loopback }), [
      'tcp = "127.0.0.1:4000" and ws = "127.0.0.1:4000": they need different ports',
    ]);
    assert.equal(check({ tcp: { hostname: "0.0.0.0", port: 4000 }, ws: loopback }).length, 1);
    assert.deepEqual(check({ tcp: { hostname: "127.0.0.2", port: 4000 }, ws: loopback }), []);
    const any = { hostname: "127.0.0.1", port: 0 };
    assert.deepEqual(check({ tcp: any, ws: any, http: any }), []);
  });
});
