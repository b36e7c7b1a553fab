import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { promisesSettled } from "../base/clock.ts";
import { CloseCodes } from "../protocol/close_codes.ts";
import { exchange, SimulatedEnvironment } from "../tests/support/client_world.ts";
import { SimulatedServer } from "../tests/support/simulated_server.ts";
import { ReconnectingClient } from "./client.ts";
import type { ClientOptions, ClientStateEvent } from "./types.ts";

/** A client of a simulated server with the rooms `live://1` and `chat://1`. */
function setUp(options: ClientOptions = {}, urls: string | readonly string[] = "ws://one/sub") {
  const server = new SimulatedServer({ "live://1": true, "chat://1": false });
  const asked: string[] = [];
  const environment = new SimulatedEnvironment((url) => {
    asked.push(url);
    return server.open();
  }, 7);
  const client = new ReconnectingClient(environment, urls, { token: { mid: 1 }, ...options });
  const states: ClientStateEvent[] = [];
  client.on("state", (event) => states.push(event));
  const run = () => exchange(server);
  /** Lets time go by in small steps, and all that comes of it. */
  const pass = async (spanMs: number) => {
    for (let step = 0; step < 10; step++) {
      environment.clock.advance(spanMs / 10);
      await run();
    }
  };
  return { server, environment, client, states, asked, run, pass };
}

type SetUp = ReturnType<typeof setUp>;

/** Ends the connection of a client. */
function cut({ server }: SetUp, code = 1006, reason = ""): void {
  for (const connection of [...server.connections]) connection.cut(code, reason);
}

describe("how a connection ends", () => {
  const codes = [
    ...Object.values(CloseCodes).map(({ code, reconnect }) => [code, reconnect] as const),
    ...[1005, 1006, 1008, 1012, 1013, 1015, 3000].map((code) => [code, true] as const),
    ...[4100, 4555, 4999].map((code) => [code, false] as const),
  ];
  for (const [code, comesBack] of codes) {
    it(`decides whether the client comes back: ${code}`, async () => {
      const world = setUp();
      await world.run();
      assert.equal(world.client.state, "connected");
      cut(world, code, "why");
      const { retryMs, ...event } = world.states.at(-1)!;
      const state = comesBack ? "waiting" : "closed";
      assert.deepEqual(event, { state, code, reason: "why" });
      assert.equal(retryMs !== undefined, comesBack);
      await world.pass(1_000);
      assert.equal(world.client.state, comesBack ? "connected" : "closed");
      world.client.close();
      assert.equal(world.environment.clock.pending, 0);
    });
  }

  it("is the application's choice where the server has said so before", async () => {
    const world = setUp();
    await world.run();
    const notice = { type: "closing", code: 4200, reason: "maintenance", reconnect: true };
    world.server.tellAll(notice);
    await world.run();
    cut(world, 4200, "maintenance");
    assert.equal(world.client.state, "waiting");
    await world.pass(1_000);
    world.server.tellAll({ ...notice, reconnect: false });
    await world.run();
    // The close itself was lost.
    cut(world, 1006);
    const wanted = { state: "closed", code: 4200, reason: "maintenance" };
    assert.deepEqual(world.states.at(-1), wanted);
    assert.throws(() => world.client.join("live://1"), /closed/);
  });
});

describe("a token", () => {
  it("that was refused is asked for once more, and then the client ends", async () => {
    const attempts: boolean[] = [];
    const token = ({ refused }: { readonly refused: boolean }) => {
      attempts.push(refused);
      return Promise.resolve({ mid: 2n ** 63n - 1n });
    };
    const world = setUp({ token });
    await promisesSettled();
    const [connection] = world.server.connections;
    world.server.accept(connection);
    assert.match(connection.up[0], /"body":\{"mid":"9223372036854775807","features":/);
    cut(world, 4001, "auth failed");
    await world.run();
    assert.deepEqual([world.client.state, attempts], ["connected", [false, true]]);
    for (let time = 0; time < 2; time++) {
      cut(world, 4001, "auth failed");
      await promisesSettled();
    }
    assert.deepEqual([world.client.state, attempts], ["closed", [false, true, true]]);
    assert.equal(world.states.at(-1)!.code, 4001);
  });

  it("that comes when the client has ended is of no use", async () => {
    const { promise, resolve } = Promise.withResolvers<{ readonly mid: number }>();
    const world = setUp({ token: () => promise });
    world.client.close();
    resolve({ mid: 1 });
    await promisesSettled();
    assert.equal(world.asked.length, 0);
  });

  it("that cannot be had is asked for again later", async () => {
    let failures = 1;
    const token = () => {
      if (failures-- > 0) throw new Error("signed out");
      return "opaque";
    };
    const world = setUp({ token });
    await promisesSettled();
    assert.equal(world.client.state, "waiting");
    assert.match(world.states[0].reason!, /signed out/);
    world.environment.clock.advance(500);
    await promisesSettled();
    const [connection] = world.server.connections;
    world.server.accept(connection);
    assert.match(connection.up[0], /"op":7,"seq":1,"body":"opaque"\}/);
    world.client.close();
  });
});

