import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CloseCodes } from "../../protocol/close_codes.ts";
import { Limits } from "../../protocol/limits.ts";
import { NOTHING_LEFT, TestComet } from "../../tests/support/test_comet.ts";
import type { MemoryClient } from "../../tests/support/memory_client.ts";
import { rawFrame } from "../../tests/support/raw_client.ts";
import { clientFrame, joined } from "../../tests/support/websocket_frames.ts";
import { type Channel, ChannelState } from "../channel.ts";
import { TURN_CHANNELS_MAX, TURN_WORK_MAX } from "./read_scheduler.ts";
import { LONG_PIPELINES_BYTES_MAX } from "./transport.ts";

/** Frames that a flooder sends at once: several chunks as the memory platform reads them. */
const FLOOD = 9_000;

/** A comet whose limit of operations is out of the way. */
const unlimited = { operationsMax: 0 };

function flood(count: number, one: (sequence: number) => Uint8Array): Uint8Array {
  return joined(...Array.from({ length: count }, (_, index) => one(index)));
}

const beat = (sequence: number) => rawFrame(2, sequence);
const beatMessage = (sequence: number) => clientFrame(2, rawFrame(2, sequence));

/** What the platform calls; by hand, since the memory platform reads in smaller chunks than Bun. */
function handlerOf({ transport }: Channel) {
  return transport as unknown as { data(conn: Channel["conn"], chunk: Uint8Array): void };
}

/** Turns until something has come for a client. */
async function turnsUntilAnswer(comet: TestComet, client: MemoryClient): Promise<number> {
  for (let turns = 1; turns < 10_000; turns++) {
    await comet.turn();
    if (client.receivedBytes > 0) return turns;
  }
  throw new Error("no answer came");
}

/** Lets turns pass until every connection has been read to its end. */
async function settled(comet: TestComet): Promise<void> {
  do await comet.settle(); while (comet.channels().some(({ pipelined }) => pipelined !== null));
}

