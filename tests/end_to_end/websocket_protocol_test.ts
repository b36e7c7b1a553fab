import assert from "node:assert/strict";
import { test } from "node:test";
import { rawFrame, readRawFrames, token } from "../support/raw_client.ts";
import { withServer } from "../support/server.ts";
import { WebSocketClient } from "../support/web_socket_client.ts";

test("a binary WebSocket client is answered in goim frames and pushed to in batches", () =>
  withServer({}, async (server) => {
    const client = await WebSocketClient.open(server.wsPort);
    client.socket.send(rawFrame(2, 5));
    const { data, isText } = await client.next();
    assert.equal(isText, false);
    const [reply] = readRawFrames(data).frames;
    assert.deepEqual([reply.op, reply.seq, reply.body.readInt32BE(0)], [3, 5, 1]);
    await server.push("room?operation=1000&type=live&room=1000", "danmaku");
    assert.deepEqual(await client.nextBatch(), [{ op: 1000, seq: 0, body: "danmaku" }]);
    await server.push("all?operation=1001&speed=0", "everyone");
    assert.deepEqual(await client.nextBatch(), [{ op: 1001, seq: 0, body: "everyone" }]);
    client.close();
  }));

test("a client whose auth comes as text is answered and pushed to in JSON", () =>
  withServer({}, async (server) => {
    const client = await WebSocketClient.connect(server.wsPort);
    const next = async () => {
      const { isText, data } = await client.next();
      assert.equal(isText, true);
      return JSON.parse(data.toString());
    };
    client.socket.send(`{"ver":1,"op":7,"seq":1,"body":${token({ mid: "9007199254740993" })}}`);
    const auth = await next();
    assert.deepEqual([auth.ver, auth.op, auth.seq], [1, 8, 1]);
    client.socket.send('{"ver":1,"op":2,"seq":2}');
    assert.deepEqual(await next(), { ver: 1, op: 3, seq: 2, body: 1 });
    client.socket.send('{"ver":1,"op":12,"seq":3,"body":"live://7"}');
    assert.deepEqual(await next(), { ver: 1, op: 13, seq: 3, body: "live://7" });
    await server.push("room?operation=1000&type=live&room=7", '{"text":"hi"}');
    assert.deepEqual(await next(), { ver: 1, op: 1000, seq: 0, body: { text: "hi" } });
    await server.push("room?operation=1000&type=live&room=7", "plain");
    assert.deepEqual(await next(), { ver: 1, op: 1000, seq: 0, body: "plain" });
    await server.push("mids?operation=1000&mids=9007199254740993", Uint8Array.of(0xff, 0xfe));
    assert.deepEqual(await next(), {
      ver: 1,
      op: 1000,
      seq: 0,
      body: "//4=",
      encoding: "base64",
    });
    client.close();
  }));

test("what a WebSocket client breaks is named in the close code", () =>
  withServer({ handshakeMs: 400 }, async (server) => {
    const huge = rawFrame(4, 1, new Uint8Array(4097));
    const cases: [what: string, code: number, send: (client: WebSocketClient) => void][] = [
      ["a bad token", 4001, (client) => client.socket.send(rawFrame(7, 1, "nonsense"))],
      ["a frame that is too large", 1002, (client) => client.socket.send(huge)],
      ["half a frame", 1002, (client) => client.socket.send(rawFrame(2, 1).subarray(0, 9))],
      ["JSON that is none", 1002, (client) => client.socket.send("{")],
      ["a message of 20 KB", 1009, (client) => client.socket.send(new Uint8Array(20_000))],
      ["silence", 4000, () => {}],
    ];
    for (const [what, code, send] of cases) {
      const client = await WebSocketClient.connect(server.wsPort);
      send(client);
      assert.equal((await client.closed).code, code, what);
    }
  }));

test("a client that closes gets its code back, and pings get pongs", () =>
  withServer({}, async (server) => {
    const client = await WebSocketClient.open(server.wsPort);
    const pong = new Promise<string>((resolve) =>
      client.socket.once("pong", (data: Uint8Array) => resolve(new TextDecoder().decode(data)))
    );
    client.socket.ping("are you there");
    assert.equal(await pong, "are you there");
    client.socket.close(4321, "bye");
    assert.equal((await client.closed).code, 4321);
    await server.until("the client left", (metrics) => metrics.comet_connections === 0);
  }));

test("an HTTP request that is no upgrade is answered and the connection ends", () =>
  withServer({}, async (server) => {
    const response = await fetch(`http://127.0.0.1:${server.wsPort}/sub`);
    assert.equal(response.status, 426);
    await response.body?.cancel();
    const other = await fetch(`http://127.0.0.1:${server.wsPort}/`);
    assert.equal(other.status, 404);
    await other.body?.cancel();
    await server.until("both connections ended", (metrics) => metrics.comet_connections === 0);
  }));

test("the server's stop tells WebSocket clients that it goes away", async () => {
  let closed: Promise<{ code: number }> | undefined;
  await withServer({}, async (server) => {
    closed = (await WebSocketClient.open(server.wsPort)).closed;
  });
  assert.equal((await closed!).code, 1001);
});
