/** The proxies that docs/deployment.md has configurations for, with exactly these. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ServerOptions } from "../../mod.ts";
import {
  makeCertificate,
  PROXY_ADDRESS,
  type ProxyName,
  withDocumentedProxy,
} from "../support/documented_proxy.ts";
import { freePort } from "../support/free_port.ts";
import { RawClient, rawFrame, token, within } from "../support/raw_client.ts";
import { type TestServer, withServer } from "../support/server.ts";
import { WebSocketClient } from "../support/web_socket_client.ts";

/** As the docs have it. */
const apiKey = "change-this-key";

type Change = (documented: string) => string;

const anyPort = { hostname: "127.0.0.1", port: 0 };

/** A server as the docs have it behind a proxy, which writes down from where clients come. */
function behindProxy(addresses: string[] = []): ServerOptions {
  return {
    apiKey,
    trustedProxies: [PROXY_ADDRESS],
    listeners: [
      { address: anyPort, transport: "tcp", proxy: true },
      { address: anyPort, transport: "websocket" },
    ],
    hooks: {
      authenticate({ remoteAddress }) {
        addresses.push(remoteAddress);
        return { mid: 1n, room: "live://1000", accepts: [1000] };
      },
    },
  };
}

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
  const addresses: string[] = [];
  test(`${name} passes clients and their call through, and says from where they come`, () =>
    withServer(
      behindProxy(addresses),
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
          assert.deepEqual(addresses, ["127.0.0.1", "127.0.0.1"]);
          await assertNoneForged(server, httpsPort, addresses);
          overTcp.close();
          browser.socket.terminate();
        }),
    ));
}

for (const name of ["nginx", "haproxy"] satisfies ProxyName[]) {
  test(`${name} takes clients past a comet that has just closed its ports`, async () => {
    const closed = `127.0.0.1:${await freePort()}`;
    const change: Change = (documented) => documented.replaceAll(/10\.0\.0\.2:310[12]/g, closed);
    await withServer(
      behindProxy(),
      (server) =>
        withDocumentedProxy(name, server, async ({ httpsPort, tcpPort }) => {
          for (let count = 0; count < 3; count++) {
            (await RawClient.open(tcpPort)).close();
            (await WebSocketClient.connect(httpsPort, "wss")).socket.terminate();
          }
        }, change),
    );
  });
}

/** Tries to come from another address, through a proxy and past it. */
async function assertNoneForged(server: TestServer, httpsPort: number, addresses: string[]) {
  const forged = { "x-forwarded-for": "198.51.100.7", "x-real-ip": "198.51.100.7" };
  for (const [port, scheme] of [[httpsPort, "wss"], [server.wsPort, "ws"]] as const) {
    const client = await WebSocketClient.connect(port, scheme, forged);
    client.socket.send(rawFrame(7, 1, token()));
    assert.equal((await client.next()).data.readInt32BE(8), 8);
    assert.equal(addresses.at(-1), "127.0.0.1");
    client.socket.terminate();
  }
  const past = await RawClient.connect(server.tcpPort);
  past.socket.write("PROXY TCP4 198.51.100.7 10.0.0.1 4711 3101\r\n");
  past.send(7, 1, token());
  await assert.rejects(past.next(), /ended|reset/i);
  const { comet_refused_proxies_total: refused } = await server.metrics();
  assert.ok(refused > 0);
}

/** Changes of the configurations in the docs, which bring a client another way. */
const WAYS: readonly [way: string, name: ProxyName, ServerOptions["listeners"], Change][] = [
  [
    "TCP through HAProxy by version 1",
    "haproxy",
    behindProxy().listeners,
    (documented) => documented.replaceAll("send-proxy-v2", "send-proxy"),
  ],
  [
    "TCP through HAProxy by version 2 with a checksum and an id",
    "haproxy",
    behindProxy().listeners,
    (documented) =>
      documented
        .replaceAll("send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id,authority")
        .replace(/^frontend tcp$/m, "frontend tcp\n  unique-id-format %[uuid()]"),
  ],
  [
    "WebSocket through nginx's stream",
    "nginx",
    [
      { address: anyPort, transport: "tcp" },
      { address: anyPort, transport: "websocket", proxy: true },
    ],
    (documented) => documented.replaceAll(/10\.0\.0\.[12]:3101/g, "10.0.0.1:3102"),
  ],
];

for (const [way, name, listeners, change] of WAYS) {
  test(`${way} has the client's address`, async () => {
    const addresses: string[] = [];
    await withServer(
      { ...behindProxy(addresses), listeners },
      (server) =>
        withDocumentedProxy(name, server, async ({ tcpPort }) => {
          if (way.startsWith("TCP")) {
            const client = await RawClient.open(tcpPort);
            client.close();
          } else {
            const client = await WebSocketClient.open(tcpPort);
            client.socket.terminate();
          }
          assert.deepEqual(addresses, ["127.0.0.1"]);
          assert.equal((await server.metrics()).comet_bad_proxy_headers_total, 0);
        }, change),
    );
  });
}

test("WebSocket through HAProxy and TLS behind it has the client's address", async () => {
  const folder = await mkdtemp(join(tmpdir(), "halley-hop-"));
  const addresses: string[] = [];
  const options: ServerOptions = {
    ...behindProxy(addresses),
    listeners: [
      { address: anyPort, transport: "tcp" },
      { address: anyPort, transport: "websocket", tls: true },
    ],
    tlsCert: [join(folder, "push.pem")],
    tlsKey: [join(folder, "push.key")],
  };
  const change = (documented: string) => documented.replace(/:3102$/gm, "$& ssl verify none");
  try {
    await makeCertificate(folder);
    await withServer(
      options,
      (server) =>
        withDocumentedProxy("haproxy", server, async ({ httpsPort }) => {
          const client = await WebSocketClient.connect(httpsPort, "wss");
          client.socket.send(rawFrame(7, 1, token()));
          assert.equal((await client.next()).data.readInt32BE(8), 8);
          assert.deepEqual(addresses, ["127.0.0.1"]);
          client.socket.terminate();
        }, change),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** Checks sooner than the docs say. */
const soon = (documented: string) => documented.replace("inter 2s", "inter 100ms");

test("HAProxy's health checks find a comet well, and are no protocol errors", () =>
  withServer(
    behindProxy(),
    (server) =>
      withDocumentedProxy("haproxy", server, async ({ output }) => {
        await server.until("some checks", (metrics) => metrics.comet_closed_total > 20);
        // A check that comes late for want of a core says nothing of what it was answered.
        assert.doesNotMatch(output(), /wrong status|invalid response/);
        assert.equal((await server.metrics()).comet_protocol_errors_total, 0);
      }, soon),
  ));

test("HAProxy's health checks would find a comet that answers otherwise", () =>
  withServer(
    behindProxy(),
    (server) =>
      withDocumentedProxy("haproxy", server, async ({ output }) => {
        const down = async () => {
          while (!/halley_ws\/comet-1 is DOWN, reason: Layer7 wrong status/.test(output())) {
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        };
        await within("what HAProxy says", down());
      }, (documented) => soon(documented).replaceAll("GET /healthz", "GET /nowhere")),
  ));
