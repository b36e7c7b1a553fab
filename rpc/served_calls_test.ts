import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { MemoryRpc } from "../tests/support/memory_rpc.ts";
import { EMPTY, encodeFrame } from "../protocol/frame.ts";
import { utf8 } from "../tests/support/protocol.ts";
import type { RpcHandler } from "./link.ts";
import { RpcOperation } from "./frames.ts";

test("RpcLink answers a ping that came behind 10,000 calls before it has served them", async () => {
  const rpc = new MemoryRpc();
  let served = 0;
  const seen: number[] = [];
  const handler: RpcHandler = {
    call: (_, method) => {
      served++;
      seen.push(method);
      return EMPTY;
    },
  };
  const listener = await rpc.listen(handler);
  const client = await rpc.completed(listener.address.port);
  const calls = 10_000;
  const frames = Array.from({ length: calls }, (_, index) => encodeFrame(1 + index, 1, EMPTY));
  frames.push(encodeFrame(RpcOperation.ping, 5, EMPTY));
  client.write(Buffer.concat(frames));
  let atPong = 0;
  await rpc.until("the pong", () => {
    const isThere = client.frames().some(({ op, seq }) => op === RpcOperation.pong && seq === 5);
    atPong = served;
    return isThere;
  });
  assert.ok(atPong < calls / 2, `${atPong} calls were served before the ping`);
  await rpc.until("the calls are served", () => served === calls);
  assert.deepEqual(seen, Array.from({ length: calls }, (_, index) => 1 + index));
  client.reset();
  await rpc.close(listener);
});

test("RpcLink carries out what a peer asked before it closed the link, however much", async () => {
  const rpc = new MemoryRpc();
  const seen: number[] = [];
  const { listener, dialer, dialled } = await rpc.pair({
    call: (_, method) => (seen.push(method), EMPTY),
  });
  const calls = Array.from({ length: 2_000 }, (_, index) => dialled.call(1 + index, EMPTY));
  dialled.close();
  await Promise.allSettled(calls);
  await rpc.until("all calls are there", () => seen.length === 2_000);
  assert.deepEqual(seen, Array.from({ length: 2_000 }, (_, index) => 1 + index));
  await rpc.close(dialer, listener);
});

test("RpcLink takes answers that wait in its socket when its process goes on", async () => {
  const rpc = new MemoryRpc();
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  let isServed = false;
  const held: RpcHandler = { call: () => (isServed = true, promise) };
  rpc.judgeByRunningTime();
  const { listener, dialer, dialled } = await rpc.pair(held);
  const call = dialled.call(1, EMPTY, 1_000);
  await rpc.until("it is served", () => isServed);
  await rpc.pass(900);
  resolve(utf8("in time"));
  rpc.clock.stall(15_000);
  assert.deepEqual(await rpc.settled(call), utf8("in time"));
  await rpc.pass(10_000);
  assert.ok(dialled.open);
  await rpc.close(dialer, listener);
});
