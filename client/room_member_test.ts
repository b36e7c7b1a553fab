import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { promisesSettled } from "../base/clock.ts";
import {
  joinSimulated as setUp,
  listen,
  LIVE,
  outcome,
} from "../tests/support/simulated_client.ts";

describe("a room", () => {
  it("tells what is missed, in which order, and what cannot be had", async () => {
    const { server, room, events, run, reconnect } = await setUp();
    server.publish(LIVE, "one");
    await run();
    const { epoch } = room.position!;
    assert.deepEqual(room.position, { epoch, offset: 1 });
    server.publish(LIVE, "two");
    for (const connection of [...server.connections]) connection.cut();
    await reconnect();
    for (const body of ["three", "four", "five"]) server.publish(LIVE, body);
    for (const connection of [...server.connections]) connection.cut();
    server.trim(LIVE, 1);
    await reconnect();
    server.skip(LIVE, ["six", "seven"]);
    server.lose(LIVE, true);
    server.publish(LIVE, "anew");
    await run();
    assert.deepEqual(events, [
      'state {"state":"joined"}',
      "online 1",
      'message {"op":1000,"body":"one","offset":1,"recovered":false}',
      'state {"state":"joining"}',
      'state {"state":"joined"}',
      'recovered {"missed":1}',
      'message {"op":1000,"body":"two","offset":2,"recovered":true}',
      'state {"state":"joining"}',
      'state {"state":"joined"}',
      'gap {"from":3,"to":4,"count":2,"reason":"expired"}',
      'message {"op":1000,"body":"five","offset":5,"recovered":true}',
      'gap {"from":6,"to":7,"count":2,"reason":"skipped"}',
      'gap {"reason":"epoch"}',
      'message {"op":1000,"body":"anew","offset":1,"recovered":false}',
    ]);
  });

  it("goes on behind a position of before, or with the latest messages", async () => {
    const { client, server, run } = await setUp();
    for (const body of ["one", "two", "three"]) server.publish(LIVE, body);
    const { epoch } = server.logs.get(LIVE)!;
    for (const options of [{ since: { epoch, offset: 1 } }, { last: 2 }]) {
      client.join(LIVE).leave();
      const offsets: number[] = [];
      client.join(LIVE, options).on("message", ({ offset }) => offsets.push(offset));
      await run();
      assert.deepEqual(offsets, [2, 3]);
    }
    client.join(LIVE).leave();
    const events: string[] = [];
    listen(client.join(LIVE, { since: { epoch: "old", offset: 1 } }), events);
    await run();
    assert.ok(events.includes('gap {"reason":"epoch"}'));
  });

  it("takes no message twice, and tells of those that a server passes over in silence", async () => {
    const { room, events, frame, server, run } = await setUp();
    server.publish(LIVE, 1);
    await run();
    events.length = 0;
    await frame(1, '"again"');
    room.on("gap", () => assert.equal(room.position!.offset, 3));
    await frame(4, '"/w=="', ',"encoding":"base64"');
    assert.deepEqual(events, [
      'gap {"from":2,"to":3,"count":2,"reason":"skipped"}',
      'message {"op":1000,"body":{"0":255},"offset":4,"recovered":false}',
    ]);
  });

  it("tells of a single message that is missing, and not of one that it has", async () => {
    const { events, frame, server, run, room } = await setUp();
    for (const body of [1, 2]) server.publish(LIVE, body);
    await run();
    const { epoch } = room.position!;
    events.length = 0;
    const gap = { type: "gap", room: LIVE, epoch, from: 1, to: 1, count: 1 };
    server.tellAll(gap);
    await frame(4, "4");
    assert.deepEqual(events, [
      'gap {"from":3,"to":3,"count":1,"reason":"skipped"}',
      'message {"op":1000,"body":4,"offset":4,"recovered":false}',
    ]);
  });

  it("that never had a message begins at the first one that is kept", async () => {
    const { events, server, reconnect } = await setUp();
    for (const connection of [...server.connections]) connection.cut();
    for (const body of [1, 2, 3]) server.publish(LIVE, body);
    server.trim(LIVE, 1);
    events.length = 0;
    await reconnect();
    assert.deepEqual(events.slice(1), [
      'gap {"from":1,"to":2,"count":2,"reason":"expired"}',
      'message {"op":1000,"body":3,"offset":3,"recovered":true}',
    ]);
  });

  it("hears nothing before it is let in", async () => {
    const { client, server, environment, events } = await setUp();
    for (const connection of [...server.connections]) connection.cut();
    environment.clock.advance(500);
    await promisesSettled();
    const [connection] = server.connections;
    server.accept(connection);
    connection.say();
    connection.hear();
    events.length = 0;
    for (const type of ["gap", "epoch"]) {
      server.tellAll({ type, room: LIVE, epoch: "e", offset: 5, to: 5 });
      connection.hear();
    }
    assert.deepEqual([client.state, events], ["connected", []]);
  });

  it("without history may miss something whenever the connection ends", async () => {
    const { client, reconnect, run } = await setUp();
    const events: string[] = [];
    listen(client.join("chat://1"), events);
    await run();
    await reconnect();
    assert.deepEqual(events.slice(2), [
      'state {"state":"joining"}',
      'state {"state":"joined"}',
      'gap {"reason":"unknown"}',
    ]);
  });

  it("that is full or fails is asked for again, one that refuses with the next connection", async () => {
    const { server, environment, client, room, events, reconnect, run } = await setUp();
    const passing = async (code: number, spanMs: number) => {
      server.joinCodes.push(code);
      for (const connection of [...server.connections]) connection.cut();
      environment.clock.advance(500);
      await run();
      assert.equal(room.state, "joining");
      const { retryMs, ...event } = JSON.parse(events.at(-1)!.slice("state ".length));
      assert.deepEqual(event, { state: "joining", code, message: "no" });
      assert.ok(retryMs >= (code === -429 ? 500 : 0) && retryMs <= spanMs);
      environment.clock.advance(retryMs - 1);
      await run();
      assert.equal(room.state, "joining");
      environment.clock.advance(spanMs);
      await run();
      assert.equal(room.state, "joined");
    };
    await passing(-429, 1_000);
    environment.clock.advance(2_000);
    await passing(-500, 500);
    environment.clock.advance(2_000);
    server.joinCodes.push(-403);
    await reconnect();
    assert.equal(events.at(-1), 'state {"state":"refused","code":-403,"message":"no"}');
    const refused = [-403, "the room refused the client", undefined];
    assert.deepEqual(await outcome(room.publish("hi")), refused);
    assert.equal(client.state, "connected");
    await reconnect();
    assert.equal(room.state, "joined");
  });

  it("has a key of at most 256 characters", async () => {
    const { client } = await setUp();
    assert.throws(() => client.join("x".repeat(257)), /too long/);
  });

  it("does not hear what was meant for the one that was left", async () => {
    const { client, server, room, events, run } = await setUp();
    for (const body of [1, 2]) server.publish(LIVE, body);
    room.leave();
    const again: string[] = [];
    listen(client.join(LIVE), again);
    room.leave();
    await run();
    server.publish(LIVE, 3);
    await run();
    assert.deepEqual(events.slice(2), ['state {"state":"left"}']);
    const message = 'message {"op":1000,"body":3,"offset":3,"recovered":false}';
    assert.deepEqual(again, ['state {"state":"joined"}', "online 1", message]);
  });
});

