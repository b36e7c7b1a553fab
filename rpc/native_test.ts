import assert from "node:assert/strict";
import { connect, createServer, type Server } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { type Clock, ManualClock } from "../base/clock.ts";
import { systemClock } from "../platform/system_clock.ts";
import { seededPrng } from "../base/prng.ts";
import type { Address } from "../platform/port.ts";
import { selectPlatform } from "../platform/select.ts";
import { echo } from "../tests/support/memory_rpc.ts";
import { EMPTY, encodeFrame } from "../protocol/frame.ts";
import { RpcDialer } from "./dialer.ts";
import { encodeHello, RpcOperation } from "./frames.ts";
import { RpcLimits } from "./limits.ts";
import type { RpcHandler, RpcLink } from "./link.ts";
import { listenRpc, type RpcListener } from "./listener.ts";
import { RpcError } from "../protocol/rpc.ts";

const { streams, process: { runtime } } = await selectPlatform();

/** Longest wait for what is about to happen, in milliseconds. */
const SOON_MS = 15_000;

/** A promise that is settled from outside, and that fails when it is not in time. */
function soon<T>(what: string): { promise: Promise<T>; resolve: (value: T) => void } {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const timer = setTimeout(() => reject(new Error(`${what} did not happen in time`)), SOON_MS);
  return { promise: promise.finally(() => clearTimeout(timer)), resolve };
}

function listen(
  handler: RpcHandler,
  secret = "",
  clock: Clock = systemClock,
): Promise<RpcListener> {
  const address = { hostname: "127.0.0.1", port: 0 };
  return listenRpc({ streams, address, secret, clock, self: { role: "comet", id: "c" }, handler });
}

/** Dials and waits for the link. */
async function dial(address: Address, handler: RpcHandler, secret = "") {
  const { promise, resolve } = soon<RpcLink>("a link");
  const dialer = new RpcDialer({
    streams,
    address,
    secret,
    clock: systemClock,
    prng: seededPrng(2),
    self: { role: "job", id: "j" },
    handler: { opened: resolve, call: (link, method, body) => handler.call(link, method, body) },
  });
  dialer.start();
  return { dialer, link: await promise };
}

