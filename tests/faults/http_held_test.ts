import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { parseAddress } from "../../options/address.ts";
import { RawClient, within } from "../support/raw_client.ts";
import { fromSources, RoleProcess } from "../support/role_process.ts";
import { testServer } from "../support/server.ts";

/** Files that the server may have open. */
const OPEN_FILES = 256;
const HELD = 400;

/** Opens a connection that sends a text and no more. */
function hold(port: number, text: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port }, () => resolve(socket));
    socket.on("error", () => {});
    socket.write(text);
  });
}

test("HTTP connections beyond number keep out neither callers nor clients", async () => {
  const { command, cwd } = fromSources;
  const limited = ["bash", "-c", `ulimit -n ${OPEN_FILES}; exec "$@"`, "_", ...command];
  const anyPort = "127.0.0.1:0";
  const role = new RoleProcess({
    command: "start",
    name: "server",
    flags: { tcp: anyPort, ws: anyPort, http: anyPort },
    upMessage: "listening",
    program: { command: limited as [string, ...string[]], cwd },
  });
  await role.start();
  const held: Socket[] = [];
  try {
    const { tcp, websocket, http } = role.addresses;
    const server = testServer({
      tcp: parseAddress(tcp)!,
      ws: parseAddress(new URL(websocket).host)!,
      http: parseAddress(new URL(http).host)!,
    });
    const { port } = parseAddress(new URL(http).host)!;
    const texts = [
      "",
      "GET / HTTP/1.1\r\nHo",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx",
    ];
    for (let index = 0; index < HELD; index++) {
      held.push(await within("a connection", hold(port, texts[index % texts.length])));
    }
    await server.until(
      "all connections have come",
      (metrics) => metrics.http_accepted_total >= HELD,
    );
    const { http_connections: connections } = await server.metrics();
    assert.ok(connections <= OPEN_FILES / 4, `${connections} connections`);
    const client = await RawClient.open(server.tcpPort, { room_id: "live://1" });
    await server.push("room?operation=1000&type=live&room=1", "x");
    assert.equal((await client.next()).body.toString(), "x");
    client.close();
  } finally {
    for (const socket of held) socket.destroy();
    assert.equal(await role.stop(), "0");
  }
});