describe("a listener", () => {
  it("that throws harms nobody, and is called no more when it has ended", async (t) => {
    const errors = t.mock.method(console, "error", () => {});
    const { room, server, run } = await setUp();
    const heard: unknown[] = [];
    room.on("message", () => {
      throw new Error("mine");
    });
    const end = room.on("message", ({ body }) => heard.push(body));
    server.publish(LIVE, 1);
    await run();
    end();
    server.publish(LIVE, 2);
    await run();
    assert.deepEqual([heard, errors.mock.callCount()], [[1], 2]);
  });

  it("hears what came after it began, and nothing once it has ended", async () => {
    const { room, server, run } = await setUp();
    const heard: string[] = [];
    const add = ({ body }: { readonly body: unknown }) => {
      heard.push(`added ${body}`);
      room.on("message", add);
    };
    const endFirst = room.on("message", ({ body }) => {
      heard.push(`first ${body}`);
      endAdd();
      endSecond();
    });
    const endAdd = room.on("message", add);
    const endSecond = room.on("message", () => heard.push("second"));
    server.publish(LIVE, 1);
    await run();
    endFirst();
    room.on("message", add);
    server.publish(LIVE, 2);
    await run();
    assert.deepEqual(heard, ["first 1", "added 2"]);
  });

  it("may join rooms as soon as there is a connection", async () => {
    const { client, reconnect } = await setUp();
    client.on("state", ({ state }) => {
      if (state === "connected") client.join("chat://1");
    });
    await reconnect();
    assert.equal(client.join("chat://1").state, "joined");
  });

  it("may end the client when the connection has ended, or join again for ever", async (t) => {
    t.mock.method(console, "error", () => {});
    const { client, room, server, environment, run } = await setUp();
    room.on("state", ({ state }) => {
      if (state === "joining") client.close();
      if (state === "left") client.join(LIVE);
    });
    for (const connection of [...server.connections]) connection.cut();
    environment.clock.advance(60_000);
    await run();
    assert.deepEqual([client.state, room.state], ["closed", "left"]);
    assert.deepEqual([server.connections.size, environment.clock.pending], [0, 0]);
  });

  it("may end the client in the middle of it all", async () => {
    const { client, room, server, run } = await setUp();
    room.on("message", () => client.close());
    const waiting = outcome(room.publish("hi"));
    server.publish(LIVE, 1);
    server.publish(LIVE, 2);
    await run();
    assert.equal(room.state, "left");
    assert.equal(room.position!.offset, 1);
    const ended = [-499, "the room was left", undefined];
    assert.deepEqual(await waiting, ended);
    assert.deepEqual(await outcome(room.publish("hi")), ended);
  });

  it("may leave in a gap, or end the client when it moves", async () => {
    const { client, room, server, environment, events, frame, run } = await setUp();
    events.length = 0;
    room.on("gap", () => room.leave());
    await frame(9, "9");
    const gap = 'gap {"from":1,"to":8,"count":8,"reason":"skipped"}';
    assert.deepEqual(events, [gap, 'state {"state":"left"}']);
    client.join(LIVE).on("state", ({ state }) => state === "joining" && client.close());
    server.tellAll({ type: "moving" });
    await run();
    environment.clock.advance(30_000);
    await run();
    assert.deepEqual([client.state, server.connections.size], ["closed", 0]);
  });
});
