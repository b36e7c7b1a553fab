import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { randomBelow, seededPrng } from "../../base/prng.ts";
import { UPGRADE } from "../support/memory_client.ts";
import { RawClient, rawFrame, token, within } from "../support/raw_client.ts";
import type { TestServer } from "../support/server.ts";
import { withServerProcess } from "../support/server_process.ts";
import { clientFrame, joined, randomBytes } from "../support/websocket_frames.ts";

const SEED = 20_260_301;
const HANDSHAKE_MS = 1_000;
/** What the server may be larger by after the second round; each brings it 50 MB. */
const GROWTH_BYTES_MAX = 24 * 2 ** 20;
/** What the buffer pool may have needed: 1,000 connections hold nothing while nothing comes. */
const POOL_BYTES_MAX = 4 * 2 ** 20;
/** How long a good client may wait for a heartbeat and a push together, at worst. */
const WAIT_MS_MAX = 2_000;

/** A socket that keeps its side open whatever the server does, and swallows what comes. */
class HostileSocket {
  readonly socket: Socket;
  /** Settles when the server has ended its side. */
  readonly ended: Promise<void>;
  /** Settles when the connection is over. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    const ended = new Promise<void>((resolve) => socket.once("end", resolve));
    this.ended = Promise.race([ended, this.closed]);
    socket.resume();
  }

  static connect(port: number): Promise<HostileSocket> {
    const connected = new Promise<HostileSocket>((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true }, () => {
        socket.off("error", reject);
        resolve(new HostileSocket(socket));
      });
      socket.once("error", reject);
    });
    return within("a connection", connected);
  }

  static async several(port: number, count: number): Promise<HostileSocket[]> {
    const sockets = [];
    for (let index = 0; index < count; index++) sockets.push(await HostileSocket.connect(port));
    return sockets;
  }

  /** Writes until everything is gone or nobody takes it any more. */
  async write(bytes: Uint8Array): Promise<void> {
    const written = new Promise<void>((resolve) => this.socket.write(bytes, () => resolve()));
    await Promise.race([written, this.closed]);
  }
}

type Attack = (server: TestServer) => Promise<void>;

const attacks: Record<string, Attack> = {
  async "a thousand connections that send nothing"({ tcpPort, wsPort }) {
    const sockets = [
      ...await HostileSocket.several(tcpPort, 500),
      ...await HostileSocket.several(wsPort, 500),
    ];
    for (const { socket, ended } of sockets) ended.then(() => socket.end());
    await within("the end of silent clients", Promise.all(sockets.map(({ closed }) => closed)));
  },

  async "a head that comes a byte at a time"({ wsPort }) {
    const startMs = performance.now();
    const { socket, ended, closed } = await HostileSocket.connect(wsPort);
    let sentBytes = 0;
    const drip = setInterval(
      () => socket.write(UPGRADE.subarray(sentBytes, ++sentBytes)),
      HANDSHAKE_MS / 50,
    );
    await within("the end of a slow head", ended);
    clearInterval(drip);
    const elapsedMs = performance.now() - startMs;
    socket.end();
    await closed;
    assert.ok(sentBytes < UPGRADE.length, "the head was to be slower than the deadline");
    assert.ok(elapsedMs >= HANDSHAKE_MS - 5, `closed after ${elapsedMs} ms`);
    assert.ok(elapsedMs < HANDSHAKE_MS + 2_000, `closed after ${elapsedMs} ms`);
  },

  async "clients that end their side, and clients that never do"(server) {
    const { tcpPort, wsPort } = server;
    const early = await HostileSocket.several(tcpPort, 50);
    for (const { socket } of early) socket.end();
    const authenticated = await HostileSocket.several(tcpPort, 50);
    for (const { socket } of authenticated) socket.end(rawFrame(7, 1, token()));
    const upgraded = await HostileSocket.several(wsPort, 50);
    for (const { socket } of upgraded) socket.end(UPGRADE);
    const stubborn = [
      ...await HostileSocket.several(tcpPort, 50),
      ...await HostileSocket.several(wsPort, 50),
    ];
    const all = [...early, ...authenticated, ...upgraded, ...stubborn];
    await within("the end of half-open clients", Promise.all(all.map(({ ended }) => ended)));
    // Whoever stays is evicted; a socket that has nothing to write may not notice.
    await server.until("the eviction of who stays", (metrics) => metrics.comet_connections === 1);
    for (const { socket } of all) socket.destroy();
  },

  async "clients that reset in mid-frame"({ tcpPort, wsPort }) {
    const half = rawFrame(7, 1, token()).subarray(0, 40);
    for (const { socket } of await HostileSocket.several(tcpPort, 100)) {
      socket.write(half, () => socket.resetAndDestroy());
    }
    const halfMessage = joined(UPGRADE, clientFrame(2, rawFrame(7, 1, token())).subarray(0, 40));
    for (const { socket } of await HostileSocket.several(wsPort, 100)) {
      socket.write(halfMessage, () => socket.resetAndDestroy());
    }
  },

  async "10 MB of garbage"({ tcpPort, wsPort }) {
    const garbage = randomBytes(seededPrng(SEED), 10 * 2 ** 20);
    const behind = [
      new Uint8Array(0),
      rawFrame(7, 1, token()),
      UPGRADE,
      joined(UPGRADE, clientFrame(2, rawFrame(7, 1, token()))),
    ];
    await Promise.all(behind.map(async (start, index) => {
      const client = await HostileSocket.connect(index < 2 ? tcpPort : wsPort);
      await client.write(joined(start, garbage));
      client.socket.destroy();
    }));
  },

  async "10 MB of requests whose answers nobody reads"({ tcpPort }) {
    const request = rawFrame(1000, 1, "x".repeat(84));
    const flood = joined(rawFrame(7, 1, token()), ...Array(100_000).fill(request));
    const client = await HostileSocket.connect(tcpPort);
    client.socket.pause();
    const late = new Promise<void>((resolve) => setTimeout(resolve, 1_000));
    await Promise.race([client.write(flood), late]);
    client.socket.destroy();
  },

  async "random bytes"({ tcpPort, wsPort }) {
    const prng = seededPrng(SEED);
    for (let index = 0; index < 200; index++) {
      const client = await HostileSocket.connect(index % 2 === 0 ? tcpPort : wsPort);
      const start = index % 4 === 3 ? UPGRADE : new Uint8Array(0);
      await client.write(joined(start, randomBytes(prng, randomBelow(prng, 5_000))));
      client.socket.destroy();
    }
  },
};

