import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfig } from "./config/schema.ts";
import { demoAssets } from "./assets.ts";
import { warnOfDemo, withDemo } from "./demo.ts";
import { roomDefaults } from "../protocol/room_options.ts";
import { withLogLines } from "../tests/support/log_lines.ts";

const config = defaultConfig({ hostname: () => "here" });
const everywhere = { ...config, http: { hostname: "0.0.0.0", port: 3111 } };

test("withDemo() puts the demo on loopback alone, unless it is on or off", () => {
  const cases = [
    [config, true, "on"],
    [everywhere, true, "off"],
    [config, false, "off"],
    [{ ...everywhere, demo: "on" }, true, "on"],
    [{ ...everywhere, demo: "on" }, false, "on"],
    [{ ...config, demo: "off" }, true, "off"],
  ] as const;
  for (const [given, isAlone, demo] of cases) {
    const found = withDemo(given, isAlone);
    assert.equal(found.demo, demo);
    assert.deepEqual(found.rooms.map(({ type }) => type), demo === "on" ? ["demo"] : []);
    assert.deepEqual(withDemo(found, false), found);
  }
});

test("withDemo() leaves rooms of its type as they are configured", () => {
  const rooms = [{ ...roomDefaults, type: "demo", membersMax: 5 }];
  assert.deepEqual(withDemo({ ...config, rooms }, true).rooms, rooms);
});

test("warnOfDemo() says that others may write where nobody has decided that", () =>
  withLogLines(["halley"], async (lines) => {
    const here = { hostname: "127.0.0.1", port: 1 };
    for (const decided of ["on", "off"] as const) warnOfDemo({ ...config, demo: decided });
    warnOfDemo({ ...config, tcp: here, ws: here });
    warnOfDemo(everywhere);
    assert.deepEqual(lines, []);
    warnOfDemo({ ...config, ws: here });
    assert.equal(lines.length, 1);
    assert.match(lines[0], /^warning: .* set demo to off$/);
  }));

test("the demo's page is told the port, and runs no script but its own", () => {
  const address = (port: number) => ({ hostname: "127.0.0.1", port });
  const [{ text, headers }] = demoAssets([
    { address: address(1), transport: "tcp" },
    { address: address(3), transport: "websocket", tls: true },
    { address: address(2), transport: "websocket" },
  ]);
  assert.match(text, /<meta name="halley-ws-port" content="2">/);
  assert.match(text, /<meta name="halley-wss-port" content="3">/);
  assert.match(headers!["content-security-policy"], /^default-src 'none'; script-src 'self';/);
  assert.doesNotMatch(text, /<style|style=|<script>|\son\w+=|(?:src|href)="(?!\/demo\.|data:)/);
});
