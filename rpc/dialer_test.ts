import assert from "node:assert/strict";
import { test } from "node:test";
import type { Conn, ConnHandler, Streams } from "../platform/port.ts";
import { withLogLines } from "../tests/support/log_lines.ts";
import { echo, MemoryRpc } from "../tests/support/memory_rpc.ts";
import { EMPTY, encodeFrame } from "../protocol/frame.ts";
import { RpcDialer } from "./dialer.ts";
import { RpcLimits } from "./limits.ts";
import { encodeHello, RpcOperation, spokenVersions } from "./frames.ts";
import { RpcError } from "../protocol/rpc.ts";

const NOBODY = { hostname: "127.0.0.1", port: 4000 };

function isLost(error: unknown): true {
  assert.ok(error instanceof RpcError, String(error));
  assert.deepEqual([error.code, error.temporary], ["lost", true]);
  return true;
}

/** Listens without a word, or with the same words for everyone. */
async function listenRaw(streams: Streams, words: Uint8Array, port = 0): Promise<{
  readonly conns: Conn[];
  readonly port: number;
  close(): Promise<void>;
}> {
  const conns: Conn[] = [];
  const handler: ConnHandler = {
    open: (conn) => (conns.push(conn), void (words.length > 0 && conn.write(words))),
    data() {},
    drain() {},
    end: (conn) => conn.end(),
    close() {},
  };
  const listener = await streams.listen({
    hostname: "127.0.0.1",
    port,
    pendingBytesMax: 1_000,
    handler,
  });
  return { conns, port: listener.address.port, close: () => listener.close() };
}

test("RpcDialer waits for a peer that is not there, and says so once, and once when it is", async () => {
  await withLogLines(["halley", "rpc"], async (lines) => {
    const rpc = new MemoryRpc();
    const opened: string[] = [];
    const dialer = rpc.dialer(NOBODY, { ...echo, opened: ({ peer }) => opened.push(peer.id) });
    dialer.start();
    dialer.start();
    await rpc.pass(10_000);
    assert.equal(dialer.link, undefined);
    const waits = "warning: waits for its peer at 127.0.0.1:4000: Cannot connect to " +
      "127.0.0.1:4000: connection refused";
    assert.deepEqual(lines, [waits]);
    assert.ok(rpc.counters.refused >= 6 && rpc.counters.refused <= 14, `${rpc.counters.refused}`);
    const listener = await rpc.listen(echo, "", NOBODY);
    await rpc.pass(2_700);
    assert.deepEqual(lines, [waits, "info: has its link to comet server at 127.0.0.1:4000"]);
    assert.deepEqual(opened, ["server"]);
    assert.deepEqual(await rpc.settled(dialer.call(1, EMPTY)), EMPTY);
    await rpc.close(dialer, listener);
  });
});

test("RpcDialer says anew why it has no link when the reason is another", async () => {
  await withLogLines(["halley", "rpc"], async (lines) => {
    const rpc = new MemoryRpc();
    const dialer = rpc.dialer(NOBODY, echo);
    dialer.start();
    await rpc.pass(5_000);
    const raw = await listenRaw(rpc.streams, Uint8Array.of(1, 2, 3, 4), NOBODY.port);
    await rpc.pass(20_000);
    assert.equal(lines.length, 2, lines.join("\n"));
    assert.match(lines[0], /connection refused$/);
    assert.match(
      lines[1],
      /^warning: waits for its peer at 127\.0\.0\.1:4000: .*Cannot read frame/,
    );
    await raw.close();
    await rpc.close(dialer);
  });
});

test("RpcDialer says nothing when its first dial finds its peer", async () => {
  await withLogLines(["halley", "rpc"], async (lines) => {
    const rpc = new MemoryRpc();
    const { listener, dialer } = await rpc.pair(echo);
    await rpc.close(dialer, listener);
    assert.deepEqual(lines, []);
  });
});

test("RpcDialer.call() fails at once while there is no link", async () => {
  const dialer = new MemoryRpc().dialer(NOBODY, echo);
  await assert.rejects(dialer.call(7, EMPTY), isLost);
  await assert.rejects(
    dialer.call(7, EMPTY),
    /^RpcError: Cannot call method 7: there is no link to 127\.0\.0\.1:4000$/,
  );
  await dialer.stop();
});

test("RpcDialer dials again when its link is lost, soon, and its handler learns of both", async () => {
  const rpc = new MemoryRpc();
  const events: string[] = [];
  const handler = {
    ...echo,
    opened: () => void events.push("opened"),
    closed: () => void events.push("closed"),
  };
  const { listener, dialer, accepted, dialled } = await rpc.pair(echo, handler);
  await rpc.pass(RpcLimits.steadyMs);
  accepted.close();
  await rpc.until("it is lost", () => dialer.link === undefined);
  assert.equal(dialled.open, false);
  await rpc.pass(100);
  assert.ok(dialer.link?.open);
  assert.notEqual(dialer.link, dialled);
  assert.deepEqual(events, ["opened", "closed", "opened"]);
  await rpc.close(dialer, listener);
  assert.deepEqual(events, ["opened", "closed", "opened", "closed"]);
});

test("RpcDialer waits longer and longer for a peer that drops its links at once", async () => {
  const rpc = new MemoryRpc();
  const listener = await rpc.listen({ ...echo, opened: (link) => link.close() });
  const dialer = rpc.dialer(listener.address, echo);
  dialer.start();
  await rpc.pass(10_000);
  assert.ok(rpc.counters.links >= 10 && rpc.counters.links <= 30, `${rpc.counters.links}`);
  await rpc.close(dialer, listener);
});

