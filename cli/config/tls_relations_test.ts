import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { relations } from "./relations.ts";
import { type Config, defaultConfig, type ServerCommand } from "./schema.ts";
import { tlsWanted } from "./tls_relations.ts";

const base = { ...defaultConfig({ hostname: () => "here" }), logic: ["127.0.0.1:3119"] };
const redis = "redis://127.0.0.1";
const files = { tlsCert: ["a.pem"], tlsKey: ["a.key"] };

function check(given: Partial<Config>, command: ServerCommand = "start"): readonly string[] {
  const config = { ...base, ...given, ...(command === "start" ? {} : { redis }) };
  return relations(config, command, () => undefined);
}

describe("tlsRelations()", () => {
  const listener = {
    address: { hostname: "127.0.0.1", port: 4000 },
    transport: "tcp",
    proxy: false,
    tls: true,
  } as const;

  test("wants as many keys as certificates", () => {
    assert.deepEqual(check(files), []);
    assert.deepEqual(check({ ...files, tlsKey: [] }), [
      "tls-cert and tls-key must name as many files, each certificate and its key: " +
      "current numbers are 1 and 0",
    ]);
  });

  test("wants certificates where TLS is spoken", () => {
    const wanted = "needs tls-cert and tls-key";
    const given = { wss: "127.0.0.1:3103", httpTls: true };
    const wss = `wss = "127.0.0.1:3103" ${wanted}`;
    assert.deepEqual(check(given), [wss, `http-tls ${wanted}`]);
    assert.deepEqual(check({ ...given, ...files }), []);
    assert.deepEqual(check(given, "comet"), [wss]);
    assert.deepEqual(check(given, "logic"), [`http-tls ${wanted}`]);
    assert.deepEqual(check(given, "job"), []);
    const metrics = "127.0.0.1:9";
    assert.deepEqual(check({ ...given, metrics }, "job"), [`http-tls ${wanted}`]);
    const listeners = [{ ...listener, tls: false }, { ...listener, address: base.ws }];
    assert.deepEqual(check({ listeners }), [`[[listeners]] #2: tls = true ${wanted}`]);
  });

  test("wants certificates for links where a role listens for them by TCP", () => {
    const links = { rpcTls: true };
    const mistake = ["rpc-tls needs tls-cert and tls-key"];
    assert.deepEqual(check(links, "logic"), mistake);
    assert.deepEqual(check(links, "comet"), mistake);
    assert.deepEqual(check({ ...links, rpc: "unix:/run/a.sock" }, "comet"), []);
    assert.deepEqual(check(links, "job"), []);
    assert.deepEqual(check(links), []);
  });

  test("refuses authorities that nothing is believed by, and TLS under the PROXY protocol", () => {
    assert.deepEqual(check({ tlsCa: "ca.pem" }), [
      'tls-ca = "ca.pem" needs rpc-tls: nobody else is verified',
    ]);
    const trustedProxies = ["10.0.0.1"];
    const listeners = [{ ...listener, proxy: true }];
    assert.match(
      check({ ...files, listeners, trustedProxies })[0],
      /^\[\[listeners\]\] #1: .*PROXY/,
    );
  });

  test("refuses a port of wss that is another's, or none", () => {
    const wss = "0.0.0.0:3102";
    assert.match(check({ ...files, wss })[0], /^ws = .* and wss = .*: they need different ports/);
    assert.match(check({ ...files, wss: "127.0.0.1:70000" })[0], /the port must be 0 to 65535/);
  });
});

test("tlsWanted() says nothing where no certificate is used", () => {
  assert.deepEqual(tlsWanted({ ...base, ...files }, "start"), []);
  assert.deepEqual(tlsWanted({ ...base, rpcTls: true }, "job"), []);
});
