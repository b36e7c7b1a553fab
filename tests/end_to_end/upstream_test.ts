import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { roomDefaults } from "../../protocol/room_options.ts";
import { RawClient, token } from "../support/raw_client.ts";
import { Roles } from "../support/roles.ts";
import { withServer } from "../support/server.ts";

const SECRET = "0123456789abcdef";

/** A client in `live://1` that asks for what goim does not have. */
async function enter(port: number, mid: number): Promise<RawClient> {
  const client = await RawClient.connect(port);
  client.send(7, 1, token({ mid, room_id: "live://1", features: [] }));
  assert.equal((await client.next()).op, 8);
  return client;
}

/** The next frame, as an operation and JSON or text. */
async function next(client: RawClient): Promise<[number, unknown]> {
  const { op, body } = await client.next();
  const text = body.toString();
  return [op, text.startsWith("{") ? JSON.parse(text) : text];
}

/** Publishes by operation 70, and gives the answer. */
function publish(client: RawClient, message: object): Promise<[number, unknown]> {
  client.send(70, 2, JSON.stringify({ room: "live://1", ...message }));
  return next(client);
}

/** An application that swears at swearing, written as the documents say. */
async function openApplication() {
  const heard: Record<string, unknown>[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { "halley-timestamp": timestamp, "halley-signature": signature } = request.headers;
    const digest = createHmac("sha256", SECRET).update(`${timestamp}.${body}`).digest("hex");
    if (signature !== `v1=${digest}`) return void response.writeHead(401).end();
    const message = JSON.parse(body);
    heard.push(message);
    if (message.body === "damn") return void response.end('{"refuse":"no swearing"}');
    response.end(message.body === "darn" ? '{"body":"d**n"}' : "");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { heard, url: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

test("what clients say reaches the room as the webhook allows it, and is kept", async () => {
  const application = await openApplication();
  const live = { type: "live", historySize: 10, upstream: "webhook" } as const;
  const options = { rooms: [live], webhookUrl: application.url, webhookSecret: SECRET };
  await withServer(options, async (server) => {
    const alice = await enter(server.tcpPort, 7);
    const bob = await enter(server.tcpPort, 8);
    alice.send(70, 2, '{"room":"live://1","op":1001,"media_ms":500,"body":{"t":"hi"},"id":"a"}');
    const both = [await next(alice), await next(alice)].toSorted(([a], [b]) => a - b);
    const [[answerOp, answer], [pushOp, pushed]] = both;
    const { epoch, ...place } = answer as { epoch: string };
    assert.deepEqual([answerOp, place], [71, { code: 0, room: "live://1", offset: 1 }]);
    assert.deepEqual([pushOp, pushed], [1001, { t: "hi" }]);
    assert.deepEqual(await next(bob), [1001, { t: "hi" }]);

    bob.send(4, 3, "darn");
    const [first, second] = [await next(bob), await next(bob)].toSorted(([a], [b]) => a - b);
    assert.deepEqual([first, second], [[5, ""], [1000, "d**n"]]);
    assert.deepEqual(await next(alice), [1000, "d**n"]);

    const refused = { code: -403, message: "no swearing" };
    assert.deepEqual(await publish(alice, { body: "damn" }), [71, refused]);
    alice.send(4, 4, "damn");
    assert.deepEqual(await next(alice), [5, refused]);

    const { code } = await server.post("/v1/mute", '{"mid":"8","for_ms":60000}');
    assert.equal(code, 0);
    const [, muted] = await publish(bob, { body: "anybody?" });
    const { retry_ms: retryMs, ...rest } = muted as { retry_ms: number };
    assert.deepEqual(rest, { code: -403, message: "the user is muted" });
    assert.ok(retryMs > 0 && retryMs <= 60_000);

    const { messages } = await server.get("/goim/history/room?type=live&room=1") as {
      messages: Record<string, unknown>[];
    };
    const kept = messages.map(({ offset, op, mid, media_ms, body }) => [
      offset,
      op,
      mid,
      media_ms,
      body,
    ]);
    assert.deepEqual(kept, [[1, 1001, "7", 500, { t: "hi" }], [2, 1000, "8", undefined, "d**n"]]);
    const { server: comet, connection_id, key, time_ms, ...message } = application.heard[0];
    assert.deepEqual([comet, connection_id, key, time_ms].map((each) => typeof each), [
      "string",
      "number",
      "string",
      "number",
    ]);
    assert.deepEqual(message, {
      type: "message",
      room: "live://1",
      op: 1001,
      mid: "7",
      media_ms: 500,
      id: "a",
      body: { t: "hi" },
    });
    assert.equal(application.heard.length, 4);
    assert.equal(epoch === "", false);
    const metrics = await server.metrics();
    assert.equal(metrics.logic_webhook_calls_total, 4);
    assert.equal(metrics.logic_published_total, 2);
    for (const client of [alice, bob]) client.close();
  }).finally(application.close);
});

test("a message whose answer got lost is stored once, and another logic answers its place", () =>
  Roles.use(async (roles) => {
    const upstream = {
      upstream: "publish",
      slowModeMs: 60_000,
      duplicateWindowMs: 60_000,
    } as const;
    roles.rooms = [{ ...roomDefaults, type: "live", historySize: 10, ...upstream }];
    const ports: number[] = [];
    const asked: number[] = [];
    for (const index of [0, 1]) {
      roles.hooks = { message: () => void asked.push(index) };
      ports.push(await roles.addLogic());
    }
    const comet = await roles.addComet("comet-1", ...ports);
    const client = await enter(comet.port, 7);
    const append = roles.pushLog.append.bind(roles.pushLog);
    roles.pushLog.append = async (...args) => {
      const stored = await append(...args);
      // The logic that took it is gone before it has answered.
      if (asked.length === 1) await roles.stopLogic(ports[asked[0]]);
      return stored;
    };
    const [op, answer] = await publish(client, { body: "hi", id: "a" });
    assert.deepEqual([op, (answer as { offset: number }).offset], [71, 1]);
    const query = { room: "live://1", limit: 10, bytesMax: 1_000 };
    const { messages } = await roles.logic.readHistory(query);
    assert.deepEqual(messages.map(({ offset }) => offset), [1]);
    assert.deepEqual(asked.toSorted(), [0, 1]);
    const again = await publish(client, { body: "hi", id: "a" });
    assert.deepEqual(again, [op, answer]);
    const [, other] = await publish(client, { body: "ho", id: "b" });
    assert.equal((other as { code: number }).code, -429);
    client.close();
  }));
