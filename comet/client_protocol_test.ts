import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CloseCodes } from "../protocol/close_codes.ts";
import { Limits } from "../protocol/limits.ts";
import { ConnectRefused } from "../protocol/cluster/connection.ts";
import { connectReply } from "../tests/support/fake_logic.ts";
import { type MemoryClient, UPGRADE } from "../tests/support/memory_client.ts";
import { rawFrame } from "../tests/support/raw_client.ts";
import { NOTHING_LEFT, pushFrames, TestComet } from "../tests/support/test_comet.ts";
import { joined, utf8 } from "../tests/support/websocket_frames.ts";
import { keysDelivery } from "../tests/support/deliveries.ts";

/** The close code that a client over TCP was told. */
function closeCode(client: MemoryClient): number | undefined {
  const last = client.frames().at(-1);
  return last?.op === 6 ? JSON.parse(last.body.toString()).code : undefined;
}

describe("ClientProtocol.frame() before auth", () => {
  it("ignores every operation but auth", async () => {
    const comet = await TestComet.start();
    const client = await comet.connect();
    for (const op of [0, 2, 4, 6, 8, 9, 12, 14, 16, 64, 66, 68, 70, 1000, -1]) {
      client.send(op, 1, "live://2");
    }
    client.send(7, 2, "{}");
    await comet.settle();
    assert.deepEqual(client.lines(), ["8:2:"]);
    assert.deepEqual(comet.logic.received, []);
    assert.equal(comet.channels()[0].roomKey, "live://1");
  });

  it("hands logic the token whole, at its largest, however it comes", async () => {
    const comet = await TestComet.start();
    const body = JSON.stringify({ key: "k".repeat(Limits.upstreamBodyBytesMax - 10) });
    assert.equal(body.length, 4096);
    const client = await comet.connect();
    for (const byte of rawFrame(7, 3, body)) {
      client.write(Uint8Array.of(byte));
      await comet.turn();
    }
    await comet.settle();
    assert.deepEqual(client.lines(), ["8:3:"]);
    assert.equal(comet.channels()[0].key.length, 4086);
    const tooLarge = await comet.connect();
    tooLarge.send(7, 1, body + " ");
    await comet.settle();
    assert.deepEqual([tooLarge.closed, tooLarge.take().length], [true, 0]);
    assert.equal(comet.counters.protocolErrors, 1);
  });

  it("tells logic who asks", async () => {
    const comet = await TestComet.start();
    comet.logic.holds.add("connect");
    const client = await comet.connect();
    client.send(7, 1, "the token");
    await comet.settle();
    const [{ request }] = comet.logic.connects;
    assert.deepEqual({ ...request, token: new TextDecoder().decode(request.token) }, {
      server: "comet-1",
      connectionId: comet.channels()[0].id,
      token: "the token",
      remoteAddress: "127.0.0.1",
    });
  });

  it("closes whom logic refuses: without a word on TCP, with logic's code on WebSocket", async () => {
    const faults: [error: Error, code: number][] = [
      [new ConnectRefused(CloseCodes.authFailed, "no"), 4001],
      [new ConnectRefused(CloseCodes.tooManyConnections, "no"), 4005],
      [new Error("logic is away"), 1011],
    ];
    const comet = await TestComet.start();
    comet.logic.holds.add("connect");
    for (const [error, code] of faults) {
      const tcp = await comet.connect();
      tcp.send(7, 1, "{}");
      const webSocket = await comet.connectWebSocket();
      webSocket.write(UPGRADE);
      await comet.settle();
      webSocket.take();
      webSocket.sendBinary(7, 1, "{}");
      await comet.settle();
      for (const { reject } of comet.logic.connects.splice(0)) reject(error);
      await comet.settle();
      assert.deepEqual([tcp.closed, tcp.take().length], [true, 0]);
      const [close] = webSocket.messages();
      assert.deepEqual([close.opcode, close.payload.readUInt16BE(0)], [8, code]);
    }
    assert.equal(comet.counters.authFailures, 6);
    assert.equal(comet.counters.authenticated, 0);
    assert.deepEqual(comet.logic.disconnected, []);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  it("handles what came with the auth once the auth is answered", async () => {
    const comet = await TestComet.start();
    comet.logic.holds.add("connect");
    const client = await comet.connect();
    client.write(joined(rawFrame(7, 1, "{}"), rawFrame(2, 2), rawFrame(12, 3, "live://7")));
    await comet.settle();
    assert.equal(client.take().length, 0);
    comet.logic.connects[0].resolve(connectReply());
    await comet.settle();
    assert.deepEqual(client.lines(), ["8:1:", "3:2:\0\0\0\x01", "13:3:live://7"]);
    assert.deepEqual(comet.left(), {
      ...NOTHING_LEFT,
      channels: 1,
      addresses: 1,
      rooms: 1,
      timers: 1,
    });
  });

  it("undoes an auth whose client has gone meanwhile", async () => {
    const comet = await TestComet.start();
    comet.logic.holds.add("connect");
    for (const leave of ["reset", "end"] as const) {
      const client = await comet.connect();
      client.send(7, 1, "{}");
      await comet.settle();
      client[leave]();
      await comet.settle();
      assert.deepEqual([client.closed, comet.logic.disconnected.length], [true, 0]);
      const [{ request, resolve }] = comet.logic.connects.splice(0);
      resolve(connectReply());
      await comet.settle();
      const [{ connectionId }] = comet.logic.disconnected.splice(0);
      assert.equal(connectionId, request.connectionId);
    }
    assert.equal(comet.counters.authenticated, 0);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });
});

describe("ClientProtocol.frame() after auth", () => {
  it("answers in the order of the requests while logic is slow", async () => {
    const comet = await TestComet.start();
    comet.logic.holds.add("receive");
    const client = await comet.open();
    client.send(4, 1, "slow");
    client.send(2, 2);
    client.send(1000, 3, "slower");
    client.send(14, 4, "5");
    client.send(2, 5);
    await comet.settle();
    client.send(2, 6);
    await comet.settle();
    assert.equal(client.take().length, 0);
    const { receives } = comet.logic;
    receives[0].resolve();
    await comet.settle();
    assert.deepEqual(client.lines(), ["5:1:", "3:2:\0\0\0\x01"]);
    assert.equal(receives.length, 2);
    receives[1].resolve();
    await comet.settle();
    assert.deepEqual(client.lines(), ["1000:3:", "15:4:5", "3:5:\0\0\0\x01", "3:6:\0\0\0\x01"]);
    assert.equal(comet.pool.inUse, 0);
  });

  it("keeps the order for any split of the stream over slow answers", async () => {
    const comet = await TestComet.start();
    const client = await comet.open();
    const count = 60;
    const frames = Array.from(
      { length: count },
      (_, index) => rawFrame(index % 3 + 2, index, "ab"),
    );
    const stream = joined(...frames);
    for (let at = 0, size = 1; at < stream.length; at += size, size = size % 41 + 1) {
      client.write(stream.subarray(at, at + size));
      await comet.turn();
    }
    await comet.settle();
    const replies = client.frames();
    assert.deepEqual(replies.map(({ seq }) => seq), frames.map((_, index) => index));
    assert.equal(comet.logic.received.length, 40);
    assert.equal(comet.pool.inUse, 0);
  });

  it("tells logic what came from whom, and answers as goim does", async () => {
    const comet = await TestComet.start();
    const client = await comet.open({ mid: 77, key: "k", room: "live://3" });
    for (const op of [4, 5, 7, 9, 1000, -5]) client.send(op, 9, "x");
    await comet.settle();
    assert.deepEqual(client.lines(), ["5:9:", "5:9:", "7:9:", "9:9:", "1000:9:", "-5:9:"]);
    assert.deepEqual(comet.logic.received[0], {
      server: "comet-1",
      connectionId: comet.channels()[0].id,
      mid: 77n,
      key: "k",
      room: "live://3",
      operation: 4,
      sequence: 9,
      body: utf8("x"),
    });
    assert.equal(comet.counters.authenticated, 1);
  });

  it("answers what logic failed to receive, and counts it", async () => {
    const comet = await TestComet.start();
    comet.logic.holds.add("receive");
    const client = await comet.open();
    client.send(4, 1, "x");
    client.send(2, 2);
    await comet.settle();
    comet.logic.receives[0].reject(new Error("logic is away"));
    await comet.settle();
    assert.deepEqual(client.lines(), ["5:1:", "3:2:\0\0\0\x01"]);
    assert.equal(comet.counters.receiveFailures, 1);
  });

  it("forgets the answer to a client that has gone meanwhile", async () => {
    const comet = await TestComet.start();
    comet.logic.holds.add("receive");
    for (const leave of ["reset", "end"] as const) {
      const client = await comet.open();
      client.send(4, 1, "x");
      await comet.settle();
      client[leave]();
      await comet.settle();
      assert.equal(client.closed, true);
      comet.logic.receives.splice(0)[0].resolve();
      await comet.settle();
      assert.equal(client.frames().filter(({ op }) => op !== 6).length, 0);
    }
    assert.equal(comet.logic.disconnected.length, 2);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  it("lets the kernel hold back who sends far ahead of the answers", async () => {
    const comet = await TestComet.start({ operationsMax: 0 });
    comet.logic.holds.add("receive");
    const client = await comet.open();
    const beats = Limits.pipelinedBytesMax / 16;
    client.send(4, 1, "first");
    await comet.settle();
    for (let beat = 0; beat < 3 * beats; beat++) client.send(2, beat);
    await comet.settle();
    assert.equal(comet.channels()[0].pipelined?.bytes.length, Limits.pipelinedBytesMax);
    comet.logic.receives[0].resolve();
    do await comet.settle(); while (comet.channels()[0].pipelined !== null);
    assert.deepEqual(client.frames().map(({ op }) => op), [5, ...Array(3 * beats).fill(3)]);
    assert.deepEqual([comet.counters.tooFarAhead, comet.pool.inUse], [0, 0]);
  });

  it("closes with 4006 when a chunk behind an unanswered request is too much", async () => {
    const comet = await TestComet.start();
    comet.logic.holds.add("receive");
    const client = await comet.open();
    client.write(rawFrame(4, 1, "first"));
    await comet.settle();
    // By hand: whatever the size of its reads, a runtime may hand over one more after the pause.
    const [channel] = comet.channels();
    const { conn } = channel;
    const handler = channel.transport as unknown as {
      data(at: typeof conn, chunk: Uint8Array): void;
    };
    handler.data(conn, new Uint8Array(Limits.pipelinedBytesMax - 1));
    assert.equal(comet.counters.tooFarAhead, 0);
    handler.data(conn, new Uint8Array(2));
    await comet.settle();
    assert.deepEqual([closeCode(client), comet.counters.tooFarAhead], [4006, 1]);
    assert.equal(client.closed, true);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });
});

describe("ClientProtocol's rooms", () => {
  it("are changed, left and joined again, and the body comes back", async () => {
    const comet = await TestComet.start();
    const client = await comet.open({ room: "" });
    const [channel] = comet.channels();
    assert.deepEqual([channel.roomKey, comet.connections.rooms.size], ["", 0]);
    for (const key of ["live://2", "live://2", "音乐://房间", "lobby", "", ""]) {
      client.send(12, 1, key);
      client.send(2, 2);
      await comet.settle();
      const [change, heartbeat] = client.frames();
      assert.deepEqual([change.op, change.body.toString()], [13, key]);
      assert.equal(heartbeat.body.readInt32BE(0), key === "" ? 0 : 1);
      assert.equal(channel.roomKey, key);
      assert.equal(comet.connections.rooms.size, key === "" ? 0 : 1);
    }
  });

  it("have keys of the form {type}://{id} or {id}, or the connection is closed", async () => {
    const comet = await TestComet.start();
    const longest = `live://${"9".repeat(Limits.roomKeyCharsMax - 7)}`;
    const client = await comet.open();
    client.send(12, 1, longest);
    await comet.settle();
    assert.equal(client.frames()[0].op, 13);
    const bad = ["live://", "://1", `${longest}9`, Uint8Array.of(0xff)];
    for (const body of bad) {
      const other = await comet.open();
      other.send(12, 1, body);
      other.send(2, 2);
      await comet.settle();
      assert.equal(closeCode(other), 1002);
    }
    assert.equal(comet.counters.protocolErrors, bad.length);
    assert.equal(comet.connections.rooms.size, 1);
  });
});

describe("ClientProtocol's operations", () => {
  it("are subscribed and unsubscribed, each once, and the body comes back", async () => {
    const comet = await TestComet.start();
    const client = await comet.open({ accepts: [1000] });
    const [channel] = comet.channels();
    const steps: [op: number, body: string, accepts: number[]][] = [
      [14, "1001,1002", [1000, 1001, 1002]],
      [14, "1001,1000,1003,1003", [1000, 1001, 1002, 1003]],
      [16, "1000,7,1003", [1001, 1002]],
      [14, "", [1001, 1002]],
      [16, "", [1001, 1002]],
      [14, "-2147483648, 2147483647", [1001, 1002, -2147483648, 2147483647]],
      [16, "1001,1002,-2147483648,2147483647", []],
    ];
    for (const [op, body, accepts] of steps) {
      client.send(op, 4, body);
      await comet.settle();
      assert.deepEqual(client.lines(), [`${op + 1}:4:${body}`]);
      assert.deepEqual(channel.accepts, accepts);
    }
  });

  it("are at most so many, and int32s, or the connection is closed", async () => {
    const comet = await TestComet.start();
    const numbers = Array.from({ length: Limits.acceptsMax }, (_, index) => index);
    const client = await comet.open({ accepts: [] });
    client.send(14, 1, numbers.join());
    client.send(14, 2, numbers.join());
    await comet.settle();
    assert.deepEqual(client.frames().map(({ op }) => op), [15, 15]);
    client.send(14, 3, "999999");
    await comet.settle();
    assert.equal(closeCode(client), 1002);
    for (const body of ["x", "1,,2", "1.5", "2147483648", "1;2", Uint8Array.of(0x31, 0xff)]) {
      for (const op of [14, 16]) {
        const other = await comet.open();
        other.send(op, 1, body);
        await comet.settle();
        assert.equal(closeCode(other), 1002, `${op} ${body}`);
      }
    }
  });

  it("decide from the next push on", async () => {
    const comet = await TestComet.start();
    const client = await comet.open({ key: "k", accepts: [] });
    const push = () =>
      comet.deliver([
        keysDelivery(["k"], 1000, pushFrames("x")),
      ]);
    await push();
    client.send(14, 1, "1000");
    await comet.settle();
    await push();
    client.send(16, 2, "1000");
    await comet.settle();
    await push();
    await comet.settle();
    assert.deepEqual(client.lines(), ["15:1:1000", "1000:0:x", "17:2:1000"]);
  });
});
