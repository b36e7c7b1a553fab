import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { startServer } from "../../mod.ts";
import { parseAddress } from "../../options/address.ts";
import { childrenOf, isRunning } from "../support/processes.ts";
import { RawClient, token, within } from "../support/raw_client.ts";
import { RoleProcess } from "../support/role_process.ts";
import { WebSocketClient } from "../support/web_socket_client.ts";

const ANY_PORT = { hostname: "127.0.0.1", port: 0 };

/** Pushes into a room, and fails unless a client on each of the ports gets it. */
async function reachesAll(http: string, tcp: readonly number[], ws: number): Promise<void> {
  const clients = await Promise.all(tcp.map((port) => RawClient.open(port)));
  const page = await WebSocketClient.open(ws, {});
  const url = `${http}/goim/push/room?operation=1000&type=live&room=1000`;
  await (await fetch(url, { method: "POST", body: "to all ports" })).text();
  for (const client of clients) {
    assert.equal((await client.next()).body.toString(), "to all ports");
    client.close();
  }
  assert.match((await page.next()).data.toString(), /to all ports/);
  page.socket.terminate();
}

/** Comes by the PROXY protocol, and without. */
async function wantsHeader(port: number): Promise<void> {
  const [client, other] = [await RawClient.connect(port), await RawClient.connect(port)];
  client.socket.write("PROXY TCP4 198.51.100.7 127.0.0.1 4711 3101\r\n");
  for (const each of [client, other]) each.send(7, 1, token());
  assert.equal((await client.next()).op, 8);
  await within("the end of who sent no header", other.closed);
  client.close();
}

describe("a server with listeners of its own", () => {
  test("takes clients on each of them in one process, and says where they are", async () => {
    const server = await startServer({
      http: ANY_PORT,
      listeners: [
        { address: ANY_PORT, transport: "websocket" },
        { address: ANY_PORT, transport: "tcp" },
        { address: { hostname: "::1", port: 0 }, transport: "websocket" },
        { address: ANY_PORT, transport: "tcp" },
      ],
    });
    try {
      const { listeners, http } = server;
      const ports = listeners.map(({ address }) => address.port);
      assert.deepEqual([server.ws.port, server.tcp.port], [ports[0], ports[1]]);
      assert.equal(new Set(ports).size, 4);
      await reachesAll(`http://127.0.0.1:${http.port}`, [ports[1], ports[3]], ports[0]);
    } finally {
      await server.close();
    }
  });

  test("has no address of a transport that none of them speaks", async () => {
    const listeners = [{ address: ANY_PORT, transport: "tcp" }] as const;
    const server = await startServer({ http: ANY_PORT, listeners });
    try {
      assert.equal(server.tcp, server.listeners[0].address);
      assert.throws(() => server.ws, { message: /no listener is websocket$/ });
    } finally {
      await server.close();
    }
  });

  test("takes clients on each of them in every worker, as its file says", async () => {
    const folder = mkdtempSync(join(tmpdir(), "halley-listeners-"));
    const config = join(folder, "halley.toml");
    const tables = ["tcp", "tcp", "websocket"].map((transport) =>
      `[[listeners]]\naddress = "127.0.0.1:0"\ntransport = "${transport}"\n`
    );
    tables.push('[[listeners]]\naddress = "127.0.0.1:0"\ntransport = "tcp"\nproxy = true\n');
    writeFileSync(config, `[api]\ntrusted-proxies = ["127.0.0.1"]\n${tables.join("\n")}`);
    const server = new RoleProcess({
      command: "start",
      name: "server",
      flags: { config, workers: "2", http: "127.0.0.1:0" },
      upMessage: "listening",
    });
    let workers: number[] = [];
    try {
      await server.start();
      workers = await childrenOf(server.pid!);
      const { tcp, websocket, http } = server.addresses;
      const ports = tcp.split(",").map((address) => parseAddress(address)!.port);
      assert.equal(ports.length, 3);
      await reachesAll(http, ports.slice(0, 2), Number(new URL(websocket).port));
      await wantsHeader(ports[2]);
      assert.equal(await server.stop(), "0");
    } finally {
      await server.kill();
      for (const pid of workers) if (await isRunning(pid)) process.kill(pid, "SIGKILL");
      rmSync(folder, { recursive: true });
    }
  });
});
