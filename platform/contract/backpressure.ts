import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { seededPrng } from "../../base/prng.ts";
import { WriteOutcome } from "../port.ts";
import { pendingBurstFactor } from "../write_queue.ts";
import { fill, numbered, numbersOf } from "./frames.ts";
import { pattern, pendingBytesMax, type ProbeConn, type Subject, turn, withPair } from "./probe.ts";

/** Registers what every implementation of `Streams` must do when a peer does not read. */
export function backpressureContract(name: string, platform: Subject): void {
  // Deno alone learns late that a socket is full.
  const burst = platform.process.runtime.startsWith("deno") ? pendingBurstFactor : 1;

  describe(`A full socket on ${name}`, () => {
    it("queues writes up to the limit, drops whole ones, and cuts none", async () => {
      await withPair(platform, {}, async ({ accepted, dialled, client }) => {
        dialled.pause();
        const written = await fill(accepted, 40_000, seededPrng(1), 20);
        assert(written.outcomes.has(WriteOutcome.sent));
        assert(written.outcomes.has(WriteOutcome.queued));
        assert(written.acceptedBytes > written.pendingBytesPeak, "the kernel took its part");
        assert(written.pendingBytesPeak <= pendingBytesMax * burst);
        dialled.resume();
        await client.until("all is there", () => {
          return dialled.context.receivedBytes > 0 && accepted.pendingBytes === 0 &&
            numbersSoFar(dialled) === written.accepted.length;
        });
        assert.deepEqual(numbersOf(dialled.context.received()), written.accepted);
        assert.equal(accepted.context.drains, 1);
      });
    });

    it("says drain once, when all is out, and takes writes again", async () => {
      const pendingAtDrain: number[] = [];
      const drain = (conn: ProbeConn) => void pendingAtDrain.push(conn.pendingBytes);
      await withPair(platform, { server: { drain } }, async (pair) => {
        const { accepted, dialled, server, client } = pair;
        dialled.pause();
        await fill(accepted, 60_000, seededPrng(2));
        assert(accepted.pendingBytes > 0);
        assert.equal(accepted.context.drains, 0);
        dialled.resume();
        await server.until("it drains", () => accepted.context.drains > 0);
        assert.deepEqual(pendingAtDrain, [0]);
        const last = numbered(99_999, 100);
        assert.equal(accepted.write(last), WriteOutcome.sent);
        const lastIsThere = () => endsWith(dialled, last);
        await client.until("the last write is there", lastIsThere);

        // Neither reading on nor the peer's end makes a socket drain.
        for (const conn of [accepted, dialled]) {
          conn.pause();
          await turn();
          conn.resume();
        }
        dialled.end();
        await server.until("the end is known", () => accepted.context.ends === 1);
        await turn();
        assert.equal(accepted.context.drains, 1);
        assert.equal(dialled.context.drains, 0);
      });
    });

    it("lets any length into an empty queue", async () => {
      const whole = pattern(9_000_000);
      await withPair(platform, { pendingBytesMax: 1000 }, async (pair) => {
        const { accepted, dialled, server, client } = pair;
        assert(accepted.write(whole) <= WriteOutcome.queued);
        assert(accepted.write(pattern(64 * 1024)) === WriteOutcome.dropped);
        await client.until("all is there", () => dialled.context.receivedBytes === whole.length);
        assert(Buffer.from(dialled.context.received()).equals(whole));
        await server.until("it drains", () => accepted.context.drains === 1);
        for (let round = 0; round < 20; round++) {
          const received = dialled.context.receivedBytes;
          assert.equal(accepted.write(pattern(64 * 1024)), WriteOutcome.sent);
          await client.until("a 64 KB write is there", () => {
            return dialled.context.receivedBytes === received + 64 * 1024;
          });
        }
      });
    });

    it("loses nothing of what a healthy connection is given in one go", async () => {
      await withPair(platform, {}, async ({ accepted, dialled, client }) => {
        for (let index = 0; index < 4; index++) {
          assert(accepted.write(numbered(index, 60_000)) <= WriteOutcome.queued);
        }
        await client.until("all is there", () => dialled.context.receivedBytes === 240_000);
        assert.deepEqual(numbersOf(dialled.context.received()), [0, 1, 2, 3]);
      });
    });

    it("discardPending() drops what has not begun and nothing else", async () => {
      await withPair(platform, {}, async ({ accepted, dialled, client, server }) => {
        dialled.pause();
        const { accepted: numbers } = await fill(accepted, 9000, seededPrng(3));
        const pendingBefore = accepted.pendingBytes;
        const dropped = accepted.discardPending();
        assert(dropped > 0);
        assert(accepted.pendingBytes < pendingBefore);
        assert.equal(accepted.discardPending(), 0);
        dialled.resume();
        await server.until("it drains", () => accepted.context.drains === 1);
        const last = numbered(99_999, 50);
        assert.equal(accepted.write(last), WriteOutcome.sent);
        await client.until("the last write is there", () => endsWith(dialled, last));
        const kept = numbers.slice(0, numbers.length - dropped);
        assert.deepEqual(numbersOf(dialled.context.received()), [...kept, 99_999]);
        assert.equal(accepted.context.drains, 1);
      });
    });

    it("pause() lets one more chunk through at most, and resume() the rest", async () => {
      await withPair(platform, {}, async ({ accepted, dialled, client }) => {
        accepted.write(numbered(7, 100));
        await client.until("it reads", () => dialled.context.receivedBytes === 100);
        dialled.pause();
        const chunksBefore = dialled.context.chunks.length;
        const { accepted: numbers } = await fill(accepted, 60_000, seededPrng(4));
        assert(dialled.context.chunks.length <= chunksBefore + 1);
        dialled.resume();
        await client.until("all is there", () => numbersSoFar(dialled) === numbers.length + 1);
        assert.deepEqual(numbersOf(dialled.context.received()), [7, ...numbers]);
      });
    });

    it("end() sends what is queued first", async () => {
      await withPair(platform, {}, async ({ accepted, dialled, server, client }) => {
        dialled.pause();
        const { accepted: numbers } = await fill(accepted, 60_000, seededPrng(5));
        accepted.end();
        assert(accepted.pendingBytes > 0);
        assert.equal(accepted.write(numbered(1, 10)), WriteOutcome.closed);
        dialled.resume();
        await client.until("the end is known", () => dialled.context.ends === 1);
        assert.deepEqual(numbersOf(dialled.context.received()), numbers);
        dialled.end();
        await server.until("it closes", () => accepted.context.closes === 1);
        await client.until("it closes", () => dialled.context.closes === 1);
      });
    });

    it("evict() takes effect at once on a peer that does not read", async () => {
      const end = (conn: ProbeConn) => conn.end();
      await withPair(platform, { client: { end } }, async ({ accepted, dialled, client }) => {
        dialled.pause();
        await fill(accepted, 60_000, seededPrng(6));
        accepted.evict();
        assert.equal(accepted.context.closes, 1);
        assert.equal(accepted.pendingBytes, 0);
        dialled.resume();
        await client.until("the peer closes", () => dialled.context.closes === 1);
        assert.equal(accepted.context.drains, 0);
        assert.equal(accepted.context.closes, 1);
      });
    });

    it("holds up nobody but its own connection", async () => {
      await withPair(platform, {}, async ({ listener, accepted, dialled, server, client }) => {
        dialled.pause();
        await fill(accepted, 60_000, seededPrng(7));
        const { hostname, port } = listener.address;
        const other = await platform.streams.dial({
          hostname,
          port,
          pendingBytesMax,
          handler: client,
        });
        await server.until("the other is accepted", () => server.conns.length === 2);
        if (platform.opensEarly) {
          await Promise.all([server.warmUp(server.conns[1]), client.warmUp(other)]);
        }
        assert.equal(server.conns[1].write(pattern(1000)), WriteOutcome.sent);
        await client.until("the other hears", () => other.context.receivedBytes === 1000);
        assert.equal(dialled.context.closes, 0);
      });
    });
  });
}

/** How many numbered writes have come whole. */
function numbersSoFar(conn: ProbeConn): number {
  const { chunks, receivedBytes } = conn.context;
  if (chunks.length === 0) return 0;
  const stream = conn.context.received();
  const view = new DataView(stream.buffer);
  let count = 0;
  for (let offset = 0; offset + 8 <= receivedBytes; count++) {
    offset += view.getUint32(offset);
    if (offset > receivedBytes) break;
  }
  return count;
}

function endsWith(conn: ProbeConn, bytes: Uint8Array): boolean {
  const received = conn.context.received();
  return Buffer.from(received.subarray(-bytes.length)).equals(bytes);
}