describe("reconnecting", () => {
  it("waits by chance up to a span that doubles, and begins anew after a good connection", async () => {
    const world = setUp({ backoff: { baseMs: 100, maxMs: 1_000 } });
    const { client, server, states, environment } = world;
    server.isUp = false;
    for (let turn = 0; turn < 200; turn++) {
      await world.run();
      environment.clock.advance(1_000);
    }
    const waits = states.flatMap(({ retryMs }) => retryMs ?? []);
    assert.ok(waits.length > 100);
    const limits = waits.map((_, index) => Math.min(1_000, 100 * 2 ** index));
    assert.ok(waits.every((wait, index) => wait >= 0 && wait < limits[index]));
    const late = waits.slice(5);
    assert.ok(Math.min(...late) < 100 && Math.max(...late) > 900, "from nothing to all of it");
    server.isUp = true;
    await world.pass(1_000);
    await world.pass(2_000);
    cut(world);
    assert.ok(states.at(-1)!.retryMs! < 100);
    client.close();
  });

  it("goes from one address to the next, and asks an HTTP API each time", async () => {
    const urls = ["ws://one/sub", "https://api.test:8443", "http://logic.test:3111"];
    const world = setUp({}, urls);
    const { environment, server, asked } = world;
    const calls: string[] = [];
    environment.fetch = (url) => {
      calls.push(`${url}`);
      const data = { nodes: ["a", "b"], ws_port: 3102, wss_port: 0 };
      return Promise.resolve(Response.json({ code: 0, data }));
    };
    server.isUp = false;
    for (let turn = 0; turn < 200; turn++) {
      await world.run();
      environment.clock.advance(5_000);
    }
    const wanted = [
      "ws://one/sub",
      ...["wss://a:443/sub", "wss://b:443/sub", "wss://api.test:443/sub"],
      ...["ws://a:3102/sub", "ws://b:3102/sub", "ws://logic.test:3102/sub"],
    ];
    assert.deepEqual(new Set(asked), new Set(wanted));
    assert.equal(calls[0].endsWith("/goim/nodes/weighted?platform=web"), true);
    world.client.close();
  });

  it("gives up an HTTP API or a token that does not come, and all when the client ends", async () => {
    const asked: (AbortSignal | string)[] = [];
    const token = () => {
      asked.push("token");
      return asked.length === 3 ? new Promise<string>(() => {}) : "opaque";
    };
    const world = setUp({ token }, "http://logic.test");
    const { environment: { clock }, client, states } = world;
    world.environment.fetch = (_, init) =>
      new Promise((_, reject) => {
        const { signal } = init!;
        asked.push(signal!);
        signal!.addEventListener("abort", () => reject(new Error("aborted")));
      });
    for (let attempt = 0; attempt < 2; attempt++) {
      await promisesSettled();
      clock.advance(9_990);
      assert.equal(client.state, "connecting");
      clock.advance(10);
      await promisesSettled();
      const { state, reason } = states.at(-1)!;
      assert.deepEqual([state, reason], ["waiting", "no token or no address in time"]);
      clock.advance(states.at(-1)!.retryMs! + 1);
    }
    await promisesSettled();
    client.close();
    const heard = asked.map((one) => typeof one === "string" ? one : one.aborted);
    assert.deepEqual(heard, ["token", true, "token", "token", true]);
    assert.equal(clock.pending, 0);
  });

  it("says why an HTTP API does not tell where to connect", async () => {
    const world = setUp({}, "http://logic.test");
    world.environment.fetch = () =>
      Promise.resolve(Response.json({ code: -401, message: "a key is needed" }, { status: 401 }));
    await world.run();
    assert.equal(world.states.at(-1)!.reason, "Error: a key is needed");
    world.client.close();
  });

  it("follows a server that sends the client elsewhere, and the device's network", async () => {
    const world = setUp({}, ["ws://one/sub", "ws://two/sub"]);
    const { server, environment, asked, client } = world;
    await world.run();
    server.tellAll({ type: "moving", delay_ms: 1_200 });
    await world.run();
    environment.clock.advance(1_199);
    assert.equal(client.state, "connected");
    environment.clock.advance(1);
    await world.run();
    assert.deepEqual([client.state, asked.length, new Set(asked).size], ["connected", 2, 2]);

    environment.changeNetwork(true);
    assert.equal(client.state, "connecting");
    await world.run();
    assert.equal(client.state, "connected");
    const [connection] = server.connections;
    connection.isSwallowed = true;
    environment.changeNetwork(false);
    environment.clock.advance(5_000);
    environment.clock.advance(5_000);
    assert.equal(client.state, "waiting");
    environment.changeNetwork(true);
    await world.run();
    assert.equal(client.state, "connected");
    client.close();
  });

  it("takes no URL that is none", () => {
    assert.throws(() => setUp({}, "somewhere"), TypeError);
    assert.throws(() => setUp({}, []), TypeError);
  });
});

