import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  closeAll,
  pattern,
  pendingBytesMax,
  Probe,
  type ProbeConn,
  type Subject,
} from "./probe.ts";

/** Small writes to each connection; together they fill no socket. */
const WRITES = 20;

/** A listener and many connections to it. */
async function withCrowd(
  platform: Subject,
  size: number,
  run: (crowd: { server: Probe; client: Probe; accepted: readonly ProbeConn[] }) => Promise<void>,
): Promise<void> {
  const [server, client] = [new Probe(), new Probe()];
  const hostname = "127.0.0.1";
  const listener = await platform.streams.listen({
    hostname,
    port: 0,
    handler: server,
    pendingBytesMax,
  });
  try {
    const { port } = listener.address;
    for (let index = 0; index < size; index++) {
      await platform.streams.dial({ hostname, port, handler: client, pendingBytesMax });
    }
    await server.until("all are accepted", () => server.conns.length === size);
    await run({ server, client, accepted: server.conns });
  } finally {
    await closeAll(server, client);
    await listener.close();
  }
}

/** Writes numbered pieces to each connection in turn, and says what each is to get. */
function writeToAll(conns: readonly ProbeConn[]): Uint8Array {
  const whole = pattern(WRITES * 50);
  for (let piece = 0; piece < WRITES; piece++) {
    const bytes = whole.slice(piece * 50, (piece + 1) * 50);
    for (const conn of conns) conn.write(bytes);
  }
  return whole;
}

/**
 * Registers what every implementation of `Streams` must do when many are written to at once.
 *
 * @param size How many.
 */
export function crowdContract(name: string, platform: Subject, size = 1_200): void {
  describe(`Many connections on ${name}`, () => {
    it("each get everything in order that is written to all in one go", async () => {
      await withCrowd(platform, size, async ({ client, accepted }) => {
        const whole = writeToAll(accepted);
        const isThere = ({ context }: ProbeConn) => context.receivedBytes === whole.length;
        await client.until("all is there", () => client.conns.every(isThere));
        for (const { context } of client.conns) assert.deepEqual(context.received(), whole);
        assert.ok(accepted.every(({ pendingBytes }) => pendingBytes === 0));
      });
    });

    it("each get everything before the end, whoever says it first", async () => {
      await withCrowd(platform, size, async ({ server, client, accepted }) => {
        const [early, late] = [client.conns.slice(0, size / 2), client.conns.slice(size / 2)];
        for (const conn of early) conn.end();
        await server.until(
          "half of them have ended",
          () => accepted.filter(({ context }) => context.ends === 1).length === early.length,
        );
        const whole = writeToAll(accepted);
        for (const conn of accepted) conn.end();
        for (const conn of late) conn.end();
        await client.until(
          "all are over",
          () => client.conns.every(({ context }) => context.closes === 1),
        );
        for (const { context } of client.conns) assert.deepEqual(context.received(), whole);
        await server.until(
          "here as well",
          () => accepted.every(({ context }) => context.closes === 1),
        );
      });
    });

    it("are not held up by those who do not read, or are gone", async () => {
      await withCrowd(platform, size, async ({ client, accepted }) => {
        const slow = client.conns.filter((_, index) => index % 3 === 0);
        for (const conn of slow) conn.pause();
        const big = pattern(60_000);
        for (const [index, conn] of accepted.entries()) {
          if (index % 3 === 0) { for (let more = 0; more < 30; more++) conn.write(big); }
          if (index % 3 === 1) conn.evict();
        }
        const others = accepted.filter((_, index) => index % 3 === 2);
        const whole = writeToAll(accepted);
        const received = () =>
          client.conns.filter(({ context }) => context.receivedBytes === whole.length).length;
        await client.until("the others have it", () => received() >= others.length);
      });
    });
  });
}
