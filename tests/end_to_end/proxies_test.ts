/** The proxies that docs/operations.md has configurations for, with exactly these. */
import assert from "node:assert/strict";
import { request } from "node:https";
import { test } from "node:test";
import { type ProxyName, withDocumentedProxy } from "../support/documented_proxy.ts";
import { RawClient, rawFrame, token, within } from "../support/raw_client.ts";
import { withServer } from "../support/server.ts";
import { WebSocketClient } from "../support/web_socket_client.ts";

/** As the docs have it. */
const apiKey = "change-this-key";

/** The status and body of a GET over TLS. */
function get(port: number, path: string): Promise<{ status: number; body: string }> {
  const answered = new Promise<{ status: number; body: string }>((resolve, reject) => {
    const asked = request(
      { host: "127.0.0.1", port, path, rejectUnauthorized: false, agent: false },
      (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => body += text);
        response.on("end", () => resolve({ status: response.statusCode!, body }));
      },
    );
    asked.on("error", reject).end();
  });
  return within(`an answer to ${path}`, answered);
}

for (const name of ["nginx", "haproxy"] satisfies ProxyName[]) {
  test(`${name} passes clients and their call through`, () =>
    withServer(
      { apiKey, trustedProxies: ["127.0.0.1"] },
      (server) =>
        withDocumentedProxy(name, server, async ({ httpsPort, tcpPort }) => {
          const overTcp = await RawClient.open(tcpPort);
          const browser = await WebSocketClient.connect(httpsPort, "wss");
          browser.socket.send(rawFrame(7, 1, token()));
          assert.equal((await browser.next()).data.readInt32BE(8), 8);

          await server.push("room?operation=1000&type=live&room=1000", "hello");
          assert.equal((await overTcp.next()).body.toString(), "hello");
          assert.deepEqual(await browser.nextBatch(), [{ op: 1000, seq: 0, body: "hello" }]);
          overTcp.send(2, 5);
          assert.equal((await overTcp.next()).body.readInt32BE(0), 2);

          const { status, body } = await get(httpsPort, "/goim/nodes/weighted?platform=web");
          assert.equal(status, 200);
          assert.equal(JSON.parse(body).code, 0);
          // Nothing else of the API is on the outside.
          assert.notEqual((await get(httpsPort, "/goim/online/total")).status, 200);
          overTcp.close();
          browser.socket.terminate();
        }),
    ));
}

/** Checks sooner than the docs say. */
const soon = (documented: string) => documented.replace("inter 2s", "inter 100ms");

test("HAProxy's health checks find a comet well, and are no protocol errors", () =>
  withServer({ apiKey }, (server) =>
    withDocumentedProxy("haproxy", server, async ({ output }) => {
      await server.until("some checks", (metrics) => metrics.comet_closed_total > 20);
      // A check that comes late for want of a core says nothing of what it was answered.
      assert.doesNotMatch(output(), /wrong status|invalid response/);
      assert.equal((await server.metrics()).comet_protocol_errors_total, 0);
    }, soon)));

test("HAProxy's health checks would find a comet that answers otherwise", () =>
  withServer({ apiKey }, (server) =>
    withDocumentedProxy("haproxy", server, async ({ output }) => {
      const down = async () => {
        while (!/halley_ws\/comet-1 is DOWN, reason: Layer7 wrong status/.test(output())) {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      };
      await within("what HAProxy says", down());
    }, (documented) => soon(documented).replaceAll("GET /healthz", "GET /nowhere"))));