describe("ReadScheduler", () => {
  it("serves others between the frames of a flooder, whose answers keep their order", async () => {
    const comet = await TestComet.start(unlimited);
    const flooder = await comet.open({ key: "flooder" });
    const honest = await comet.open({ key: "honest" });
    flooder.write(flood(FLOOD, beat));
    for (let round = 0; round < 10; round++) {
      const { heartbeats } = comet.counters;
      honest.write(beat(round));
      const turns = await turnsUntilAnswer(comet, honest);
      assert.ok(turns <= 3, `${turns} turns`);
      const served = comet.counters.heartbeats - heartbeats - 1;
      assert.ok(served <= turns * TURN_WORK_MAX, `${served} frames in ${turns} turns`);
      honest.take();
    }
    await settled(comet);
    const sequences = flooder.frames().map(({ seq }) => seq);
    assert.deepEqual(sequences, Array.from({ length: FLOOD }, (_, index) => index));
  });

  it("goes on by itself until everything is answered, and reads again", async () => {
    const comet = await TestComet.start(unlimited);
    const client = await comet.openBinary();
    for (let round = 0; round < 3; round++) {
      client.write(flood(1_000, beatMessage));
      await settled(comet);
      assert.equal(client.messages().length, 1_000);
    }
    assert.equal(comet.pool.inUse, 0);
  });

  it("answers all that came before the client ended its side", async () => {
    const comet = await TestComet.start(unlimited);
    const client = await comet.open();
    client.write(flood(1_000, beat));
    client.end();
    await settled(comet);
    assert.equal(client.frames().filter(({ op }) => op === 3).length, 1_000);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  const floods: [what: string, open: "open" | "openBinary" | "connect", bytes: Uint8Array][] = [
    ["heartbeats", "open", rawFrame(2, 0)],
    ["changes of rooms", "open", rawFrame(12, 0, "live://1")],
    ["operations that logic answers", "open", rawFrame(4, 0)],
    ["operations before auth", "connect", rawFrame(2, 0)],
    ["messages", "openBinary", clientFrame(2, rawFrame(2, 0))],
    ["pings", "openBinary", clientFrame(9)],
    ["pongs", "openBinary", clientFrame(10)],
  ];
  for (const [what, open, one] of floods) {
    it(`takes no more than a share of ${what} in a turn`, async () => {
      const comet = await TestComet.start(unlimited);
      const client = await comet[open]();
      const [channel] = comet.channels();
      client.write(flood(20 * TURN_WORK_MAX, () => one));
      let turns = 0;
      do {
        const { work } = channel;
        await comet.turn();
        turns++;
        assert.ok(channel.work - work <= 2 * TURN_WORK_MAX, `${channel.work - work} in a turn`);
      } while (turns < 3 || channel.pipelined !== null);
      assert.ok(turns >= 20, `${turns} turns`);
    });
  }

  it("counts the fragments of a message", async () => {
    const comet = await TestComet.start(unlimited);
    const client = await comet.openBinary();
    const part = { isFinal: false };
    const fragments = flood(10 * TURN_WORK_MAX, () => clientFrame(0, new Uint8Array(0), part));
    const beginning = clientFrame(2, rawFrame(2, 7), part);
    client.write(joined(beginning, fragments, clientFrame(0)));
    const turns = await turnsUntilAnswer(comet, client);
    assert.ok(turns >= 10, `${turns} turns`);
    assert.equal(client.messages().length, 1);
  });

  it("counts a long frame as several", async () => {
    const comet = await TestComet.start(unlimited);
    const client = await comet.open();
    const list = `${"1,".repeat(2_047)}1`;
    client.write(flood(10, (sequence) => rawFrame(14, sequence, list)));
    await comet.turn();
    await comet.turn();
    assert.ok(client.frames().length <= 2 * TURN_WORK_MAX / 8);
    await settled(comet);
  });

  it("shares a turn among many flooders, each in its turn", async () => {
    const comet = await TestComet.start(unlimited);
    const flooders = [];
    for (let index = 0; index < 3 * TURN_CHANNELS_MAX; index++) {
      flooders.push(await comet.open({ key: String(index) }));
    }
    for (const flooder of flooders) flooder.write(flood(FLOOD, beat));
    await comet.turn();
    await comet.turn();
    for (let turn = 0; turn < 30; turn++) {
      const { heartbeats } = comet.counters;
      await comet.turn();
      const served = comet.counters.heartbeats - heartbeats;
      assert.ok(served <= TURN_CHANNELS_MAX * TURN_WORK_MAX, `${served} in a turn`);
    }
    const answers = flooders.map((flooder) => flooder.frames().length);
    assert.ok(Math.min(...answers) >= 10 * TURN_WORK_MAX, `${Math.min(...answers)}`);
    assert.ok(Math.max(...answers) - Math.min(...answers) <= 2 * TURN_WORK_MAX);
  });

  it("keeps one chunk whatever its length, and nothing of a connection that ends", async () => {
    const comet = await TestComet.start(unlimited);
    const client = await comet.open();
    const [channel] = comet.channels();
    handlerOf(channel).data(channel.conn, flood(32_768, beat));
    assert.ok(channel.pipelined!.bytes.length >= (32_768 - TURN_WORK_MAX) * 16);
    await comet.settle();
    client.reset();
    await comet.settle();
    assert.deepEqual([comet.left(), comet.counters.tooFarAhead], [NOTHING_LEFT, 0]);
  });

  it("keeps long chunks of few connections, and of no more while they are kept", async () => {
    const comet = await TestComet.start(unlimited);
    const chunk = flood(Limits.pipelinedBytesMax / 16 * 8, beat);
    const few = Math.ceil(LONG_PIPELINES_BYTES_MAX / (chunk.length - TURN_WORK_MAX * 16));
    for (let index = 0; index < few + 2; index++) await comet.connect();
    const told = comet.channels().map((channel) => {
      handlerOf(channel).data(channel.conn, chunk);
      return channel.state === ChannelState.closing;
    });
    assert.deepEqual(told, [...Array(few).fill(false), true, true]);
    assert.equal(comet.counters.tooFarAhead, 2);
  });

  it("takes no more than a share of what a client sends that was told to go", async () => {
    const comet = await TestComet.start({ ...unlimited, kernelBufferBytes: 16_384 });
    const client = await comet.open();
    client.goesWhenTold = false;
    const [channel] = comet.channels();
    client.write(flood(FLOOD, beat));
    await comet.turn();
    comet.connections.close(channel, CloseCodes.replaced);
    client.write(flood(10 * FLOOD, beat));
    for (let turn = 0; turn < 10; turn++) {
      const { work } = channel;
      await comet.turn();
      assert.ok(channel.work - work <= 3 * TURN_WORK_MAX, `${channel.work - work} in a turn`);
    }
    client.end();
    while (comet.channels().length > 0) await comet.settle();
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  it("schedules nothing for clients that send a frame now and then", async () => {
    const comet = await TestComet.start(unlimited);
    const client = await comet.open();
    const [channel] = comet.channels();
    const { pending } = comet.clock;
    const handler = handlerOf(channel);
    for (let sent = 0; sent < TURN_WORK_MAX - 2; sent++) handler.data(channel.conn, beat(sent));
    // The memory platform's own turn, for the answers.
    assert.equal(comet.clock.pending, pending + 1);
    await comet.settle();
    assert.equal(client.frames().length, TURN_WORK_MAX - 2);
  });
});
