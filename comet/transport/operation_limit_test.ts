import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CloseCodes } from "../../protocol/close_codes.ts";
import type { MemoryClient } from "../../tests/support/memory_client.ts";
import { rawFrame } from "../../tests/support/raw_client.ts";
import { NOTHING_LEFT, TestComet } from "../../tests/support/test_comet.ts";
import { clientFrame } from "../../tests/support/websocket_frames.ts";
import { BURST_MS } from "../options.ts";

const PER_SECOND = 2;
/** What a client may send at once; its auth is one of them. */
const BURST = PER_SECOND * BURST_MS / 1_000;
const limited = { operationsMax: PER_SECOND };

/** Sends something so many times, and lets it be answered. */
async function sendTimes(
  comet: TestComet,
  client: MemoryClient,
  times: number,
  bytes: Uint8Array,
): Promise<void> {
  for (let sent = 0; sent < times; sent++) client.write(bytes);
  await comet.settle();
}

describe("OperationLimit", () => {
  it("answers a burst, and closes with 4007 at the first operation beyond it", async () => {
    const comet = await TestComet.start(limited);
    const client = await comet.open();
    for (let sequence = 1; sequence <= BURST + 5; sequence++) client.send(2, sequence);
    await comet.settle();
    const frames = client.frames();
    const close = frames.pop()!;
    assert.deepEqual(
      frames.map(({ seq }) => seq),
      Array.from({ length: BURST - 1 }, (_, i) => i + 1),
    );
    assert.equal(close.op, 6);
    assert.deepEqual(JSON.parse(close.body.toString()), CloseCodes.tooManyOperations);
    assert.deepEqual([client.closed, comet.counters.tooManyOperations], [true, 1]);
    assert.equal(comet.counters.protocolErrors, 0);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  it("lets a client go on for ever at its rate, whatever it did before", async () => {
    const comet = await TestComet.start(limited);
    const client = await comet.open();
    await sendTimes(comet, client, BURST - 1, rawFrame(2, 1));
    for (let second = 0; second < 30; second++) {
      await comet.advance(1_000);
      await sendTimes(comet, client, PER_SECOND, rawFrame(2, 1));
    }
    assert.equal(client.closed, false);
    await sendTimes(comet, client, 1, rawFrame(2, 1));
    assert.equal(client.closed, true);
  });

  const kinds: [what: string, bytes: Uint8Array][] = [
    ["messages", clientFrame(2, rawFrame(2, 1))],
    ["pings", clientFrame(9)],
    ["pongs", clientFrame(10)],
  ];
  for (const [what, bytes] of kinds) {
    it(`counts ${what} over WebSocket`, async () => {
      const comet = await TestComet.start(limited);
      const client = await comet.openBinary();
      await sendTimes(comet, client, BURST - 1, bytes);
      assert.equal(client.ended, false);
      client.take();
      await sendTimes(comet, client, 1, bytes);
      const [close, ...more] = client.messages();
      assert.deepEqual([close.opcode, close.payload.readUInt16BE(0), more], [8, 4007, []]);
      assert.equal(comet.counters.tooManyOperations, 1);
    });
  }

  it("counts each fragment of a message", async () => {
    const comet = await TestComet.start(limited);
    const client = await comet.openBinary();
    client.write(clientFrame(2, new Uint8Array(0), { isFinal: false }));
    const part = clientFrame(0, new Uint8Array(0), { isFinal: false });
    await sendTimes(comet, client, BURST - 2, part);
    assert.equal(client.ended, false);
    await sendTimes(comet, client, 1, part);
    assert.equal(client.ended, true);
  });

  it("counts operations before auth, which get no answer and no farewell", async () => {
    const comet = await TestComet.start(limited);
    const client = await comet.connect();
    await sendTimes(comet, client, BURST, rawFrame(2, 1));
    assert.equal(client.ended, false);
    await sendTimes(comet, client, 1, rawFrame(2, 1));
    assert.deepEqual([client.ended, client.take().length], [true, 0]);
  });

  it("is out of the way of who subscribes to much at once, by default", async () => {
    const comet = await TestComet.start();
    const client = await comet.open();
    await sendTimes(comet, client, 256, rawFrame(14, 1, "7"));
    assert.equal(client.frames().length, 256);
  });

  it("is none at 0", async () => {
    const comet = await TestComet.start({ operationsMax: 0 });
    const client = await comet.open();
    await sendTimes(comet, client, 1_200, rawFrame(2, 1));
    assert.equal(client.frames().length, 1_200);
  });
});
