import assert from "node:assert/strict";
import { test } from "node:test";
import { RawClient } from "../support/raw_client.ts";
import { withServerProcess } from "../support/server_process.ts";
import { WebSocketClient } from "../support/web_socket_client.ts";

const ROOM = "room?operation=1000&type=live&room=1000";
const BODY_BYTES = 50_000;
/** With {@linkcode BODY_BYTES}, 3 MB/s at most. */
const PERIOD_MS = 15;
/** Pushes between two looks at the memory: 1 MB. */
const PUSHES_PER_ROUND = 20;
const ROUNDS = 27;
/**
 * What may be there more in the last rounds than in those by which the heap has its size; 10 MB are
 * pushed in between.
 */
const GROWTH_BYTES_MAX = 6 * 2 ** 20;

/** A body that says which push it is. */
function numbered(push: number): Uint8Array {
  const body = new Uint8Array(BODY_BYTES);
  new DataView(body.buffer).setUint32(0, push);
  return body;
}

test("memory stays flat while clients that stopped reading are pushed 27 MB", {
  timeout: 60_000,
}, () =>
  withServerProcess(["--slow-reader-deadline", "600s"], async (server) => {
    const stuck: { close(): void }[] = [];
    for (let index = 0; index < 4; index++) {
      const tcp = await RawClient.open(server.tcpPort);
      tcp.socket.pause();
      const webSocket = await WebSocketClient.open(server.wsPort);
      webSocket.socket.pause();
      stuck.push(tcp, webSocket);
    }
    const well = await RawClient.open(server.tcpPort);
    const memory: number[] = [];
    let pushes = 0;
    for (let round = 0; round < ROUNDS; round++) {
      for (let push = 0; push < PUSHES_PER_ROUND; push++, pushes++) {
        const paced = new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
        await server.push(ROOM, numbered(pushes));
        assert.equal((await well.next()).body.readUInt32BE(0), pushes, "the order of pushes");
        await paced;
      }
      memory.push((await server.metrics()).process_memory_bytes);
    }
    const [early, late] = [Math.max(...memory.slice(7, 12)), Math.min(...memory.slice(-5))];
    assert.ok(late - early < GROWTH_BYTES_MAX, `from ${early} to ${late} bytes`);
    const metrics = await server.metrics();
    assert.equal(metrics.comet_connections, stuck.length + 1);
    assert.equal(metrics.comet_slow_readers_total, 0);
    const frames = metrics.comet_frames_pushed_total + metrics.comet_frames_dropped_total;
    assert.equal(frames, pushes * (stuck.length + 1));
    assert.ok(metrics.comet_frames_dropped_total > pushes);
    well.send(2, 5);
    assert.equal((await well.next()).body.readInt32BE(0), stuck.length + 1);
    for (const client of [well, ...stuck]) client.close();
  }));

test("a client that does not read is closed with 4003 at the deadline, and reads that last", {
  timeout: 60_000,
}, () =>
  withServerProcess(["--slow-reader-deadline", "1s"], async (server) => {
    const tcp = await RawClient.open(server.tcpPort);
    const webSocket = await WebSocketClient.open(server.wsPort);
    const well = await RawClient.open(server.tcpPort);
    tcp.socket.pause();
    webSocket.socket.pause();
    for (let push = 0; (await server.metrics()).comet_slow_readers_total < 2; push++) {
      await server.push(ROOM, numbered(push));
      assert.equal((await well.next()).body.readUInt32BE(0), push);
    }
    tcp.socket.resume();
    webSocket.socket.resume();
    const frames = await tcp.untilClosed();
    const last = frames.pop()!;
    assert.deepEqual([last.op, JSON.parse(last.body.toString())], [
      6,
      { code: 4003, reason: "slow reader", reconnect: true },
    ]);
    assert.deepEqual(
      frames.map(({ body }) => body.readUInt32BE(0)),
      frames.map((_, index) => index),
    );
    assert.deepEqual(await webSocket.closed, { code: 4003, reason: "slow reader" });
    assert.equal(well.waiting, 0);
    for (const client of [tcp, webSocket, well]) client.close();
  }));
