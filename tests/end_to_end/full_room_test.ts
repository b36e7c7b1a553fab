import assert from "node:assert/strict";
import { test } from "node:test";
import { roomDefaults } from "../../protocol/room_options.ts";
import { RawClient, rawFrame, token } from "../support/raw_client.ts";
import { withServer } from "../support/server.ts";
import { WebSocketClient } from "../support/web_socket_client.ts";

test("a room with members-max members takes no more, and says so to those who ask", () =>
  withServer({ rooms: [{ ...roomDefaults, type: "live", membersMax: 1 }] }, async (server) => {
    const member = await RawClient.open(server.tcpPort, { key: "a", room_id: "live://1" });
    const page = await WebSocketClient.connect(server.wsPort);
    page.socket.send(rawFrame(7, 1, token({ key: "b", room_id: "live://1" })));
    assert.deepEqual(await page.closed, { code: 4009, reason: "room is full" });
    const other = await RawClient.open(server.tcpPort, { key: "c", room_id: "live://2" });
    other.send(12, 2, "live://1");
    assert.equal((await other.next()).body.toString(), "live://2");
    await server.push("room?operation=1000&type=live&room=2", "still here");
    assert.equal((await other.next()).body.toString(), "still here");
    await server.until("both are counted", ({ comet_rooms_full_total }) => {
      return comet_rooms_full_total === 2;
    });
    for (const client of [member, other]) client.close();
  }));
