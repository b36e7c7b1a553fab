import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { promisesSettled } from "../base/clock.ts";
import { connectSimulated } from "../tests/support/simulated_client.ts";
import type { ClientOptions, Token } from "./types.ts";

/** A client whose tokens last so long, and how many it was asked for. */
async function setUp(
  tokenMs: number,
  token: ClientOptions["token"] = () => ({ mid: 1 }),
  seed = 7,
) {
  const world = connectSimulated({ token, heartbeatMs: 1e6 }, "ws://one/sub", ["live://1"], seed);
  world.server.tokenMs = tokenMs;
  await world.run();
  assert.equal(world.client.state, "connected");
  return world;
}

describe("a token that expires", () => {
  it("is renewed when seven or eight tenths of its time are over, again and again", async () => {
    const firsts = new Set<number>();
    for (let seed = 1; seed <= 5; seed++) {
      const world = await setUp(10_000, () => ({ mid: 1 }), seed);
      await world.pass(6_900);
      assert.equal(world.server.renewals, 0);
      for (let ms = 0; world.server.renewals === 0; ms += 10) {
        await world.pass(10);
        firsts.add(ms);
      }
      assert.ok(Math.max(...firsts) <= 1_110, "at eight tenths at the latest");
      for (let renewal = 2; renewal < 5; renewal++) {
        await world.pass(8_000);
        assert.equal(world.server.renewals, renewal);
      }
      assert.deepEqual(world.states.map(({ state }) => state), ["connected"]);
      assert.equal(world.asked.length, 1);
      world.client.close();
      assert.equal(world.environment.clock.pending, 0);
    }
    assert.ok(firsts.size > 50, "by chance, so that not all come at once");
  });

  it("is sent whole, with the features and what was asked for anew", async () => {
    let asked = 0;
    const world = await setUp(10_000, () => ({ token: `jwt-${++asked}` }));
    world.environment.clock.advance(8_000);
    await promisesSettled();
    const [{ up }] = world.server.connections;
    assert.deepEqual(JSON.parse(up[0]), {
      ver: 1,
      op: 7,
      seq: 2,
      body: { room_id: "", token: "jwt-2", features: ["rooms", "notices"] },
    });
    world.client.close();
  });

  it("is waited for again when it does not come, or is not judged, until the server has it", async () => {
    const fates: (() => Token | Promise<Token>)[] = [
      () => ({ mid: 1 }),
      () => Promise.reject(new Error("signed out")),
      () => {
        throw new Error("signed out");
      },
      () => new Promise<Token>(() => {}),
    ];
    const world = await setUp(300_000, () => fates.shift()?.() ?? { mid: 1 });
    world.server.renewalFaults = 2;
    for (let passes = 0; passes < 29; passes++) await world.pass(10_000);
    assert.deepEqual([world.server.renewals, world.server.renewalFaults, fates], [1, 0, []]);
    assert.deepEqual(world.states.map(({ state }) => state), ["connected"]);
    world.client.close();
    assert.equal(world.environment.clock.pending, 0);
  });

  it("that is not renewed in time ends the connection, and the client comes back", async () => {
    let isSignedIn = true;
    const world = await setUp(10_000, () => {
      if (!isSignedIn) throw new Error("signed out");
      return { mid: 1 };
    });
    isSignedIn = false;
    await world.pass(10_000);
    const { state, code, reason } = world.states[1];
    assert.deepEqual([state, code, reason], ["waiting", 4011, "token expired"]);
    isSignedIn = true;
    await world.pass(20_000);
    assert.equal(world.client.state, "connected");
    world.client.close();
  });

  it("that is but one is not said again: the next connection shows it", async () => {
    const world = await setUp(10_000, { mid: 1 });
    await world.pass(9_000);
    assert.equal(world.environment.clock.pending > 0, true);
    await world.pass(3_000);
    assert.deepEqual([world.server.renewals, world.asked.length], [0, 2]);
    world.client.close();
    assert.equal(world.environment.clock.pending, 0);
  });

  it("may last longer than any timer of a browser", async () => {
    const world = await setUp(365 * 86_400_000);
    const delays: number[] = [];
    const { after } = world.environment;
    world.environment.after = (delayMs, callback) => {
      delays.push(delayMs);
      return after(delayMs, callback);
    };
    const [connection] = world.server.connections;
    connection.cut();
    await world.pass(1_000);
    assert.equal(world.client.state, "connected");
    assert.equal(Math.max(...delays), 2 ** 31 - 1);
    world.client.close();
  });

  it("ends the wait for it with its connection", async () => {
    const { promise, resolve } = Promise.withResolvers<Token>();
    let asked = 0;
    const world = await setUp(10_000, () => asked++ === 1 ? promise : { mid: 1 });
    await world.pass(8_000);
    assert.equal(asked, 2);
    for (const connection of [...world.server.connections]) connection.cut();
    await world.pass(1_000);
    resolve({ mid: 1 });
    await world.run();
    assert.deepEqual([world.server.renewals, world.client.state], [0, "connected"]);
    world.client.close();
    assert.equal(world.environment.clock.pending, 0);
  });
});

describe("a token that the server checks", () => {
  it("gets no key, so that who replaces the connection ends the client", async () => {
    const world = await setUp(1e6, { token: "a.b.c" });
    for (const connection of [...world.server.connections]) connection.cut(4004);
    assert.equal(world.client.state, "closed");
  });
});
