import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { roomDefaults } from "../../protocol/room_options.ts";
import { completeConfig } from "./load.ts";
import { ConfigError } from "../../options/reading.ts";
import { type Config, defaultConfig } from "./schema.ts";
import { listenerDefaults } from "./listener_options.ts";

const machine = { hostname: () => "push-1" };

function mistakesOf(values: Partial<Config>): readonly string[] {
  try {
    completeConfig(values, machine);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  assert.fail("there was no mistake");
}

describe("completeConfig()", () => {
  test("takes what is given and the defaults for the rest", () => {
    const given: Partial<Config> = {
      tcp: { hostname: "127.0.0.1", port: 0 },
      handshakeMs: 1500,
      advertise: ["10.0.0.1"],
      regions: { west: ["10.1.0.0/16"] },
      region: undefined,
    };
    const { region: _, ...set } = given;
    assert.deepEqual(completeConfig(given, machine), { ...defaultConfig(machine), ...set });
    assert.deepEqual(completeConfig(defaultConfig(machine), machine), defaultConfig(machine));
  });

  test("reports every mistake at once", () => {
    const mistakes = mistakesOf({
      tcp: { hostname: "127.0.0.1", port: 70_000 },
      handshakeMs: 5,
      heartbeatIntervalMs: Number.NaN,
      weight: 1.5,
      apiKey: "short",
    });
    assert.deepEqual(mistakes.map((mistake) => mistake.split(":")[0]), [
      'tcp = "127.0.0.1',
      "apiKey",
      'handshakeMs = "5ms"',
      'heartbeatIntervalMs = "NaNms"',
      "weight = 1.5",
    ]);
    assert.match(mistakes[0], /port 0 to 65535/);
    assert.match(mistakes[2], /must be a duration of 100ms to 5m$/);
  });

  test("reports values of another kind, as JavaScript may give them", () => {
    const wrong = {
      listeners: [null],
      rooms: 5,
      origins: "*",
      regions: null,
      http: {},
      ws: null,
      apiKey: 5n,
    };
    const mistakes = mistakesOf(wrong as unknown as Partial<Config>);
    assert.deepEqual(mistakes.map((mistake) => mistake.split(/:? /)[0]).sort(), [
      "[[listeners]]",
      "[[rooms]]",
      "apiKey",
      "http",
      "origins",
      "regions",
      "ws",
    ]);
  });

  test("takes tables, and says what is wrong in which of them", () => {
    const address = { hostname: "127.0.0.1", port: 0 };
    const listener = { address, transport: "tcp", ...listenerDefaults } as const;
    const listeners = [listener, listener];
    const given = [{ address, transport: "tcp" }, listener] as const;
    assert.deepEqual(completeConfig({ listeners: given }, machine).listeners, listeners);
    assert.deepEqual(mistakesOf({ tcp: address, listeners }), [
      "tcp: leave it out where [[listeners]] are given",
    ]);
    const wrong = [...listeners, { address: { ...address, port: -1 }, transprot: "tcp" }];
    assert.deepEqual(mistakesOf({ listeners: wrong as unknown as Config["listeners"] }), [
      '[[listeners]] #3: transprot: there is no such key; did you mean "transport"?',
      '[[listeners]] #3: address = "127.0.0.1:-1": must be host:port, IPv6 in brackets, ' +
      "port 0 to 65535 (0 takes any free one)",
      "[[listeners]] #3: transport must be given: one of tcp, websocket",
    ]);
  });

  test("fills in what a type of rooms leaves out", () => {
    const { rooms } = completeConfig({ rooms: [{ type: "live", historySize: 5 }] }, machine);
    assert.deepEqual(rooms, [{ ...roomDefaults, type: "live", historySize: 5 }]);
  });

  test("says which options and hooks there are not", () => {
    class Own {
      table = new Map();
      authenticate() {
        return { mid: 1n };
      }
    }
    assert.equal(completeConfig({ hooks: new Own() }, machine).perKeyMax, 4);
    assert.deepEqual(mistakesOf({ hooks: null } as never), ["hooks: must be an object"]);
    const wrong = {
      perKeyMaxx: 1,
      hooks: { authentikate: () => ({ mid: 1n }), message: 5 },
    };
    assert.deepEqual(mistakesOf(wrong as never).map((mistake) => mistake.slice(0, 60)), [
      'perKeyMaxx: there is no such option; did you mean "perKeyMax',
      'hooks.authentikate: there is no such hook; did you mean "aut',
      "hooks.message: must be a function",
    ]);
  });

  test("checks the relations between options", () => {
    assert.match(mistakesOf({ http: { hostname: "0.0.0.0", port: 0 } })[0], /api-key/);
  });
});
