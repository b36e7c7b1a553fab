import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { startServer } from "../../mod.ts";
import { RawClient, within } from "../support/raw_client.ts";
import { testServer } from "../support/server.ts";

const ANY_PORT = { hostname: "127.0.0.1", port: 0 };

const PUSH = "POST /goim/push/room?operation=1000&type=live&room=1000 HTTP/1.1\r\n" +
  "Host: 127.0.0.1\r\nContent-Length: 3\r\n\r\n";

/** Connects to the API and sends a text; what is answered is put together in `answer`. */
function apiSocket(port: number, text: string): { socket: Socket; answer: () => Promise<string> } {
  const socket = connect({ host: "127.0.0.1", port });
  socket.setEncoding("latin1");
  socket.on("error", () => {});
  let answered = "";
  socket.on("data", (part: string) => answered += part);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.write(text);
  return { socket, answer: () => within("an answer", closed.then(() => answered)) };
}

test("a stop tells clients at once, and gives half a request time to come and be refused", async () => {
  const running = await startServer({ tcp: ANY_PORT, ws: ANY_PORT, http: ANY_PORT });
  const server = testServer(running);
  const clients = [await RawClient.open(server.tcpPort), await RawClient.open(server.tcpPort)];
  const late = apiSocket(running.http.port, PUSH + "ab");
  const stuck = apiSocket(running.http.port, PUSH + "a");
  // What was sent on one connection before has come when this is answered.
  await server.until("both connections", (metrics) => metrics.http_connections >= 3);
  await server.push("room?operation=1000&type=live&room=1000", "before");

  let isStopped = false;
  const stopped = running.close().finally(() => isStopped = true);
  for (const client of clients) {
    assert.equal((await client.next()).body.toString(), "before");
    assert.equal((await client.next()).op, 6);
    client.close();
  }
  assert.equal(isStopped, false, "half a request has its time");
  late.socket.write("c");
  assert.match(await late.answer(), /^HTTP\/1\.1 503 [^\0]*Connection: close/);
  assert.equal(await stuck.answer(), "");
  await within("the stop", stopped);
});

test("a stop sends a broadcast that is paced to its end", async () => {
  const running = await startServer({ tcp: ANY_PORT, ws: ANY_PORT, http: ANY_PORT });
  const server = testServer(running);
  const clients = [];
  for (let index = 0; index < 3; index++) clients.push(await RawClient.open(server.tcpPort));
  await server.push("all?operation=1000&speed=1", "paced");
  const stopped = running.close();
  for (const client of clients) {
    assert.equal((await client.next()).body.toString(), "paced");
    assert.equal((await client.next()).op, 6);
    client.close();
  }
  await within("the stop", stopped);
});
