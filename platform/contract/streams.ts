import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { type Conn, WriteOutcome } from "../port.ts";
import {
  closeAll,
  pattern,
  pendingBytesMax,
  Probe,
  type ProbeConn,
  type Subject,
  turn,
  withPair,
} from "./probe.ts";

/** Registers what every implementation of `Streams` must do while sockets are not full. */
export function streamsContract(name: string, platform: Subject): void {
  const hostname = "127.0.0.1";

  describe(`Streams on ${name}`, () => {
    it("opens both ends with a context of their own and the peer's address", async () => {
      let contextAtOpen: unknown = "not called";
      const open = (conn: Conn<unknown>) => contextAtOpen = conn.context;
      const handler = { open, data() {}, drain() {}, end() {}, close() {} };
      await withPair(platform, {}, async ({ listener, accepted, dialled, client }) => {
        assert(listener.address.port > 0 && listener.address.port <= 65535);
        assert.equal(listener.address.hostname, hostname);
        assert.equal(accepted.remoteAddress, hostname);
        assert.equal(dialled.remoteAddress, hostname);
        assert.notEqual(accepted.context, dialled.context);
        assert.equal(client.conns[0], dialled);
        const { port } = listener.address;
        const other = await platform.streams.dial({ hostname, port, pendingBytesMax, handler });
        assert.equal(contextAtOpen, undefined);
        other.evict();
      });
    });

    it("carries bytes both ways and leaves the writer's untouched", async () => {
      await withPair(platform, {}, async ({ accepted, dialled, server, client }) => {
        const up = pattern(1000, 1), down = pattern(3000, 2);
        assert.equal(dialled.write(up), WriteOutcome.sent);
        assert.equal(accepted.write(down), WriteOutcome.sent);
        await server.until("all is up", () => accepted.context.receivedBytes === 1000);
        await client.until("all is down", () => dialled.context.receivedBytes === 3000);
        assert.deepEqual(accepted.context.received(), pattern(1000, 1));
        assert.deepEqual(dialled.context.received(), pattern(3000, 2));
        assert.deepEqual(up, pattern(1000, 1));
        assert.deepEqual(down, pattern(3000, 2));
        assert.equal(accepted.context.drains + dialled.context.drains, 0);
      });
    });

    it("carries writes of one turn in their order", async () => {
      await withPair(platform, {}, async ({ accepted, dialled, server }) => {
        const whole = pattern(20_000);
        for (let at = 0; at < whole.length; at += 100) {
          assert(dialled.write(whole.subarray(at, at + 100)) <= WriteOutcome.queued);
        }
        await server.until("all is there", () => accepted.context.receivedBytes === whole.length);
        assert.deepEqual(accepted.context.received(), whole);
        assert.equal(dialled.pendingBytes, 0);
      });
    });

    it("carries megabytes both ways at once", async () => {
      const whole = pattern(6_000_000);
      const sentTo = new Map<Conn<unknown>, number>();
      const send = (conn: ProbeConn) => {
        let at = sentTo.get(conn) ?? 0;
        while (at < whole.length) {
          const outcome = conn.write(whole.subarray(at, at + 60_000));
          if (outcome === WriteOutcome.dropped) break;
          at += 60_000;
          if (outcome === WriteOutcome.queued) break;
        }
        sentTo.set(conn, at);
      };
      const reactions = { open: send, drain: send };
      const options = { server: reactions, client: reactions };
      await withPair(platform, options, async ({ accepted, dialled, server, client }) => {
        await server.until("all is up", () => accepted.context.receivedBytes >= whole.length);
        await client.until("all is down", () => dialled.context.receivedBytes >= whole.length);
        assert(Buffer.from(accepted.context.received()).equals(whole));
        assert(Buffer.from(dialled.context.received()).equals(whole));
      });
    });

    for (const first of ["dialled", "accepted"] as const) {
      it(`lets the ${first} end say end of stream and still hear the other`, async () => {
        await withPair(platform, {}, async (pair) => {
          const second = first === "dialled" ? "accepted" : "dialled";
          const [near, far] = [pair[first], pair[second]];
          const [nearProbe, farProbe] = first === "dialled"
            ? [pair.client, pair.server]
            : [pair.server, pair.client];
          near.write(pattern(100));
          near.end();
          assert.equal(near.write(pattern(1)), WriteOutcome.closed);
          await farProbe.until("the end is known", () => far.context.ends === 1);
          assert.deepEqual(far.context.received(), pattern(100));
          for (let turns = 0; turns < 5; turns++) await turn();
          assert.equal(far.context.closes, 0);
          assert.equal(far.write(pattern(500)), WriteOutcome.sent);
          await nearProbe.until("bytes come", () => near.context.receivedBytes === 500);
          assert.equal(near.context.closes, 0);
          far.end();
          await nearProbe.until("it closes", () => near.context.closes === 1);
          await farProbe.until("it closes", () => far.context.closes === 1);
          assert.equal(near.context.ends, 0, "who has ended itself hears of the close alone");
          assert.equal(far.context.ends, 1);
        });
      });
    }

    it("closes both ends when both end at once", async () => {
      await withPair(platform, {}, async ({ accepted, dialled, server, client }) => {
        accepted.end();
        dialled.end();
        await server.until("it closes", () => accepted.context.closes === 1);
        await client.until("it closes", () => dialled.context.closes === 1);
      });
    });

    it("evict() has closed when it returns, and the peer hears of it", async () => {
      const end = (conn: ProbeConn) => conn.end();
      await withPair(platform, { client: { end } }, async ({ accepted, dialled, client }) => {
        accepted.evict();
        assert.equal(accepted.context.closes, 1);
        assert.equal(accepted.write(pattern(10)), WriteOutcome.closed);
        assert.equal(accepted.pendingBytes, 0);
        accepted.evict();
        accepted.end();
        accepted.pause();
        accepted.resume();
        assert.equal(accepted.discardPending(), 0);
        await client.until("the peer closes", () => dialled.context.closes === 1);
        assert.equal(dialled.write(pattern(10)), WriteOutcome.closed);
        assert.equal(accepted.context.closes, 1);
        assert.equal(accepted.context.ends, 0);
      });
    });

    it("closes a connection whose peer was reset while it keeps writing", async () => {
      await withPair(platform, {}, async ({ accepted, dialled, client }) => {
        accepted.pause();
        dialled.write(pattern(10));
        accepted.evict();
        const keepsWriting = () => {
          dialled.write(pattern(10));
          return dialled.context.closes === 1;
        };
        await client.until("it closes", keepsWriting);
        assert.equal(dialled.context.closes, 1);
      });
    });

    it("reads no more once evicted by its own data handler", async () => {
      const data = (conn: ProbeConn) => conn.evict();
      await withPair(platform, { server: { data } }, async ({ accepted, dialled, server }) => {
        for (let index = 0; index < 50; index++) dialled.write(pattern(1000));
        await server.until("it closes", () => accepted.context.closes === 1);
        assert.equal(accepted.context.chunks.length, 1);
      });
    });

    it("keeps its connections when the listener closes, and takes no more", async () => {
      await withPair(platform, {}, async ({ listener, accepted, dialled, server }) => {
        await listener.close();
        await listener.close();
        dialled.write(pattern(100));
        await server.until("bytes come", () => accepted.context.receivedBytes === 100);
        const { port } = listener.address;
        const handler = new Probe();
        await assert.rejects(
          platform.streams.dial({ hostname, port, pendingBytesMax, handler }),
          { message: `Cannot connect to 127.0.0.1:${port}: connection refused` },
        );
        assert.equal(handler.conns.length, 0);
      });
    });

    it("shares a port between listeners that ask for it", async () => {
      const [first, client] = [new Probe(), new Probe()];
      const second = new Probe({ open: () => first.look() });
      const options = { hostname, pendingBytesMax, reusePort: true };
      const one = await platform.streams.listen({ ...options, port: 0, handler: first });
      const { port } = one.address;
      const two = await platform.streams.listen({ ...options, port, handler: second });
      try {
        for (let index = 0; index < 40; index++) {
          await platform.streams.dial({ hostname, port, pendingBytesMax, handler: client });
        }
        await first.until("all are accepted", () => {
          return first.conns.length + second.conns.length === 40;
        });
        assert(first.conns.length > 0, "the first listener has its share");
        assert(second.conns.length > 0, "the second listener has its share");
      } finally {
        await closeAll(first, second, client);
        await one.close();
        await two.close();
      }
    });

    it("says in one line that a port is taken or out of range", async () => {
      const handler = new Probe();
      const options = { hostname, pendingBytesMax, handler };
      const listener = await platform.streams.listen({ ...options, port: 0 });
      const { port } = listener.address;
      await assert.rejects(platform.streams.listen({ ...options, port }), {
        message: `Cannot listen on 127.0.0.1:${port}: address already in use`,
      });
      await listener.close();
      const again = await platform.streams.listen({ ...options, port });
      assert.equal(again.address.port, port);
      await again.close();
      await assert.rejects(platform.streams.listen({ ...options, port: 70_000 }), {
        message:
          "Cannot listen on 127.0.0.1:70000: port must be 0 to 65535, current value is 70000",
      });
      await assert.rejects(platform.streams.dial({ ...options, port: 0 }), {
        message: "Cannot connect to 127.0.0.1:0: port must be 1 to 65535, current value is 0",
      });
    });
  });
}
