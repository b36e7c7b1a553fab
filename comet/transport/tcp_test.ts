import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CloseCodes } from "../../protocol/close_codes.ts";
import { rawFrame } from "../../tests/support/raw_client.ts";
import { NOTHING_LEFT, pushFrames, TestComet } from "../../tests/support/test_comet.ts";
import { hex, joined } from "../../tests/support/websocket_frames.ts";
import { keysDelivery } from "../../tests/support/deliveries.ts";

describe("TcpTransport", () => {
  it("answers byte by byte as goim does", async () => {
    const comet = await TestComet.start();
    const client = await comet.connect();
    const answers: [request: Uint8Array, answer: string][] = [
      [rawFrame(7, 1, "{}"), "00000010001000010000000800000001"],
      [rawFrame(2, -1), "000000140010000100000003ffffffff00000001"],
      [rawFrame(4, 3, "x"), "00000010001000010000000500000003"],
      [rawFrame(12, 4, "a://b"), "00000015001000010000000d00000004613a2f2f62"],
      [rawFrame(14, 5, "7"), "00000011001000010000000f0000000537"],
      [rawFrame(16, 6, "7"), "0000001100100001000000110000000637"],
      [rawFrame(5000, 7, "x"), "00000010001000010000138800000007"],
    ];
    for (const [request, answer] of answers) {
      client.write(request);
      await comet.settle();
      assert.equal(hex(client.take()), answer);
    }
  });

  it("ends a broken stream: what came whole before is answered, what comes behind is not", async () => {
    const comet = await TestComet.start();
    for (const [at, value] of [[0, 0xff], [0, 1], [3, 15], [2, 0x11], [5, 17], [4, 1]]) {
      const client = await comet.open();
      const broken = rawFrame(2, 2);
      broken[at] = value;
      client.write(joined(rawFrame(2, 1), broken, rawFrame(2, 3)));
      await comet.settle();
      const [beat, close, ...more] = client.frames();
      assert.deepEqual([beat.op, beat.seq, close.op, more], [3, 1, 6, []]);
      assert.deepEqual(JSON.parse(close.body.toString()), CloseCodes.protocolError);
      assert.equal(client.closed, true);
    }
    assert.equal(comet.counters.protocolErrors, 6);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  it("says nothing behind its farewell", async () => {
    const comet = await TestComet.start();
    const client = await comet.open({ key: "k" });
    client.goesWhenTold = false;
    comet.connections.close(comet.channels()[0], CloseCodes.goingAway);
    await comet.deliver([
      keysDelivery(["k"], 1000, pushFrames("x")),
    ]);
    client.send(2, 1);
    await comet.settle();
    assert.deepEqual(client.lines(), [`6:0:${JSON.stringify(CloseCodes.goingAway)}`]);
  });

  it("says nothing to a client that never got in", async () => {
    const comet = await TestComet.start();
    const client = await comet.connect();
    client.write(new Uint8Array(16));
    await comet.settle();
    assert.deepEqual([client.closed, client.take().length], [true, 0]);
  });
});