/** Attacks with everything, one after the other. */
async function attackWithAll(server: TestServer): Promise<void> {
  for (const [what, attack] of Object.entries(attacks)) {
    try {
      await attack(server);
    } catch (error) {
      throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** A client that wants no more than to be served, and says how long it ever had to wait. */
async function beUntil(over: Promise<unknown>, server: TestServer): Promise<number> {
  const client = await RawClient.open(server.tcpPort, { mid: 7, room_id: "live://good" });
  let isOver = false;
  over.finally(() => isOver = true).catch(() => {});
  let longestMs = 0;
  for (let sequence = 1; !isOver; sequence++) {
    const startMs = performance.now();
    client.send(2, sequence);
    assert.equal((await client.next()).seq, sequence);
    await server.push("room?operation=1000&type=live&room=good", String(sequence));
    assert.equal((await client.next()).body.toString(), String(sequence));
    longestMs = Math.max(longestMs, performance.now() - startMs);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  client.close();
  return longestMs;
}

test(
  "hostile clients harm nobody else and leave nothing behind",
  { timeout: 120_000 },
  () =>
    withServerProcess(["--handshake-deadline", `${HANDSHAKE_MS}ms`], async (server) => {
      let firstBytes: number | undefined;
      for (let round = 0; round < 2; round++) {
        const over = attackWithAll(server);
        const longestMs = await beUntil(over, server);
        await over;
        assert.ok(longestMs < WAIT_MS_MAX, `a good client waited ${longestMs} ms`);
        await server.until(
          "the end of all connections",
          (metrics) => metrics.comet_connections === 0 && metrics.comet_rooms === 0,
        );
        const metrics = await server.metrics();
        assert.equal(metrics.comet_closed_total, metrics.comet_accepted_total);
        assert.ok(metrics.comet_pool_bytes < POOL_BYTES_MAX, `${metrics.comet_pool_bytes} bytes`);
        firstBytes ??= metrics.process_memory_bytes;
      }
      // What is garbage goes when the runtime finds the time.
      await server.until(
        `the memory to be about the ${firstBytes} bytes of the first round`,
        ({ process_memory_bytes }) => process_memory_bytes - firstBytes! < GROWTH_BYTES_MAX,
      );
    }),
);
