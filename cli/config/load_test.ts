import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { ConfigError } from "../../options/reading.ts";
import { roomDefaults } from "../../protocol/room_options.ts";
import { loadConfig, type LoadedConfig } from "./load.ts";
import { defaultConfig, listenersOf } from "./schema.ts";
import { listenerDefaults } from "./listener_options.ts";

const machine = { hostname: () => "push-1" };

interface Given {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Text of `halley.toml`, which is then named by `--config`. */
  readonly toml?: string;
}

function load({ args = [], env = {}, toml }: Given): LoadedConfig {
  return loadConfig({
    command: "start",
    args: toml === undefined ? args : ["--config", "halley.toml", ...args],
    env,
    machine,
    readFile(path) {
      assert.equal(path, "halley.toml");
      return toml!;
    },
  });
}

function mistakesOf(given: Given): readonly string[] {
  try {
    load(given);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  assert.fail("there was no mistake");
}

describe("loadConfig()", () => {
  test("gives the defaults when nothing is set", () => {
    const { config, origins, environmentListed } = load({});
    assert.deepEqual(config, defaultConfig(machine));
    assert.equal(config.serverId, "push-1");
    assert.equal(config.heartbeatIntervalMs, 240_000);
    assert.deepEqual(new Set(Object.values(origins)), new Set(["default"]));
    assert.ok(environmentListed);
  });

  test("prefers flags over variables over the file", () => {
    const { config, origins } = load({
      toml: '[node]\nregion = "file"\nzone = "file"\nenv = "file"\nweight = 3',
      env: { HALLEY_ZONE: "variable", HALLEY_ENV: "variable", OTHER: "x" },
      args: ["--env", "flag"],
    });
    const { region, zone, environment, weight } = config;
    assert.deepEqual([region, zone, environment, weight], ["file", "variable", "flag", 3]);
    assert.deepEqual(
      [origins.region, origins.zone, origins.environment, origins.serverId],
      ["halley.toml", "HALLEY_ZONE", "--env", "default"],
    );
  });

  test("reads every kind of value alike from file, variables and flags", () => {
    const expected = {
      tcp: { hostname: "::1", port: 0 },
      handshakeMs: 1500,
      pushLogBytesMax: 2 ** 21,
      heartbeatsMax: 3,
      whenFull: "refuse",
      insecureApi: true,
      advertise: ["10.0.0.1", "push.example.com"],
    };
    const toml = `
      listen.tcp = "[::1]:0"
      comet.handshake-deadline = "1500ms"
      push.push-log-max = "2MiB"
      comet.heartbeat-max = 3
      sessions.when-full = "refuse"
      api.insecure-api = true
      node.advertise = ["10.0.0.1", "push.example.com"]`;
    const texts = {
      "tcp": "[::1]:0",
      "handshake-deadline": "1500ms",
      "push-log-max": "2MiB",
      "heartbeat-max": "3",
      "when-full": "refuse",
      "insecure-api": "true",
      "advertise": "10.0.0.1, push.example.com",
    };
    const entries = Object.entries(texts);
    const env = Object.fromEntries(
      entries.map(([name, text]) => [`HALLEY_${name.toUpperCase().replaceAll("-", "_")}`, text]),
    );
    const sources: Given[] = [
      { toml },
      { env },
      { args: entries.map(([name, text]) => `--${name}=${text}`) },
      {
        args: ["--insecure-api", ...entries.flatMap(([k, v]) => v === "true" ? [] : [`--${k}`, v])],
      },
    ];
    for (const source of sources) {
      assert.deepEqual(load(source).config, { ...defaultConfig(machine), ...expected });
    }
  });

  test("takes the file from HALLEY_CONFIG, and from --config before that", () => {
    const read: string[] = [];
    const readFile = (path: string) => (read.push(path), "");
    const env = { HALLEY_CONFIG: "a.toml" };
    loadConfig({ command: "start", args: [], env, machine, readFile });
    loadConfig({ command: "start", args: ["--config=b.toml"], env, machine, readFile });
    assert.deepEqual(read, ["a.toml", "b.toml"]);
  });

  test("reports every mistake at once, with place, value and range", () => {
    const mistakes = mistakesOf({
      args: ["--tcp", "3101", "--wsss", "x", "--weight=many", "--http", "left", "over"],
      env: { HALLEY_PER_MID_MAX: "0", HALLEY_LOG_LEVL: "info", HALLEY_API_KEY: "short" },
      toml: `
        zone = "west"
        [comet]
        heartbeat-max = "2"
        handshake-dedline = "8s"
        slow-reader-deadline = 10
        weight = 5
        [lisen]
        [constructor]
        [balancer]
        regions = { west = ["10.0.0.0/33"] }`,
    });
    const range = "host:port, IPv6 in brackets, port 0 to 65535 (0 takes any free one)";
    assert.deepEqual(mistakes, [
      `--tcp = "3101": must be ${range}`,
      `--wsss: there is no such flag; did you mean "--wss"?`,
      `--weight = "many": must be a whole number, 1 to 10000`,
      `--http = "left": must be ${range}`,
      `unexpected argument "over"`,
      `HALLEY_API_KEY: must be 8 to 256 visible ASCII characters, or empty for none`,
      `HALLEY_PER_MID_MAX = 0: must be a whole number, 1 to 100000`,
      `HALLEY_LOG_LEVL: there is no such variable; did you mean "HALLEY_LOG_LEVEL"?`,
      `halley.toml: zone: it belongs under [node]`,
      `halley.toml: comet.heartbeat-max = "2": must be a whole number, 1 to 100`,
      `halley.toml: comet.handshake-dedline: there is no such key; ` +
      `did you mean "handshake-deadline"?`,
      `halley.toml: comet.slow-reader-deadline = 10: must be a duration of 100ms to 10m`,
      `halley.toml: comet.weight: there is no such key; it belongs under [node]`,
      `halley.toml: lisen: there is no such table; did you mean "listen"?`,
      "halley.toml: constructor: there is no such table",
      `halley.toml: balancer.regions = {"west":["10.0.0.0/33"]}: ` +
      `must be a table of lists of networks, such as { west = ["10.1.0.0/16"] }`,
    ]);
  });

  test("shows no password that stands in a URL", () => {
    const [mistake, more] = mistakesOf({ args: ["--webhook-url", "https://me:pass@app/hook"] });
    assert.match(mistake, /^--webhook-url = "https:\/\/…@app\/hook": must be /);
    assert.equal(more, undefined);
  });

  test("reports a flag without its value, a broken file and one that is not there", () => {
    assert.deepEqual(mistakesOf({ args: ["--tcp"] }), ["--tcp: needs a value"]);
    assert.deepEqual(mistakesOf({ args: ["--config"] }), ["--config: needs a value"]);
    assert.match(mistakesOf({ toml: "[node]\nweight = = 3" })[0], /^halley\.toml:2:\d+: /);
    assert.deepEqual(mistakesOf({ toml: "comet = 3" }), [
      "halley.toml: comet: must be a table, written [comet]",
    ]);
    const missing = Object.assign(new Error("ENOENT: long text"), { code: "ENOENT" });
    assert.throws(
      () =>
        loadConfig({
          command: "start",
          args: ["--config", "none.toml"],
          env: {},
          machine,
          readFile() {
            throw missing;
          },
        }),
      { message: 'Cannot read the configuration "none.toml": there is no such file' },
    );
  });

  test("takes listeners from the file, in place of the short forms alone", () => {
    const toml = `
      [[listeners]]
      address = "127.0.0.1:1"
      transport = "tcp"
      [[listeners]]
      address = "[::1]:2"
      transport = "websocket"`;
    const { config, origins } = load({ toml });
    assert.deepEqual(config.listeners, [
      { address: { hostname: "127.0.0.1", port: 1 }, transport: "tcp", ...listenerDefaults },
      { address: { hostname: "::1", port: 2 }, transport: "websocket", ...listenerDefaults },
    ]);
    assert.deepEqual(listenersOf(config), config.listeners);
    assert.deepEqual([origins.listeners, origins.tcp], ["halley.toml", "default"]);
    assert.deepEqual(
      mistakesOf({
        args: ["--tcp", "127.0.0.1:3"],
        toml: `listen.ws = "127.0.0.1:4"\n${toml}`,
      }),
      [
        "--tcp: leave it out where [[listeners]] are given",
        "halley.toml: listen.ws: leave it out where [[listeners]] are given",
      ],
    );
    assert.match(mistakesOf({ args: ["--listeners=1"] })[0], /there is no such flag/);
    assert.match(mistakesOf({ env: { HALLEY_LISTENERS: "1" } })[0], /there is no such variable/);
  });

  test("takes options of rooms by their type, none of them twice", () => {
    const of = (...types: string[]) =>
      types.map((type) => `[[rooms]]\ntype = "${type}"\n`).join("");
    assert.deepEqual(load({ toml: `${of("*", "")}${of("live")}members-max = 5` }).config.rooms, [
      { ...roomDefaults, type: "*", membersMax: 0 },
      { ...roomDefaults, type: "", membersMax: 0 },
      { ...roomDefaults, type: "live", membersMax: 5 },
    ]);
    const rooms = "halley.toml: [[rooms]]";
    const range =
      "the part of a room's key before ://, empty for keys without, or * for all the rest";
    assert.deepEqual(mistakesOf({ toml: `${of("live", "live://1")}[[rooms]]\nmember-max = 1` }), [
      `${rooms} #2: type = "live://1": must be ${range}`,
      `${rooms} #3: member-max: there is no such key; did you mean "members-max"?`,
      `${rooms} #3: type must be given: ${range}`,
    ]);
    assert.deepEqual(mistakesOf({ toml: of("live", "*", "live") }), [
      `${rooms} #3: type = "live": #1 has it already`,
    ]);
    assert.deepEqual(mistakesOf({ toml: '[rooms]\ntype = "live"' }), [
      `${rooms} must be tables, each written [[rooms]]`,
    ]);
  });

  test("takes the short forms where there are no other listeners", () => {
    const { config } = load({ args: ["--tcp", "127.0.0.1:3"], toml: "listeners = []" });
    assert.deepEqual(listenersOf(config), [
      { address: { hostname: "127.0.0.1", port: 3 }, transport: "tcp", ...listenerDefaults },
      { address: { hostname: "0.0.0.0", port: 3102 }, transport: "websocket", ...listenerDefaults },
    ]);
  });

  test("passes over what Kubernetes sets for a service called halley", () => {
    const names = [
      "SERVICE_HOST",
      "SERVICE_PORT_WS",
      "PORT",
      "PORT_3101_TCP",
      "PORT_3101_TCP_ADDR",
    ];
    load({
      env: Object.fromEntries(names.map((name) => [`HALLEY_${name}`, "tcp://10.0.0.1:3101"])),
    });
    assert.equal(mistakesOf({ env: { HALLEY_PORTS: "1" } }).length, 1);
  });

  test("says when the environment could not be listed", () => {
    const denied = new Proxy({ HALLEY_WEIGHT: "7" }, {
      ownKeys() {
        throw new Error("denied");
      },
    });
    const loaded = load({ env: denied });
    assert.equal(loaded.config.weight, 7);
    assert.equal(loaded.environmentListed, false);
  });

  test("asks for the host name only when it is needed", () => {
    const shy = {
      hostname(): string {
        throw new Error("denied");
      },
    };
    const rest = { env: {}, machine: shy, readFile: () => "" };
    assert.equal(
      loadConfig({ command: "start", args: ["--id", "a"], ...rest }).config.serverId,
      "a",
    );
    assert.throws(() => loadConfig({ command: "start", args: [], ...rest }), { message: "denied" });
  });
});
