import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { roomDefaults } from "../../protocol/room_options.ts";
import { keysDelivery, roomDelivery } from "../../tests/support/deliveries.ts";
import { UPGRADE } from "../../tests/support/memory_client.ts";
import { rawFrame } from "../../tests/support/raw_client.ts";
import { pushFrames, TestComet } from "../../tests/support/test_comet.ts";

/** What a client of goim says, and what it is answered. */
const CONVERSATION: [request: Buffer, answer: Buffer][] = [
  [rawFrame(7, 1, '{"key":"k","room":"live://1"}'), rawFrame(8, 1)],
  [rawFrame(2, 2), rawFrame(3, 2, Uint8Array.of(0, 0, 0, 1))],
  [rawFrame(12, 3, "live://2"), rawFrame(13, 3, "live://2")],
  [rawFrame(14, 4, "1001"), rawFrame(15, 4, "1001")],
  [rawFrame(16, 5, "1001"), rawFrame(17, 5, "1001")],
  [rawFrame(4, 6, "hello"), rawFrame(5, 6)],
  [rawFrame(12, 7, ""), rawFrame(13, 7)],
  [rawFrame(12, 8, "live://1"), rawFrame(13, 8, "live://1")],
  ...Array.from({ length: 14 }, (_, at): [Buffer, Buffer] => [
    rawFrame(62 + at, 9, '{"room":"live://9"}'),
    rawFrame(62 + at, 9),
  ]),
];

const ROOM_PUSHES = Buffer.from(pushFrames("a", "b"));
const KEY_PUSH = Buffer.from(pushFrames("c"));

const rooms = [{ ...roomDefaults, type: "live", historySize: 10 }];

/** A comet that is pushed to at the end of the conversation. */
async function push(comet: TestComet): Promise<void> {
  await comet.deliver([
    roomDelivery("live://1", ROOM_PUSHES, 2),
    keysDelivery(["k"], 1000, KEY_PUSH),
  ]);
  const operations = comet.logic.received.map(({ operation }) => operation);
  assert.deepEqual(operations, [4, ...Array.from({ length: 14 }, (_, at) => 62 + at)]);
  const { body } = comet.logic.received[3];
  assert.equal(new TextDecoder().decode(body), '{"room":"live://9"}');
}

describe("A client of goim", () => {
  it("gets over TCP what goim sends, byte for byte, and no byte more", async () => {
    const comet = await TestComet.start({ rooms });
    const client = await comet.connect();
    for (const [request, answer] of CONVERSATION) {
      client.write(request);
      await comet.settle();
      assert.deepEqual(client.take(), answer);
    }
    await push(comet);
    assert.deepEqual(client.take(), Buffer.concat([ROOM_PUSHES, KEY_PUSH]));
  });

  it("gets so in binary messages", async () => {
    const comet = await TestComet.start({ rooms });
    const client = await comet.connectWebSocket();
    client.write(UPGRADE);
    await comet.settle();
    client.take();
    for (const [request, answer] of CONVERSATION) {
      client.sendBinary(request.readInt32BE(8), request.readInt32BE(12), request.subarray(16));
      await comet.settle();
      assert.deepEqual(client.take(), Buffer.concat([Buffer.of(0x82, answer.length), answer]));
    }
    await push(comet);
    const batches = [ROOM_PUSHES, KEY_PUSH].map((frames) => rawFrame(9, 0, frames));
    const messages = batches.map((batch) => [Buffer.of(0x82, batch.length), batch]).flat();
    assert.deepEqual(client.take(), Buffer.concat(messages));
  });

  it("gets so in text", async () => {
    const comet = await TestComet.start({ rooms });
    const client = await comet.connectWebSocket();
    client.write(UPGRADE);
    await comet.settle();
    client.take();
    const texts = async () => {
      await comet.settle();
      return client.messages().map(({ payload }) => payload.toString());
    };
    client.sendText('{"ver":1,"op":7,"seq":1,"body":{"key":"k","room":"live://1"}}');
    assert.deepEqual(await texts(), ['{"ver":1,"op":8,"seq":1,"body":{}}']);
    client.sendText('{"ver":1,"op":2,"seq":2}');
    assert.deepEqual(await texts(), ['{"ver":1,"op":3,"seq":2,"body":1}']);
    client.sendText('{"ver":1,"op":4,"seq":3,"body":"hello"}');
    assert.deepEqual(await texts(), ['{"ver":1,"op":5,"seq":3,"body":{}}']);
    for (let op = 62; op < 76; op++) {
      client.sendText(`{"ver":1,"op":${op},"seq":4,"body":{"room":"live://9"}}`);
      assert.deepEqual(await texts(), [`{"ver":1,"op":${op},"seq":4,"body":{}}`]);
    }
    await push(comet);
    assert.deepEqual(
      await texts(),
      ["a", "b", "c"].map((body) => `{"ver":1,"op":1000,"seq":0,"body":"${body}"}`),
    );
  });
});
