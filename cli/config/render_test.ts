import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { configurationPage } from "../../tests/support/configuration_page.ts";
import { effectiveToml, helpText } from "./render.ts";
import { loadConfig } from "./load.ts";
import { optionList, variableOf } from "./schema.ts";

const machine = { hostname: () => "push-1" };

/** Loads a configuration from a file of this text. */
function loadToml(text: string, env: Readonly<Record<string, string>> = {}) {
  return loadConfig({
    args: ["--config", "halley.toml"],
    command: "start",
    env,
    machine,
    readFile: () => text,
  });
}

test("docs/configuration.md has every option as it is", () => {
  // HACKING.md says how to bring the page up to date.
  const page = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");
  assert.equal(page, configurationPage(page));
});

test("helpText() shows every flag with its variable, range and default", () => {
  const help = helpText();
  for (const [, option] of optionList) {
    for (const { name, placeholder, text } of Object.values(option.rows ?? {})) {
      assert.ok(
        help.includes(`\n  ${name} = ${placeholder || "true|false"}\n      ${text}\n`),
        name,
      );
    }
    const flag = new RegExp(`--${option.name}(?![\\w-])`);
    assert.equal(flag.test(help), option.fromText !== undefined, option.name);
    if (option.fromText === undefined) continue;
    for (const part of [option.text, option.range, variableOf(option)]) {
      assert.ok(help.includes(part), `${option.name}: ${part}`);
    }
  }
  assert.match(help, /--heartbeat-interval DURATION\n.*\n.*1s to 1h; default: "4m"; HALLEY_HEART/);
});

describe("effectiveToml()", () => {
  test("is a file that gives the same configuration", () => {
    const text = `
      [listen]
      tcp = "[::1]:0"
      [comet]
      slow-reader-deadline = "1500ms"
      [node]
      advertise = ["10.0.0.1", "2001:db8::1"]
      [balancer.regions]
      west = ["10.1.0.0/16"]
      "north east" = ["2001:db8::/48", "10.2.0.0/16"]`;
    const loaded = loadToml(text);
    assert.deepEqual(loadToml(effectiveToml(loaded)).config, loaded.config);
  });

  test("gives tables, and leaves out what they stand for", () => {
    const listeners = `
      [[listeners]]
      address = "127.0.0.1:0"
      transport = "tcp"
      [[listeners]]
      address = "[::1]:1"
      transport = "websocket"`;
    const loaded = loadToml(listeners);
    const toml = effectiveToml(loaded);
    assert.match(toml, /^# tcp: \[\[listeners\]\] stand for it$/m);
    assert.match(toml, /^\[\[listeners\]\] {2}# halley.toml\naddress = "\[::1\]:1"$/m);
    assert.deepEqual(loadToml(toml).config, loaded.config);
    assert.match(effectiveToml(loadToml("")), /^# no \[\[listeners\]\], default$/m);
  });

  test("keeps every secret to itself", () => {
    const secrets = optionList.map(([, option]) => option).filter(({ name }) =>
      /secret|token$|^api-key$|^redis$/.test(name)
    );
    assert.ok(secrets.length >= 7);
    assert.deepEqual(secrets.filter(({ secret }) => !secret).map(({ name }) => name), []);
  });

  test("says where each value came from and keeps the key to itself", () => {
    const env = { HALLEY_API_KEY: "0123456789", HALLEY_WEIGHT: "7" };
    const toml = effectiveToml(loadToml('[node]\nregion = "west"', env));
    assert.match(toml, /^region = "west" +# halley.toml$/m);
    assert.match(toml, /^weight = 7 +# HALLEY_WEIGHT$/m);
    assert.match(toml, /^id = "push-1" +# default$/m);
    assert.match(toml, /^# api-key is set, HALLEY_API_KEY$/m);
    assert.doesNotMatch(toml, /0123456789/);
  });
});
