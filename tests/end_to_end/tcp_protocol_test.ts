import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { RawClient, rawFrame, token } from "../support/raw_client.ts";
import { withServer } from "../support/server.ts";

test("a client that sends the auth frame one byte at a time gets in", () =>
  withServer({}, async (server) => {
    const client = await RawClient.connect(server.tcpPort);
    for (const byte of rawFrame(7, 42, token())) client.socket.write(Uint8Array.of(byte));
    const reply = await client.next();
    assert.deepEqual(reply, {
      packLen: 16,
      headerLen: 16,
      ver: 1,
      op: 8,
      seq: 42,
      body: Buffer.alloc(0),
    });
    client.close();
  }));

test("three frames in one write are answered in order", () =>
  withServer({}, async (server) => {
    const client = await RawClient.connect(server.tcpPort);
    client.socket.write(Buffer.concat([
      rawFrame(7, 1, token()),
      rawFrame(2, 2),
      rawFrame(14, 3, "1003,1004"),
    ]));
    const replies = await client.take(3);
    assert.deepEqual(replies.map(({ op, seq }) => [op, seq]), [[8, 1], [3, 2], [15, 3]]);
    assert.equal(replies[1].body.readInt32BE(0), 1);
    assert.equal(replies[2].body.toString(), "1003,1004");
    client.close();
  }));

test("every operation of goim is answered as goim does", () =>
  withServer({}, async (server) => {
    const client = await RawClient.open(server.tcpPort);
    const requests: [op: number, body: string, answerOp: number, answerBody: string][] = [
      [4, "hello", 5, ""],
      [12, "live://2000", 13, "live://2000"],
      [12, "lobby", 13, "lobby"],
      [12, "", 13, ""],
      [14, "1005", 15, "1005"],
      [16, "1005,1000", 17, "1005,1000"],
      [1234, "application", 1234, ""],
      [0, "", 0, ""],
    ];
    for (const [index, [op, body]] of requests.entries()) client.send(op, 100 + index, body);
    const replies = await client.take(requests.length);
    assert.deepEqual(
      replies.map(({ op, seq, body }) => [op, seq, body.toString()]),
      requests.map(([, , op, body], index) => [op, 100 + index, body]),
    );
    client.close();
  }));

test("an operation before auth is ignored", () =>
  withServer({}, async (server) => {
    const client = await RawClient.connect(server.tcpPort);
    client.send(2, 1);
    client.send(12, 2, "live://9");
    client.send(4, 3, "too early");
    client.send(7, 4, token());
    const reply = await client.next();
    assert.deepEqual([reply.op, reply.seq], [8, 4]);
    client.send(2, 5);
    assert.deepEqual((await client.next()).seq, 5);
    client.close();
  }));

const broken: Record<string, (frame: Buffer) => void> = {
  "a negative packLen": (frame) => frame.writeInt32BE(-1, 0),
  "a packLen below the header": (frame) => frame.writeInt32BE(15, 0),
  "a packLen of 4113": (frame) => frame.writeInt32BE(4113, 0),
  "a packLen of 2 GiB": (frame) => frame.writeInt32BE(0x7fffffff, 0),
  "a headerLen of 15": (frame) => frame.writeInt16BE(15, 4),
  "a headerLen of 17": (frame) => frame.writeInt16BE(17, 4),
  "a negative headerLen": (frame) => frame.writeInt16BE(-16, 4),
};
for (const [what, spoil] of Object.entries(broken)) {
  test(`a frame with ${what} closes the connection without an answer`, () =>
    withServer({}, async (server) => {
      for (const authenticated of [false, true]) {
        const client = authenticated
          ? await RawClient.open(server.tcpPort)
          : await RawClient.connect(server.tcpPort);
        const frame = rawFrame(2, 1);
        spoil(frame);
        client.socket.write(frame);
        const last = await client.untilClosed();
        assert.deepEqual(last.filter(({ op }) => op !== 6), []);
        client.close();
      }
    }));
}

test("the largest frame that a client may send is taken", () =>
  withServer({}, async (server) => {
    const client = await RawClient.open(server.tcpPort);
    client.send(4, 9, new Uint8Array(4096).fill(7));
    const reply = await client.next();
    assert.deepEqual([reply.op, reply.seq, reply.body.length], [5, 9, 0]);
    client.close();
  }));

test("a failed auth closes the connection without a word", () =>
  withServer({}, async (server) => {
    const bad = [
      "",
      "not json",
      "[]",
      '{"mid":"x"}',
      '{"mid":1e30}',
      '{"mid":1,"room_id":"live://"}',
    ];
    for (const body of bad) {
      const client = await RawClient.connect(server.tcpPort);
      client.send(7, 1, body);
      assert.deepEqual(await client.untilClosed(), [], `token ${body}`);
      client.close();
    }
  }));

test("a client that never authenticates is closed at the handshake deadline", () =>
  withServer({ handshakeMs: 300 }, async (server) => {
    const client = await RawClient.connect(server.tcpPort);
    client.send(2, 1);
    assert.deepEqual(await client.untilClosed(), []);
    client.close();
  }));

test("a client that sends no heartbeat is told so and closed; one that does stays", () =>
  withServer({ heartbeatIntervalMs: 1_000, heartbeatsMax: 1 }, async (server) => {
    const silent = await RawClient.open(server.tcpPort);
    const beating = await RawClient.open(server.tcpPort);
    const beats = setInterval(() => beating.send(2, 1), 100);
    const last = await silent.untilClosed();
    clearInterval(beats);
    assert.deepEqual(last.map(({ op }) => op), [6]);
    assert.deepEqual(JSON.parse(last[0].body.toString()), {
      code: 4002,
      reason: "heartbeat timeout",
      reconnect: true,
    });
    beating.send(2, 77);
    let reply = await beating.next();
    while (reply.seq !== 77) reply = await beating.next();
    assert.equal(reply.body.readInt32BE(0), 1);
    silent.close();
    beating.close();
  }));

test("heartbeats tell how many are in the room as people come, move and go", () =>
  withServer({}, async (server) => {
    const clients = [];
    for (let index = 0; index < 3; index++) clients.push(await RawClient.open(server.tcpPort));
    const [first, second, third] = clients;
    const online = async () => {
      first.send(2, 5);
      return (await first.next()).body.readInt32BE(0);
    };
    assert.equal(await online(), 3);
    second.send(12, 1, "live://other");
    await second.next();
    assert.equal(await online(), 2);
    third.close();
    await server.until("a client left", (metrics) => metrics.comet_connections === 2);
    assert.equal(await online(), 1);
    first.send(12, 2, "");
    await first.next();
    assert.equal(await online(), 0);
    for (const client of clients) client.close();
  }));

test("a client that sends far ahead of the answers is answered in order or told to go", () =>
  withServer({ operationsMax: 0 }, async (server) => {
    const client = await RawClient.open(server.tcpPort);
    const count = 2_000;
    const frames = Array.from({ length: count }, (_, index) => rawFrame(4, index, "x"));
    client.socket.write(Buffer.concat(frames));
    const replies = await client.take(count);
    assert.deepEqual(replies.map(({ seq }) => seq), frames.map((_, index) => index));
    client.close();
  }));