test("RpcDialer says plainly that its secret is refused, once, and tries again slowly", async () => {
  await withLogLines(["halley", "rpc"], async (lines) => {
    const rpc = new MemoryRpc();
    const listener = await rpc.listen(echo, "right");
    const dialer = rpc.dialer(listener.address, echo, "wrong");
    dialer.start();
    await rpc.pass(60_000);
    const errors = lines.filter((line) => line.startsWith("error"));
    const { port } = listener.address;
    assert.deepEqual(errors, [
      `error: is refused by its peer at 127.0.0.1:${port}: the cluster secret does not match; ` +
      "tries again",
    ]);
    const refusals = rpc.counters.refused / 2;
    assert.ok(refusals >= 3 && refusals <= 7, `both ends count ${refusals}`);
    await rpc.close(dialer, listener);
  });
});

test("RpcDialer says plainly that it has no version in common with its peer, and names both ranges", async () => {
  await withLogLines(["halley", "rpc"], async (lines) => {
    const rpc = new MemoryRpc();
    const peer = encodeHello({ role: "comet", id: "comet-1~x" }, "", { lowest: 8, highest: 9 });
    const raw = await listenRaw(rpc.streams, encodeFrame(RpcOperation.ok, 0, peer));
    const { port } = raw;
    const dialer = rpc.dialer({ hostname: "127.0.0.1", port }, echo);
    dialer.start();
    await rpc.pass(60_000);
    const { lowest, highest } = spokenVersions;
    assert.deepEqual(lines, [
      `error: is refused by its peer at 127.0.0.1:${port}: no version in common: ` +
      `job speaks ${lowest} to ${highest}, comet speaks 8 to 9; tries again`,
    ]);
    assert.ok(raw.conns.length <= 14, `dialled ${raw.conns.length} times`);
    await raw.close();
    await rpc.close(dialer);
  });
});

test("RpcDialer refuses a secret that no hello can carry", () => {
  assert.throws(
    () => new MemoryRpc().dialer(NOBODY, echo, "x".repeat(1_020)),
    /^Error: Cannot say hello as "job": secret and id must fit 1024 bytes, current length is 1\d+$/,
  );
});

const strangers: Readonly<Record<string, Uint8Array>> = {
  "says nothing": EMPTY,
  "answers something else": encodeFrame(RpcOperation.ping, 0, EMPTY),
  "speaks HTTP": new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"),
  "answers too much": encodeFrame(RpcOperation.ok, 0, new Uint8Array(2_000)),
};

for (const [what, words] of Object.entries(strangers)) {
  test(`RpcDialer gives up a peer that ${what}, and dials again`, async () => {
    const rpc = new MemoryRpc();
    const raw = await listenRaw(rpc.streams, words);
    const dialer = rpc.dialer({ hostname: "127.0.0.1", port: raw.port }, echo);
    dialer.start();
    await rpc.pass(20_000);
    assert.ok(raw.conns.length >= 2, `dialled ${raw.conns.length} times`);
    await raw.close();
    const { port } = raw;
    const listener = await rpc.listen(echo, "", { hostname: "127.0.0.1", port });
    await rpc.pass(40_000);
    assert.ok(dialer.link?.open);
    await rpc.close(dialer, listener);
  });
}

test("RpcDialer gives up a dial that hangs, and closes it when it succeeds too late", async () => {
  const rpc = new MemoryRpc();
  const dials: (() => void)[] = [];
  const streams: Streams = {
    listen: (options) => rpc.streams.listen(options),
    async dial(options) {
      await new Promise<void>((resolve) => dials.push(resolve));
      return rpc.streams.dial(options);
    },
  };
  const listener = await rpc.listen(echo);
  const { clock } = rpc;
  const dialer = new RpcDialer({
    streams,
    address: listener.address,
    secret: "",
    clock,
    prng: { nextUint32: () => 0 },
    self: { role: "job", id: "x" },
    handler: echo,
  });
  dialer.start();
  await rpc.pass(RpcLimits.helloMs + 200);
  assert.equal(dials.length, 2);
  dials[0]();
  await rpc.pass(50);
  assert.equal(dialer.link, undefined);
  dials[1]();
  await rpc.until("there is a link", () => dialer.link !== undefined);
  assert.equal([...listener.links()].length, 1);
  await rpc.close(dialer, listener);
});

test("RpcDialer.stop() ends a wait, a dial and a link alike, and may be called again", async () => {
  const rpc = new MemoryRpc();
  const waiting = rpc.dialer(NOBODY, echo);
  waiting.start();
  await rpc.pass(100);
  const { refused } = rpc.counters;
  assert.ok(refused > 0);
  await rpc.close(waiting, waiting);
  await rpc.pass(5_000);
  assert.equal(rpc.counters.refused, refused);
  const { listener, dialer } = await rpc.pair(echo);
  dialer.link!.close();
  await rpc.close(dialer, dialer);
  const raw = await listenRaw(rpc.streams, EMPTY);
  const handshake = rpc.dialer({ hostname: "127.0.0.1", port: raw.port }, echo);
  handshake.start();
  await rpc.turn();
  await rpc.close(handshake);
  assert.equal(handshake.link, undefined);
  await rpc.close(listener);
});