/** Bytes of which each differs from its neighbours, so that a shifted stream shows. */
function pattern(bytes: number, seed: number): Uint8Array {
  const body = new Uint8Array(bytes);
  for (let index = 0; index < bytes; index++) body[index] = (index * 31 + seed) ^ (index >>> 8);
  return body;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

test(`RpcLink keeps 64 calls of every size under way in both directions (${runtime})`, async () => {
  const listener = await listen(echo);
  const { dialer, link } = await dial(listener.address, echo);
  const [accepted] = listener.links();
  const prng = seededPrng(64);
  let wrong = 0;
  let left = 4_000;
  const caller = async (end: RpcLink) => {
    while (left-- > 0) {
      const size = prng.nextUint32() % 50 === 0 ? 100_000 : prng.nextUint32() % 2_000;
      const body = pattern(size, left);
      if (!isSame(await end.call(1, body), body)) wrong++;
    }
  };
  const callers = Array.from({ length: 64 }, () => [caller(link), caller(accepted)]);
  await Promise.all(callers.flat());
  assert.equal(wrong, 0);
  assert.equal(link.callsUnderWay + accepted.callsUnderWay, 0);
  await dialer.stop();
  await listener.close();
});

test(`RpcLink carries bodies up to the largest in both directions at once (${runtime})`, async () => {
  const listener = await listen(echo);
  const { dialer, link } = await dial(listener.address, echo);
  const [accepted] = listener.links();
  for (const size of [256 * 1024, 1_000_000, 8 * 1024 * 1024]) {
    const bodies = [1, 2, 3, 4].map((seed) => pattern(size, seed));
    const ends = [link, accepted, link, accepted];
    const answers = await Promise.all(ends.map((end, index) => end.call(1, bodies[index])));
    for (const [index, answer] of answers.entries()) assert.ok(isSame(answer, bodies[index]));
  }
  const largest = new Uint8Array(RpcLimits.bodyBytesMax).fill(1);
  const answers = await Promise.all([link.call(1, largest), accepted.call(1, largest)]);
  for (const answer of answers) assert.equal(answer.length, RpcLimits.bodyBytesMax);
  await dialer.stop();
  await listener.close();
});

test(`RpcDialer and RpcListener need the same secret (${runtime})`, async () => {
  const listener = await listen(echo, "right");
  const { dialer, link } = await dial(listener.address, echo, "right");
  assert.equal(link.peer.id, "c");
  const { promise, resolve } = soon<string>("the refusal");
  const socket = connect(listener.address.port, "127.0.0.1");
  socket.write(
    encodeFrame(RpcOperation.hello, 1, encodeHello({ role: "job", id: "x" }, "wrong")),
  );
  socket.write(encodeFrame(1, 2, EMPTY));
  let text = "";
  socket.on("data", (chunk) => text += chunk.toString("latin1"));
  socket.on("close", () => resolve(text));
  assert.match(await promise, /the cluster secret does not match/);
  assert.equal([...listener.links()].length, 1);
  await dialer.stop();
  await listener.close();
});

test(`RpcLink closes a link whose peer asks much and never reads (${runtime})`, async () => {
  const clock = new ManualClock();
  const gone = soon<void>("the end of the link");
  const full = soon<void>("a full socket");
  let asked = 0;
  const listener = await listen(
    {
      call: () => {
        if (++asked === 50) full.resolve();
        return new Uint8Array(1_000_000);
      },
      closed: () => gone.resolve(),
    },
    "",
    clock,
  );
  const socket = connect(listener.address.port, "127.0.0.1");
  socket.on("error", () => {});
  const ended = new Promise((resolve) => socket.once("close", resolve));
  socket.pause();
  socket.write(encodeFrame(RpcOperation.hello, 1, encodeHello({ role: "job", id: "x" }, "")));
  for (let sequence = 2; sequence < 52; sequence++) {
    socket.write(encodeFrame(1, sequence, EMPTY));
  }
  await full.promise;
  const [link] = listener.links();
  // The kernel takes some of it while time stands still, and then no more.
  for (let tick = 0; tick < 100 && link.open; tick++) {
    clock.advance(RpcLimits.tickMs);
    await new Promise((resolve) => systemClock.setTimeout(() => resolve(0), 2));
  }
  await gone.promise;
  assert.equal(link.open, false);
  socket.destroy();
  await ended;
  await listener.close();
});

/** A proxy that cuts a connection after so many bytes of the dialling side. */
function cuttingProxy(port: number, cutAfterBytes: number): Server {
  return createServer((near) => {
    const far = connect(port, "127.0.0.1");
    let passed = 0;
    near.on("data", (chunk: Uint8Array) => {
      passed += chunk.length;
      far.write(chunk.subarray(0, chunk.length - Math.max(0, passed - cutAfterBytes)));
      if (passed < cutAfterBytes) return;
      near.destroy();
      far.end();
    });
    far.on("data", (chunk) => near.write(chunk));
    for (const socket of [near, far]) {
      socket.on("error", () => {});
      socket.on("close", () => (near.destroy(), far.destroy()));
    }
  });
}

test(`RpcLink fails its calls at once when it is cut in mid-frame (${runtime})`, async () => {
  let served = 0;
  const gone = soon<void>("the end of the accepted link");
  const listener = await listen({
    call: (_, __, body) => (served++, body.slice()),
    closed: () => gone.resolve(),
  });
  const server = cuttingProxy(listener.address.port, 500_000);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const { dialer, link } = await dial({ hostname: "127.0.0.1", port }, echo);
  const calls = Array.from({ length: 10 }, () => link.call(1, new Uint8Array(100_000)));
  const results = await Promise.allSettled(calls);
  const lost = results.filter((result) =>
    result.status === "rejected" && result.reason instanceof RpcError &&
    result.reason.code === "lost" && result.reason.temporary
  );
  await gone.promise;
  assert.ok(served <= 4, `${served} were served`);
  assert.ok(lost.length >= 6, `${lost.length} were lost`);
  assert.equal(results.filter(({ status }) => status === "rejected").length, lost.length);
  assert.equal(link.open, false);
  await dialer.stop();
  const closed = new Promise((resolve) => server.close(resolve));
  await listener.close();
  await closed;
});
