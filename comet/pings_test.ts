import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { keysDelivery } from "../tests/support/deliveries.ts";
import { type MemoryClient, UPGRADE } from "../tests/support/memory_client.ts";
import { pushFrames, TestComet } from "../tests/support/test_comet.ts";
import { clientFrame, joined } from "../tests/support/websocket_frames.ts";
import { TICK_MS } from "./options.ts";

const PING_MS = 2_000;

/** A client that answers pings, as every browser does. */
function answering(client: MemoryClient): () => number {
  return () => {
    const pings = client.messages().filter(({ opcode }) => opcode === 9);
    for (const { payload } of pings) client.write(clientFrame(10, payload));
    return pings.length;
  };
}

describe("Pings", () => {
  it("come to a quiet WebSocket client before its interval is over, again and again", async () => {
    for (const open of ["openBinary", "openText"] as const) {
      const comet = await TestComet.start({ pingMs: PING_MS });
      const client = await comet[open]();
      let quietMs = 0;
      let pings = 0;
      for (let elapsedMs = 0; elapsedMs < 10 * PING_MS; elapsedMs += TICK_MS) {
        await comet.advance(TICK_MS);
        quietMs += TICK_MS;
        const messages = client.messages();
        if (messages.length === 0) continue;
        assert.deepEqual(messages.map(({ opcode, payload }) => [opcode, payload.length]), [[9, 0]]);
        assert.ok(quietMs > PING_MS / 2 && quietMs <= PING_MS, `after ${quietMs} ms`);
        quietMs = 0;
        pings++;
      }
      assert.ok(pings >= 10, `${pings} pings`);
      assert.equal(comet.counters.pingsSent, pings);
    }
  });

  it("do not come to who gets something else, before auth, over TCP, or when there are none", async () => {
    const comet = await TestComet.start({ pingMs: PING_MS, handshakeMs: 60_000 });
    const tcp = await comet.open();
    const young = await comet.connectWebSocket();
    young.write(UPGRADE);
    const busy = await comet.openBinary({ key: "busy" });
    const none = await TestComet.start({ pingMs: 0 });
    const quiet = await none.openBinary();
    await comet.settle();
    young.take();
    for (let elapsedMs = 0; elapsedMs < 3 * PING_MS; elapsedMs += PING_MS / 2) {
      await comet.deliver([keysDelivery(["busy"], 1000, pushFrames("x"))]);
      await comet.advance(PING_MS / 2);
    }
    await none.advance(3 * PING_MS);
    assert.deepEqual([tcp, young, quiet].map((client) => client.take().length), [0, 0, 0]);
    assert.deepEqual(busy.messages().map(({ opcode }) => opcode), Array(6).fill(2));
  });

  it("are no heartbeats, nor are the pongs", async () => {
    const comet = await TestComet.start({ pingMs: PING_MS, heartbeatMs: 4 * PING_MS });
    const client = await comet.openBinary();
    const answer = answering(client);
    let pings = 0;
    for (let elapsedMs = 0; elapsedMs < 4 * PING_MS - TICK_MS; elapsedMs += TICK_MS) {
      await comet.advance(TICK_MS);
      pings += answer();
    }
    assert.equal(client.ended, false);
    await comet.advance(2 * TICK_MS);
    assert.deepEqual([client.ended, comet.counters.heartbeatTimeouts], [true, 1]);
    assert.ok(pings >= 4, `${pings} pings`);
  });

  it("are spread over the interval when many have fallen silent at once", async () => {
    const comet = await TestComet.start({ pingMs: PING_MS });
    for (let index = 0; index < 200; index++) await comet.openBinary();
    const perTick: number[] = [];
    for (let elapsedMs = 0; elapsedMs < 2 * PING_MS; elapsedMs += TICK_MS) {
      const { pingsSent } = comet.counters;
      await comet.advance(TICK_MS);
      perTick.push(comet.counters.pingsSent - pingsSent);
    }
    assert.ok(comet.counters.pingsSent >= 200, `${comet.counters.pingsSent} pings`);
    assert.ok(Math.max(...perTick) <= 50, `${Math.max(...perTick)} in a tick`);
  });

  it("come in time when ticks are late, and soon after a stall, spread", async () => {
    const comet = await TestComet.start({ pingMs: 10 * PING_MS });
    const clients = [];
    for (let index = 0; index < 40; index++) clients.push(await comet.openBinary());
    const late = async () => {
      comet.clock.stall(4 * TICK_MS);
      await comet.turn();
    };
    for (let elapsedMs = 0; elapsedMs < 10 * PING_MS; elapsedMs += 4 * TICK_MS) await late();
    for (const client of clients) assert.ok(client.messages().length > 0, "a ping in time");
    comet.clock.stall(20 * PING_MS);
    const { pingsSent } = comet.counters;
    await comet.turn();
    assert.ok(comet.counters.pingsSent - pingsSent <= 10, "not all at once");
    await comet.advance(3 * PING_MS);
    for (const client of clients) assert.equal(client.messages().length, 1);
  });

  it("do not queue behind what a client does not read", async () => {
    const comet = await TestComet.start({
      pingMs: PING_MS,
      slowReaderMs: 60_000,
      kernelBufferBytes: 1_024,
    });
    const client = await comet.openBinary({ key: "k" });
    client.pause();
    await comet.deliver([keysDelivery(["k"], 1000, pushFrames("x".repeat(8_000)))]);
    await comet.advance(3 * PING_MS);
    assert.equal(comet.counters.pingsSent, 0);
    client.resume();
    await comet.advance(2 * PING_MS);
    assert.ok(comet.counters.pingsSent >= 1);
  });

  it("share one array of bytes among all", async () => {
    const comet = await TestComet.start({ pingMs: PING_MS });
    const client = await comet.openBinary();
    const [{ conn }] = comet.channels();
    const written = new Set<Uint8Array>();
    const write = conn.write.bind(conn);
    conn.write = (bytes) => {
      written.add(bytes);
      return write(bytes);
    };
    await comet.advance(4 * PING_MS);
    assert.ok(client.messages().length >= 4);
    assert.deepEqual([...written], [joined(Uint8Array.of(0x89, 0))]);
  });
});
