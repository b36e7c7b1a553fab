import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { UPGRADE } from "../support/memory_client.ts";
import { RawClient, rawFrame, readRawFrames, token, within } from "../support/raw_client.ts";
import { withServer } from "../support/server.ts";
import { WebSocketClient } from "../support/web_socket_client.ts";
import { Buffer } from "node:buffer";

/** Clients that come at once. */
const CROWD = 300;

/** What a connection gets that sends something at once, until it is over. */
function answerTo(port: number, bytes: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: "127.0.0.1" }, () => socket.write(bytes));
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("close", () => resolve(Buffer.concat(chunks)));
  });
}

/** What a crowd gets that comes at once. */
function answers(port: number, bytes: Uint8Array): Promise<Buffer[]> {
  const crowd = Array.from({ length: CROWD }, () => answerTo(port, bytes));
  return within("the answers", Promise.all(crowd));
}

const AUTH = rawFrame(7, 1, token({ key: "a" }));

test("a crowd that comes to a server that is full is told, each of it, when to come back", () =>
  withServer({ connectionsMax: 1 }, async (server) => {
    const first = await RawClient.open(server.tcpPort, { key: "first" });
    const times = new Set<number>();
    for (const bytes of await answers(server.tcpPort, AUTH)) {
      const { frames: [{ op, body }], rest } = readRawFrames(bytes);
      const { retry_ms, ...close } = JSON.parse(body.toString());
      assert.deepEqual([op, rest.length], [6, 0]);
      assert.deepEqual(close, { code: 4012, reason: "server is busy", reconnect: true });
      times.add(retry_ms);
    }
    assert.ok(times.size > CROWD / 2, `${times.size} times`);
    for (const bytes of await answers(server.wsPort, UPGRADE)) {
      assert.match(bytes.toString(), /^HTTP\/1\.1 503 Service Unavailable\r\n/);
      assert.match(bytes.toString(), /\r\nRetry-After: (?:[1-9]|10)\r\n/);
    }
    const response = await fetch(`http://127.0.0.1:${server.wsPort}/sub`);
    assert.deepEqual([response.status, await response.text()], [503, "server is busy\n"]);
    await assert.rejects(WebSocketClient.connect(server.wsPort));
    await server.until(
      "all are counted, and none is left",
      (metrics) =>
        metrics.comet_refused_full_total === 2 * CROWD + 2 &&
        metrics.comet_refusals === 0 && metrics.comet_connections === 1,
    );
    assert.equal((await server.metrics()).comet_refused_untold_total, 0);
    await server.push("keys?operation=1000&keys=first", "still here");
    assert.equal((await first.next()).body.toString(), "still here");
    first.close();
  }));

test("those who come beyond the rate are told, and those within it get in", () =>
  withServer({ acceptRate: 1, acceptBurst: 10 }, async (server) => {
    const crowd = await Promise.all(
      Array.from({ length: CROWD }, () => RawClient.connect(server.tcpPort)),
    );
    for (const [index, client] of crowd.entries()) {
      client.socket.write(rawFrame(7, 1, token({ mid: index + 1, key: `${index}` })));
    }
    const operations = await Promise.all(crowd.map(async (client) => (await client.next()).op));
    const inside = operations.filter((op) => op === 8).length;
    assert.ok(inside >= 10 && inside < 30, `${inside} got in`);
    assert.equal(operations.filter((op) => op === 6).length, CROWD - inside);
    const { comet_refused_rate_total, comet_handshakes } = await server.metrics();
    assert.deepEqual([comet_refused_rate_total, comet_handshakes], [CROWD - inside, 0]);
    for (const client of crowd) client.close();
  }));
