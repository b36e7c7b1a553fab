import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { promisesSettled } from "../base/clock.ts";
import { CloseCodes } from "../protocol/close_codes.ts";
import type { Token } from "./types.ts";
import { connectSimulated as setUp, cut } from "../tests/support/simulated_client.ts";

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
    assert.equal(world.client.state, "connected");
    // It was said of the connection before.
    cut(world, 4100);
    assert.equal(world.client.state, "closed");
  });

  it("is the application's choice also where the close itself was lost", async () => {
    const world = setUp();
    await world.run();
    const notice = { type: "closing", code: 4200, reason: "maintenance", reconnect: false };
    world.server.tellAll(notice);
    await world.run();
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

  it("has a key where it has no mid, the same for each connection", async () => {
    const tokens: string[] = [];
    for (const token of [{}, { mid: "0" }, { key: "mine" }, { mid: 7 }, { mid: 7n }]) {
      const world = setUp({ token });
      for (let time = 0; time < 2; time++) {
        await promisesSettled();
        const [connection] = world.server.connections;
        world.server.accept(connection);
        tokens.push(JSON.parse(connection.up[0]).body.key);
        // An earlier connection of this very client came late, if the key is its own.
        cut(world, tokens.at(-1)?.length! > 4 ? 4004 : 1006);
        world.environment.clock.advance(500);
      }
      world.client.close();
    }
    const [own] = tokens;
    assert.match(own, /^[0-9a-z]{8,}$/);
    const none = Array(4).fill(undefined);
    assert.deepEqual(tokens, [own, own, own, own, "mine", "mine", ...none]);
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

  it("has time for the connection when the token took long, and begins at any address", async () => {
    const addresses = new Set<string>();
    for (let seed = 0; seed < 10; seed++) {
      const { promise, resolve } = Promise.withResolvers<Token>();
      const world = setUp({ token: () => promise }, ["ws://one/sub", "ws://two/sub"], [], seed);
      world.environment.clock.advance(9_000);
      resolve({ mid: 1 });
      await promisesSettled();
      world.environment.clock.advance(9_000);
      await world.run();
      assert.equal(world.client.state, "connected");
      for (const url of world.asked) addresses.add(url);
      world.client.close();
    }
    assert.equal(addresses.size, 2);
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
    server.tellAll({ type: "moving", delay_ms: 900 });
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

  it("stays with a server that goes until it is in at another, and misses nothing", async () => {
    const world = setUp({}, ["ws://one/sub", "ws://two/sub"]);
    const { server, environment, asked, client, states } = world;
    const room = client.join("live://1");
    const bodies: unknown[] = [];
    room.on("message", ({ body }) => bodies.push(body));
    await world.run();
    const [first] = server.connections;
    server.tellAll({ type: "moving", delay_ms: 100 });
    await world.run();
    environment.clock.advance(100);
    await promisesSettled();
    const [, second] = server.connections;
    assert.equal(asked.length, 2);
    // The other one is slow; what is pushed meanwhile comes from where the client is.
    for (let n = 1; n <= 3; n++) server.publish("live://1", n);
    while (first.hear());
    assert.deepEqual(bodies, [1, 2, 3]);
    environment.clock.advance(9_000);
    assert.deepEqual([client.state, first.isOpen], ["connected", true]);
    // What the first one has not said when it is left comes from the other.
    for (let n = 4; n <= 6; n++) server.publish("live://1", n);
    server.accept(second);
    while (second.say() || second.hear());
    assert.equal(first.isOpen, false);
    await world.run();
    assert.deepEqual(bodies, [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(states.map(({ state }) => state), ["connected"]);
    client.close();
    assert.deepEqual([environment.clock.pending, server.connections.size], [0, 0]);
  });

  it("goes where the HTTP API sends clients once its server goes", async () => {
    let nodes = ["a", "b"];
    const world = setUp({}, "http://logic.test");
    const { server, environment, asked, client } = world;
    environment.fetch = async () => Response.json({ code: 0, data: { ws_port: 3102, nodes } });
    await world.run();
    nodes = ["b"];
    server.tellAll({ type: "moving", delay_ms: 0 });
    await world.run();
    environment.clock.advance(0);
    await world.run();
    assert.deepEqual(asked, ["ws://a:3102/sub", "ws://b:3102/sub"]);
    assert.deepEqual([client.state, server.connections.size], ["connected", 1]);
    client.close();
  });

  it("tries the next one while its server still serves it, until that ends", async () => {
    const world = setUp({}, ["ws://one/sub", "ws://two/sub", "ws://three/sub"]);
    const { server, environment, asked, client, states } = world;
    await world.run();
    server.isUp = false;
    server.tellAll({ type: "moving", delay_ms: 0 });
    await world.run();
    for (let turn = 0; turn < 20; turn++) {
      environment.clock.advance(1_000);
      await world.run();
    }
    assert.equal(client.state, "connected");
    assert.equal(new Set(asked.slice(1, 4)).size, 3);
    const tries = asked.length;
    assert.ok(tries > 4, `${tries}`);
    // However often it has tried, it comes back soon after the end.
    cut(world, 1001);
    server.isUp = true;
    assert.ok(states.at(-1)!.retryMs! <= 500);
    await world.pass(500);
    assert.equal(client.state, "connected");
    client.close();
  });

  it("has the one that replaces its connection take the place, and goes where it may", async () => {
    const world = setUp({ token: { mid: 1, key: "mine" } });
    const { server, environment, client, states } = world;
    await world.run();
    const begin = async () => {
      server.tellAll({ type: "moving", delay_ms: 0 });
      await world.run();
      environment.clock.advance(0);
      await promisesSettled();
      return [...server.connections];
    };
    // A server that lets nobody in twice closes the one before.
    let [first, second] = await begin();
    first.cut(4004, "replaced");
    assert.equal(client.state, "connecting");
    await world.run();
    assert.deepEqual([client.state, second.isOpen], ["connected", true]);
    // Or does not let the other one in: then this one goes first.
    [first, second] = await begin();
    second.cut(4005, "too many");
    assert.equal(first.isOpen, false);
    await world.run();
    assert.equal(client.state, "connected");
    // Whoever is told not to come back does not.
    [first, second] = await begin();
    first.cut(4100, "kicked");
    assert.deepEqual([client.state, second.isOpen, server.connections.size], ["closed", false, 0]);
    assert.equal(states.at(-1)!.code, 4100);
  });

  it("takes no URL that is none", () => {
    assert.throws(() => setUp({}, "somewhere"), TypeError);
    assert.throws(() => setUp({}, []), TypeError);
  });
});
