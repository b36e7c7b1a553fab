import assert from "node:assert/strict";
import { test } from "node:test";
import { Limits } from "../../protocol/limits.ts";
import { RawClient } from "../support/raw_client.ts";
import { withServer } from "../support/server.ts";

test("a push by room reaches every member, whatever they accept, and nobody else", () =>
  withServer({}, async (server) => {
    const inRoom = await RawClient.open(server.tcpPort, { accepts: [] });
    const alsoInRoom = await RawClient.open(server.tcpPort);
    const elsewhere = await RawClient.open(server.tcpPort, { room_id: "live://2000" });
    await server.push("room?operation=1000&type=live&room=1000", "danmaku");
    for (const client of [inRoom, alsoInRoom]) {
      const { op, seq, ver, body } = await client.next();
      assert.deepEqual([op, seq, ver, body.toString()], [1000, 0, 1, "danmaku"]);
    }
    elsewhere.send(2, 9);
    assert.equal((await elsewhere.next()).op, 3);
    for (const client of [inRoom, alsoInRoom, elsewhere]) client.close();
  }));

test("a push by mids reaches every connection of an int64 mid that accepts the operation", () =>
  withServer({}, async (server) => {
    const mid = "9007199254740993";
    const neighbour = await RawClient.open(server.tcpPort, { mid: "9007199254740992" });
    const phone = await RawClient.open(server.tcpPort, { mid });
    const laptop = await RawClient.open(server.tcpPort, { mid });
    const deaf = await RawClient.open(server.tcpPort, { mid, accepts: [1001] });
    await server.push(`mids?operation=1000&mids=${mid}`, "hello");
    assert.equal((await phone.next()).body.toString(), "hello");
    assert.equal((await laptop.next()).body.toString(), "hello");
    for (const client of [neighbour, deaf]) {
      client.send(2, 9);
      assert.equal((await client.next()).op, 3);
    }
    for (const client of [neighbour, phone, laptop, deaf]) client.close();
  }));

test("a push of 10,000 targets by POST /v1/push reaches those that are here", () =>
  withServer({}, async (server) => {
    const longKey = (index: number) => `${index}-`.padEnd(Limits.keyCharsMax, "键");
    const keys = Array.from({ length: Limits.pushTargetsMax }, (_, index) => longKey(index));
    const mids = keys.map((_, index) => String(9_007_199_254_740_993n + BigInt(index)));
    const first = await RawClient.open(server.tcpPort, { key: keys[0], mid: mids[0] });
    const last = await RawClient.open(server.tcpPort, { key: keys.at(-1), mid: mids.at(-1) });
    const other = await RawClient.open(server.tcpPort, { mid: "9007199254740992" });
    const common = '"operation":1000,"body":{"text":"hello"}';
    for (const targets of [`"keys":${JSON.stringify(keys)}`, `"mids":[${mids}]`]) {
      const answer = await server.post("/v1/push", `{${targets},${common}}`);
      assert.deepEqual(answer, { code: 0, message: "" });
      for (const client of [first, last]) {
        assert.equal((await client.next()).body.toString(), '{"text":"hello"}');
      }
    }
    other.send(2, 9);
    assert.equal((await other.next()).op, 3);
    for (const client of [first, last, other]) client.close();
  }));

test("a push by POST /v1/push reaches a room without a type", () =>
  withServer({}, async (server) => {
    const client = await RawClient.open(server.tcpPort, { room_id: "lobby" });
    const push = '{"room":"lobby","operation":1000,"body":"hello"}';
    assert.deepEqual(await server.post("/v1/push", push), { code: 0, message: "" });
    assert.equal((await client.next()).body.toString(), "hello");
    client.close();
  }));

test("a push by keys reaches the connections of these keys", () =>
  withServer({}, async (server) => {
    const a = await RawClient.open(server.tcpPort, { key: "a" });
    const b = await RawClient.open(server.tcpPort, { key: "b" });
    await server.push("keys?operation=1001&keys=a&keys=nobody&keys=b", "to two");
    assert.equal((await a.next()).body.toString(), "to two");
    assert.equal((await b.next()).body.toString(), "to two");
    a.close();
    b.close();
  }));

test("a push to all reaches everyone that accepts it, at once or at a speed", () =>
  withServer({}, async (server) => {
    const clients: RawClient[] = [];
    for (let index = 0; index < 10; index++) {
      const room_id = index % 2 === 0 ? "" : `live://${index}`;
      clients.push(await RawClient.open(server.tcpPort, { room_id }));
    }
    await server.push("all?operation=1000&speed=0", "at once");
    for (const client of clients) assert.equal((await client.next()).body.toString(), "at once");
    const startMs = performance.now();
    await server.push("all?operation=1000&speed=20", "paced");
    for (const client of clients) assert.equal((await client.next()).body.toString(), "paced");
    const elapsedMs = performance.now() - startMs;
    assert.ok(elapsedMs >= 300, `10 connections at 20 a second took ${elapsedMs} ms`);
    for (const client of clients) client.close();
  }));

test("subscribe and unsubscribe decide which pushes by key arrive", () =>
  withServer({}, async (server) => {
    const client = await RawClient.open(server.tcpPort, { key: "k", accepts: [] });
    await server.push("keys?operation=1000&keys=k", "unheard");
    client.send(14, 1, "1000");
    assert.equal((await client.next()).op, 15);
    await server.push("keys?operation=1000&keys=k", "heard");
    assert.equal((await client.next()).body.toString(), "heard");
    client.send(16, 2, "1000");
    assert.equal((await client.next()).op, 17);
    await server.push("keys?operation=1000&keys=k", "unheard");
    client.send(2, 3);
    assert.equal((await client.next()).op, 3);
    client.close();
  }));

test("a thousand pushes to a room arrive once each and in order", () =>
  withServer({}, async (server) => {
    const members = [await RawClient.open(server.tcpPort), await RawClient.open(server.tcpPort)];
    const count = 1_000;
    for (let index = 0; index < count; index += 10) {
      for (let offset = 0; offset < 10; offset++) {
        await server.push("room?operation=1000&type=live&room=1000", String(index + offset));
      }
    }
    for (const member of members) {
      const frames = await member.take(count);
      assert.deepEqual(
        frames.map(({ body }) => Number(body.toString())),
        Array.from({ length: count }, (_, index) => index),
      );
      assert.equal(member.waiting, 0);
      member.close();
    }
  }));

test("a push of the largest body arrives whole; one byte more is refused", () =>
  withServer({}, async (server) => {
    const client = await RawClient.open(server.tcpPort);
    const body = new Uint8Array(65_472).map((_, index) => index);
    await server.push("room?operation=1000&type=live&room=1000", body);
    assert.deepEqual(new Uint8Array((await client.next()).body), body);
    const answer = await server.post(
      "/goim/push/room?operation=1000&type=live&room=1000",
      new Uint8Array(65_473),
    );
    assert.equal(answer.code, -400);
    client.close();
  }));
