import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CloseCodes } from "../protocol/close_codes.ts";
import { rawFrame } from "../tests/support/raw_client.ts";
import { TestComet } from "../tests/support/test_comet.ts";

const EXTRAS = { features: ["notices"] };
const OWN = { code: 4100, reason: "come back later", reconnect: true };
const NOTICE = JSON.stringify({ type: "closing", ...OWN });

describe("The notice of a close by the application", () => {
  it("comes before the last words, over TCP, in binary and in text", async () => {
    const comet = await TestComet.start();
    const tcp = await comet.open({ extras: EXTRAS });
    const binary = await comet.openBinary({ extras: EXTRAS });
    const text = await comet.openText({ extras: EXTRAS });
    comet.connections.closeAll(OWN);
    await comet.settle();
    assert.deepEqual(tcp.lines(), [`72:0:${NOTICE}`, `6:0:${JSON.stringify(OWN)}`]);
    for (
      const [client, wanted] of [
        [binary, rawFrame(72, 0, NOTICE).toString()],
        [text, `{"ver":1,"op":72,"seq":0,"body":${NOTICE}}`],
      ] as const
    ) {
      const [notice, close, ...rest] = client.messages();
      assert.equal(notice.payload.toString(), wanted);
      assert.deepEqual([close.opcode, close.payload.readUInt16BE(0)], [8, OWN.code]);
      assert.equal(close.payload.subarray(2).toString(), OWN.reason);
      assert.deepEqual(rest, []);
    }
  });

  it("says whether to come back, for each code that is the application's and no other", async () => {
    const cases = [
      { code: 4100, reason: "a", reconnect: false },
      { code: 4999, reason: "b", reconnect: true },
      { code: 4099, reason: "c", reconnect: true },
      { code: 5000, reason: "d", reconnect: true },
      CloseCodes.closedByApplication,
      CloseCodes.goingAway,
    ];
    const comet = await TestComet.start();
    for (const close of cases) {
      const client = await comet.open({ extras: EXTRAS });
      comet.connections.close(comet.channels()[0], close);
      await comet.settle();
      const isOwn = close.code >= 4100 && close.code <= 4999;
      const notice = `72:0:${JSON.stringify({ type: "closing", ...close })}`;
      const last = `6:0:${JSON.stringify(close)}`;
      assert.deepEqual(client.lines(), isOwn ? [notice, last] : [last]);
    }
  });

  it("comes to nobody who does not know notices, or is not authenticated", async () => {
    const comet = await TestComet.start();
    const goim = await comet.open();
    const rooms = await comet.open({ extras: { features: ["rooms"] } });
    const stranger = await comet.connect();
    comet.connections.closeAll(OWN);
    await comet.settle();
    for (const client of [goim, rooms]) {
      assert.deepEqual(client.lines(), [`6:0:${JSON.stringify(OWN)}`]);
    }
    assert.deepEqual([stranger.ended, stranger.lines()], [true, []]);
  });

  it("finds room in a full queue as the last words do", async () => {
    const comet = await TestComet.start({ kernelBufferBytes: 100 });
    const client = await comet.open({ extras: EXTRAS });
    client.pause();
    const [channel] = comet.channels();
    while (comet.connections.write(channel, rawFrame(1000, 0, new Uint8Array(50))) < 2);
    comet.connections.close(channel, OWN);
    client.resume();
    for (let turn = 0; turn < 100; turn++) await comet.turn();
    const last = client.frames().slice(-2).map(({ op, body }) => `${op}:${body}`);
    assert.deepEqual(last, [`72:${NOTICE}`, `6:${JSON.stringify(OWN)}`]);
  });
});