describe("a connection", () => {
  it("that does not come about is given up after ten seconds", async () => {
    const world = setUp();
    await promisesSettled();
    world.environment.clock.advance(9_999);
    assert.equal(world.client.state, "connecting");
    world.environment.clock.advance(1);
    assert.equal(world.client.state, "waiting");
    assert.equal(world.server.connections.size, 0);
    world.client.close();
  });

  it("that is silent after a heartbeat is given up, unless this process stood still", async () => {
    const world = setUp({ heartbeatMs: 20_000 });
    const { environment: { clock }, server, client } = world;
    await world.run();
    const [connection] = server.connections;
    clock.advance(20_000);
    assert.equal(connection.up.length, 1);
    await world.run();
    // The answer came while nothing ran here.
    clock.advance(20_000);
    connection.say();
    clock.stall(60_000);
    clock.advance(0);
    await world.run();
    assert.equal(client.state, "connected");
    connection.isSwallowed = true;
    clock.advance(20_000);
    clock.advance(9_999);
    assert.equal(client.state, "connected");
    clock.advance(1);
    assert.equal(client.state, "waiting");
    client.close();
  });

  it("that is silent is given up in time where heartbeats are more frequent than that", async () => {
    const world = setUp({ heartbeatMs: 1_000 });
    await world.run();
    for (const connection of world.server.connections) connection.isSwallowed = true;
    await world.pass(11_001);
    assert.ok(world.states.some(({ state }) => state === "waiting"));
    world.client.close();
  });

  it("says that it is there as often as the server asks, if that is more often", async () => {
    const world = setUp({ heartbeatMs: 900_000 });
    await world.run();
    const [connection] = world.server.connections;
    world.environment.clock.advance(239_999);
    assert.equal(connection.up.length, 0);
    world.environment.clock.advance(1);
    assert.equal(connection.up.length, 1);
    world.client.close();
  });

  it("that brings garbage, or an auth without rooms, is not used", async (t) => {
    const errors = t.mock.method(console, "error", () => {});
    const world = setUp();
    await world.run();
    const garbage = ["{", "null", "[]", '{"op":65,"seq":9}', '{"op":72,"seq":0}'];
    for (const text of garbage) {
      [...world.server.connections][0].down.push(text);
      await world.run();
      const isIgnored = text.startsWith("[") || text.includes("65");
      assert.equal(world.client.state, isIgnored ? "connected" : "waiting", text);
      await world.pass(4_000);
      assert.equal(world.client.state, "connected");
    }
    assert.equal(errors.mock.callCount(), 3);
    assert.equal(world.client.state, "connected");
    cut(world);
    world.environment.clock.advance(1_000);
    await promisesSettled();
    const [connection] = world.server.connections;
    world.server.accept(connection);
    connection.up.length = 0;
    connection.down.push('{"ver":1,"op":8,"seq":1,"body":{}}');
    connection.hear();
    const { state, code, reason } = world.states.at(-1)!;
    assert.deepEqual([state, code], ["closed", 1002]);
    assert.match(reason!, /token names no rooms/);
  });
});
