import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { promisesSettled } from "../base/clock.ts";
import { connectSimulated as setUp, cut } from "../tests/support/simulated_client.ts";

describe("a connection", () => {
  it("takes no push for an answer", async () => {
    const world = setUp();
    const { client, server } = world;
    const pushes: unknown[] = [];
    client.on("message", ({ body }) => pushes.push(body));
    const room = client.join("live://1");
    await world.run();
    const published = room.publish("hi");
    const [connection] = server.connections;
    const { seq } = JSON.parse(connection.up[0]);
    // Of the room that the token named, at this place in its log.
    connection.down.push(`{"ver":1,"op":1000,"seq":${seq},"body":"push"}`);
    await world.run();
    // Nor is the answer to a heartbeat a push.
    world.environment.clock.advance(30_000);
    await world.run();
    assert.deepEqual([(await published).offset, pushes], [1, ["push"]]);
    client.close();
  });

  it("asks for a few rooms at a time, and for all of them", async () => {
    const keys = Array.from({ length: 300 }, (_, n) => `live://${n}${"x".repeat(200)}`);
    const world = setUp({}, "ws://one/sub", keys);
    const { client, server } = world;
    const rooms = keys.map((key) => client.join(key));
    await promisesSettled();
    const [connection] = server.connections;
    server.accept(connection);
    connection.say();
    connection.hear();
    assert.equal(connection.up.length, 24);
    await world.run();
    assert.ok(rooms.every(({ state }) => state === "joined"));
    client.close();
  });

  it("that does not come about is given up after ten seconds", async () => {
    const world = setUp();
    await promisesSettled();
    const [connection] = world.server.connections;
    world.server.accept(connection);
    // It says something, but not that the client may come in.
    connection.down.push('{"ver":1,"op":3,"seq":0,"body":1}');
    connection.hear();
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
