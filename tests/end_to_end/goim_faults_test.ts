/** goim's known faults that show from outside one process; others have theirs beside the code. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RawClient } from "../support/raw_client.ts";
import { withServer } from "../support/server.ts";

const ROOM = "room?operation=1000&type=live&room=1000";

test("goim fault 4: one key whose queue is full does not abort a push to others", () =>
  withServer({ slowReaderMs: 60_000 }, async (server) => {
    const stuck = await RawClient.open(server.tcpPort, { key: "stuck" });
    stuck.socket.pause();
    const well = await RawClient.open(server.tcpPort, { key: "well" });
    const body = new Uint8Array(60_000);
    let pushes = 0;
    while ((await server.metrics()).comet_frames_dropped_total === 0) {
      await server.push("keys?operation=1000&keys=stuck&keys=well", body);
      pushes++;
      assert.ok(pushes < 1_000, "the queue of a client that does not read never filled");
    }
    await server.push("keys?operation=1000&keys=stuck&keys=well", "after");
    const frames = await well.take(pushes + 1);
    assert.equal(frames.at(-1)!.body.toString(), "after");
    stuck.close();
    well.close();
  }));

test("goim fault 5: a stuck client does not freeze its room", () =>
  withServer({ slowReaderMs: 60_000 }, async (server) => {
    const stuck = await RawClient.open(server.tcpPort);
    stuck.socket.pause();
    const well = await RawClient.open(server.tcpPort);
    const body = new Uint8Array(60_000);
    for (let push = 0; push < 150; push++) {
      await server.push(ROOM, body);
      assert.equal((await well.next()).body.length, body.length);
    }
    stuck.close();
    well.close();
  }));

test("goim fault 6: a late disconnect leaves the session of the connection that replaced it", () =>
  withServer({ perKeyMax: 1, whenFull: "close-oldest" }, async (server) => {
    const old = await RawClient.open(server.tcpPort, { key: "k", mid: 5 });
    const replacement = await RawClient.open(server.tcpPort, { key: "k", mid: 5 });
    const last = await old.untilClosed();
    assert.equal(JSON.parse(last[0].body.toString()).code, 4004);
    old.close();
    await server.until("the old connection is gone", (metrics) => metrics.comet_connections === 1);
    await server.push("mids?operation=1000&mids=5", "still here");
    assert.equal((await replacement.next()).body.toString(), "still here");
    replacement.close();
  }));

test("goim fault 7: the same key connecting again keeps the room's members and count right", () =>
  withServer({}, async (server) => {
    const first = await RawClient.open(server.tcpPort, { key: "same" });
    const second = await RawClient.open(server.tcpPort, { key: "same" });
    const online = async (client: RawClient) => {
      client.send(2, 1);
      return (await client.next()).body.readInt32BE(0);
    };
    assert.equal(await online(first), 2);
    await server.push(ROOM, "both");
    assert.equal((await first.next()).body.toString(), "both");
    assert.equal((await second.next()).body.toString(), "both");
    first.close();
    await server.until("the first is gone", (metrics) => metrics.comet_connections === 1);
    assert.equal(await online(second), 1);
    await server.push(ROOM, "one");
    assert.equal((await second.next()).body.toString(), "one");
    second.close();
  }));

test("goim fault 8: a push to all with nobody there is code 0", () =>
  withServer({}, async (server) => {
    await server.push("all?operation=1000&speed=0", "anyone?");
    await server.push("all?operation=1000&speed=7", "anyone?");
  }));

test("goim fault 10: a push to an idle room does not wait", () =>
  withServer({}, async (server) => {
    const client = await RawClient.open(server.tcpPort);
    const delaysMs: number[] = [];
    for (let push = 0; push < 20; push++) {
      const startMs = performance.now();
      await server.push(ROOM, "now");
      await client.next();
      delaysMs.push(performance.now() - startMs);
    }
    const fastestMs = Math.min(...delaysMs);
    assert.ok(fastestMs < 100, `goim waits up to a second, this took ${fastestMs} ms`);
    client.close();
  }));

test("goim fault 11: nobody pushes without the API key when there is one", () =>
  withServer({ apiKey: "secret-of-the-back-end" }, async (server) => {
    const client = await RawClient.open(server.tcpPort);
    const path = `/goim/push/${ROOM}`;
    const wrong: Record<string, string>[] = [{}, { authorization: "Bearer wrong" }, {
      "x-api-key": "",
    }];
    for (const headers of wrong) {
      const response = await fetch(server.httpUrl + path, { method: "POST", body: "x", headers });
      assert.equal(response.status, 401);
      assert.equal((await response.json()).code, -401);
    }
    await server.push(ROOM, "authorized");
    assert.equal((await client.next()).body.toString(), "authorized");
    client.close();
  }));

test("goim fault 12: a slow reader's losses are counted, and it is told to come back", () =>
  withServer({ slowReaderMs: 500 }, async (server) => {
    const slow = await RawClient.open(server.tcpPort);
    slow.socket.pause();
    const body = new Uint8Array(60_000);
    let pushes = 0;
    while ((await server.metrics()).comet_slow_readers_total === 0) {
      await server.push(ROOM, body);
      pushes++;
    }
    const dropped = (await server.metrics()).comet_frames_dropped_total;
    assert.ok(dropped > 0);
    slow.socket.resume();
    const frames = await slow.untilClosed();
    const last = frames.pop()!;
    assert.equal(last.op, 6);
    assert.deepEqual(JSON.parse(last.body.toString()), {
      code: 4003,
      reason: "slow reader",
      reconnect: true,
    });
    for (const { body } of frames) assert.equal(body.length, 60_000);
    assert.ok(frames.length < pushes, "a slow reader got everything");
    slow.close();
  }));
