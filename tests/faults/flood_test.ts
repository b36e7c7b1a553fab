import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { UPGRADE } from "../support/memory_client.ts";
import { RawClient, rawFrame, token, within } from "../support/raw_client.ts";
import { withServerProcess } from "../support/server_process.ts";
import { clientFrame, joined } from "../support/websocket_frames.ts";

const PUSHES = 50;
/** What an honest client needs is a fraction of a second; unfair sharing costs minutes. */
const DEADLINE_MS = 20_000;
/** Frames that must have been taken, so that it was a flood. */
const FLOOD_FRAMES_MIN = 2_000;

const AUTH = rawFrame(7, 1, token({ room_id: "live://flood" }));

/** Sends the same bytes without end once its beginnings are answered, and reads what comes. */
async function flood(
  port: number,
  beginnings: readonly Uint8Array[],
  one: Uint8Array,
): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  socket.resume();
  for (const beginning of beginnings) {
    const answered = new Promise((resolve) => socket.once("data", resolve));
    socket.write(beginning);
    await within("an answer", answered);
  }
  const many = joined(...Array(4_000).fill(one));
  const send = () => {
    while (socket.writable && socket.write(many));
  };
  socket.on("drain", send);
  send();
  return socket;
}

test(
  "clients that send as fast as they can hold nobody up",
  { timeout: 60_000 },
  () =>
    withServerProcess(["--operations-max", "0"], async (server) => {
      const { tcpPort, wsPort } = server;
      const honest = await RawClient.open(tcpPort, { mid: 7, room_id: "live://honest" });
      const upgraded = [UPGRADE, clientFrame(2, AUTH)];
      const flooders = [
        await flood(tcpPort, [AUTH], rawFrame(2, 1)),
        await flood(tcpPort, [AUTH], rawFrame(12, 1, "live://flood")),
        await flood(wsPort, upgraded, clientFrame(2, rawFrame(2, 1))),
        await flood(wsPort, upgraded, clientFrame(9)),
      ];
      await server.until(
        "a flood",
        (metrics) => metrics.comet_frames_received_total > FLOOD_FRAMES_MIN,
      );
      const served = async () => {
        for (let sequence = 1; sequence <= PUSHES; sequence++) {
          honest.send(2, sequence);
          assert.equal((await honest.next()).seq, sequence);
          await server.push("room?operation=1000&type=live&room=honest", String(sequence));
          assert.equal((await honest.next()).body.toString(), String(sequence));
        }
      };
      await within(`${PUSHES} heartbeats and pushes`, served(), DEADLINE_MS);
      for (const flooder of flooders) flooder.destroy();
      honest.close();
    }),
);
