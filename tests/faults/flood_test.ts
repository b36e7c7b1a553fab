import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { Cluster } from "../support/cluster.ts";
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

/** How long a comet of a cluster is flooded: links that are silent are given up sooner. */
const CLUSTER_MS = 5_000;

/** One client for each way to flood: heartbeats and changes of room over TCP, frames and pings. */
async function floodAll(tcpPort: number, wsPort: number): Promise<Socket[]> {
  const upgraded = [UPGRADE, clientFrame(2, AUTH)];
  return [
    await flood(tcpPort, [AUTH], rawFrame(2, 1)),
    await flood(tcpPort, [AUTH], rawFrame(12, 1, "live://flood")),
    await flood(wsPort, upgraded, clientFrame(2, rawFrame(2, 1))),
    await flood(wsPort, upgraded, clientFrame(9)),
  ];
}

/** An honest client is answered, and gets a push. */
async function isServed(
  client: RawClient,
  sequence: number,
  push: (path: string, body: string) => Promise<unknown>,
): Promise<void> {
  client.send(2, sequence);
  assert.equal((await client.next()).seq, sequence);
  await push("room?operation=1000&type=live&room=honest", String(sequence));
  assert.equal((await client.next()).body.toString(), String(sequence));
}

test(
  "clients that send as fast as they can hold nobody up",
  { timeout: 60_000 },
  () =>
    withServerProcess(["--operations-max", "0"], async (server) => {
      const honest = await RawClient.open(server.tcpPort, { mid: 7, room_id: "live://honest" });
      const flooders = await floodAll(server.tcpPort, server.wsPort);
      await server.until(
        "a flood",
        (metrics) => metrics.comet_frames_received_total > FLOOD_FRAMES_MIN,
      );
      const served = async () => {
        for (let sequence = 1; sequence <= PUSHES; sequence++) {
          await isServed(honest, sequence, (path, body) => server.push(path, body));
        }
      };
      await within(`${PUSHES} heartbeats and pushes`, served(), DEADLINE_MS);
      for (const flooder of flooders) flooder.destroy();
      honest.close();
    }),
);

test("a comet that is flooded stays in its cluster", { timeout: 60_000 }, async () => {
  const cluster = await Cluster.start({
    logics: 1,
    comets: 1,
    jobs: 1,
    cometFlags: async () => ({ "operations-max": "0" }),
  });
  try {
    const [{ tcp, ws }] = cluster.clientPorts;
    const honest = await RawClient.open(tcp, { mid: 7, room_id: "live://honest" });
    const flooders = await floodAll(tcp, ws);
    const untilMs = performance.now() + CLUSTER_MS;
    const served = async () => {
      for (let sequence = 1; performance.now() < untilMs; sequence++) {
        await isServed(
          honest,
          sequence,
          (path, body) => cluster.call(0, "POST", `push/${path}`, body),
        );
      }
    };
    await within("heartbeats and pushes", served(), DEADLINE_MS);
    const comet = await cluster.comets[0].metrics();
    assert.ok(comet.comet_frames_received_total > FLOOD_FRAMES_MIN);
    assert.equal(comet.comet_deliveries_refused_total, 0);
    assert.equal(comet.rpc_links_closed_total, 0);
    assert.equal((await cluster.jobs[0].metrics()).job_gone_total, 0);
    for (const flooder of flooders) flooder.destroy();
    honest.close();
  } finally {
    await cluster.stop();
  }
});
