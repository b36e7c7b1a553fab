import assert from "node:assert/strict";
import { test } from "node:test";
import { withLogLines } from "../tests/support/log_lines.ts";
import { MemoryClient } from "../tests/support/memory_client.ts";
import { echo, MemoryRpc } from "../tests/support/memory_rpc.ts";
import { EMPTY, encodeFrame } from "../protocol/frame.ts";
import { utf8 } from "../tests/support/protocol.ts";
import { encodeHello, RpcOperation } from "./frames.ts";
import { RpcLimits } from "./limits.ts";
import type { RpcHandler, RpcLink } from "./link.ts";
import { RpcError } from "../protocol/rpc.ts";

/** Answers nothing until it is told to. */
class Held implements RpcHandler {
  readonly calls: PromiseWithResolvers<Uint8Array>[] = [];
  call(): Promise<Uint8Array> {
    const call = Promise.withResolvers<Uint8Array>();
    this.calls.push(call);
    return call.promise;
  }
}

/** Checks that a call failed as RpcError, and how. */
function rejects(promise: Promise<unknown>, code: string, temporary: boolean): Promise<void> {
  return assert.rejects(promise, (error) => {
    assert.ok(error instanceof RpcError, String(error));
    assert.deepEqual([error.code, error.temporary], [code, temporary]);
    return true;
  });
}

const filled = (bytes: number, value: number) => new Uint8Array(bytes).fill(value);

test("RpcLink.call() works in both directions at once, and answers keep to their calls", async () => {
  const rpc = new MemoryRpc();
  const { listener, dialer, dialled, accepted } = await rpc.pair(echo);
  assert.deepEqual(dialled.peer, { role: "comet", id: "server" });
  assert.deepEqual(accepted.peer, { role: "job", id: "client" });
  const answers = [dialled, accepted].flatMap((link) =>
    Array.from({ length: 100 }, (_, index) => link.call(1 + index, utf8(`${index}`)))
  );
  const texts = (await rpc.settled(Promise.all(answers))).map((body) => body.toHex());
  const sent = Array.from({ length: 100 }, (_, index) => utf8(`${index}`).toHex());
  assert.deepEqual(texts, [...sent, ...sent]);
  await rpc.close(dialer, listener);
});

test("RpcLink.call() hands out of order answers to the right callers", async () => {
  const rpc = new MemoryRpc();
  const held = new Held();
  const { listener, dialer, dialled } = await rpc.pair(held);
  const first = dialled.call(1, EMPTY);
  const second = dialled.call(1, EMPTY);
  await rpc.until("both are there", () => held.calls.length === 2);
  held.calls[1].resolve(utf8("second"));
  assert.deepEqual(await rpc.settled(second), utf8("second"));
  held.calls[0].resolve(utf8("first"));
  assert.deepEqual(await rpc.settled(first), utf8("first"));
  await rpc.close(dialer, listener);
});

test("RpcLink.call() carries 5 MB both ways at once, and small calls beside them", async () => {
  const rpc = new MemoryRpc();
  const { listener, dialer, dialled, accepted } = await rpc.pair(echo);
  const big = filled(5_000_000, 3);
  const answers = [dialled.call(1, big), accepted.call(1, big), dialled.call(2, filled(9, 9))];
  const [one, other, small] = await rpc.settled(Promise.all(answers));
  assert.deepEqual([one, other], [big, big]);
  assert.deepEqual(small, filled(9, 9));
  await rpc.close(dialer, listener);
});

test("RpcLink.call() throws what the handler threw, whatever its code", async () => {
  const thrown = [
    new RpcError("bad-request", false, "the token is missing"),
    new RpcError("one-of-the-method", false, "token has expired", Uint8Array.of(1, 2)),
    new RpcError("another", true, "comet-1~b took its place"),
    new RpcError("unavailable", true, "the store is away"),
  ];
  const rpc = new MemoryRpc();
  const { listener, dialer, dialled } = await rpc.pair({
    call: (_, method) => {
      if (method <= thrown.length) throw thrown[method - 1];
      return Promise.reject(method === 5 ? new TypeError("x is undefined") : Object.create(null));
    },
  });
  for (const [index, expected] of thrown.entries()) {
    const error = await rpc.settled(dialled.call(index + 1, EMPTY).catch((error) => error));
    assert.equal(Object.getPrototypeOf(error), Object.getPrototypeOf(expected));
    assert.deepEqual({ ...error, message: error.message }, {
      ...expected,
      message: expected.message,
    });
  }
  await rejects(rpc.settled(dialled.call(5, EMPTY)), "internal", false);
  await rejects(rpc.settled(dialled.call(6, EMPTY)), "internal", false);
  await rpc.close(dialer, listener);
});

test("RpcLink.call() gives up at its deadline, and a late answer changes nothing", async () => {
  const rpc = new MemoryRpc();
  const held = new Held();
  const { listener, dialer, dialled } = await rpc.pair(held);
  const startMs = rpc.clock.monotonicMs();
  let endMs = 0;
  const call = dialled.call(1, EMPTY, 1_000).finally(() => endMs = rpc.clock.monotonicMs());
  const failed = rejects(call, "timeout", true);
  await rpc.pass(2_000);
  await failed;
  assert.ok(endMs - startMs >= 1_000 && endMs - startMs <= 1_000 + RpcLimits.tickMs + 50);
  assert.equal(rpc.counters.timeouts, 1);
  assert.equal(dialled.callsUnderWay, 0);
  held.calls[0].resolve(EMPTY);
  await rpc.until("the answer is there", () => rpc.counters.lateAnswers === 1);
  assert.ok(dialled.open);
  await rpc.close(dialer, listener);
});

test("RpcLink.call() refuses what is too large or too much, and sends nothing of it", async () => {
  const rpc = new MemoryRpc();
  const held = new Held();
  const { listener, dialer, dialled } = await rpc.pair(held);
  await rejects(dialled.call(1, new Uint8Array(RpcLimits.bodyBytesMax + 1)), "bad-request", false);
  const calls: Promise<unknown>[] = [];
  for (let count = 0; count < RpcLimits.callsMax; count++) calls.push(dialled.call(1, EMPTY));
  await rejects(dialled.call(1, EMPTY), "overloaded", true);
  assert.equal(rpc.counters.callsOverloaded, 1);
  await rpc.until("all are served", () => held.calls.length === RpcLimits.callsMax);
  for (const call of held.calls) call.resolve(EMPTY);
  await rpc.settled(Promise.all(calls));
  const again = dialled.call(1, EMPTY);
  await rpc.until("it is served", () => held.calls.length > RpcLimits.callsMax);
  held.calls.at(-1)!.resolve(EMPTY);
  await rpc.settled(again);
  await rpc.close(dialer, listener);
});

test("RpcLink.close() fails its calls at once, and no answer is sent after it", async () => {
  const rpc = new MemoryRpc();
  const held = new Held();
  const closed: RpcLink[] = [];
  const watched: RpcHandler = { call: () => held.call(), closed: (link) => closed.push(link) };
  const { listener, dialer, dialled, accepted } = await rpc.pair(watched);
  const failed = rejects(dialled.call(1, EMPTY), "lost", true);
  await rpc.until("it is served", () => held.calls.length === 1);
  accepted.close();
  assert.deepEqual(closed, [accepted]);
  assert.equal(accepted.open, false);
  accepted.close();
  held.calls[0].resolve(EMPTY);
  await rejects(accepted.call(1, EMPTY), "lost", true);
  await rpc.settled(failed);
  assert.equal(dialled.open, false);
  assert.equal(rpc.counters.lateAnswers, 0);
  assert.deepEqual(closed, [accepted]);
  await rpc.close(dialer, listener);
});

test("RpcLink.close() still sends what was handed over before", async () => {
  const rpc = new MemoryRpc();
  const seen: number[] = [];
  const { listener, dialer, dialled } = await rpc.pair({
    call: (_, method) => (seen.push(method), EMPTY),
  });
  const calls = [1, 2, 3].map((method) => dialled.call(method, filled(100_000, method)));
  dialled.close();
  await Promise.all(calls.map((call) => rejects(call, "lost", true)));
  await rpc.until("all calls are there", () => seen.length === 3);
  await rpc.close(dialer, listener);
});

test("RpcLink keeps a quiet link by pings, however long", async () => {
  const rpc = new MemoryRpc();
  const { listener, dialer, dialled, accepted } = await rpc.pair(echo);
  await rpc.pass(60_000);
  assert.ok(dialled.open && accepted.open);
  assert.equal(dialer.link, dialled);
  await rpc.close(dialer, listener);
});

test("RpcLink closes a link whose peer is silent, between 3 and 3.5 s", async () => {
  const rpc = new MemoryRpc();
  const listener = await rpc.listen(echo);
  const client = await rpc.completed(listener.address.port);
  await rpc.pass(2_900);
  assert.deepEqual(client.frames().map(({ op }) => op), [RpcOperation.ping, RpcOperation.ping]);
  assert.equal(client.closed, false);
  await rpc.pass(600);
  assert.ok(client.closed);
  assert.deepEqual([...listener.links()], []);
  await rpc.close(listener);
});

test("RpcLink closes a link whose peer asks but never reads", async () => {
  const rpc = new MemoryRpc();
  const listener = await rpc.listen({ call: () => filled(100_000, 1) });
  const client = await rpc.completed(listener.address.port);
  client.pause();
  for (let ms = 0; ms < 3_600 && !client.closed; ms += 100) {
    for (let count = 0; count < 5; count++) client.send(1, 1 + count);
    await rpc.pass(100);
  }
  assert.ok(client.closed);
  await rpc.close(listener);
});

test("RpcLink refuses the calls of a peer that lets too many answers wait", async () => {
  const rpc = new MemoryRpc();
  const listener = await rpc.listen({ call: () => filled(8 * 1024 * 1024, 1) });
  const client = await rpc.completed(listener.address.port);
  client.pause();
  for (let count = 0; count < 40; count++) client.send(1, 1 + count);
  await rpc.until("some are refused", () => rpc.counters.servedOverloaded > 0);
  await rpc.turn();
  assert.ok(rpc.counters.served <= RpcLimits.unsentBytesMax / (8 * 1024 * 1024) + 2);
  client.reset();
  await rpc.close(listener);
});

test("RpcLink refuses a flood of calls beyond what it serves at once, and goes on", async () => {
  const rpc = new MemoryRpc();
  const held = new Held();
  const listener = await rpc.listen(held);
  const client = await rpc.completed(listener.address.port);
  const flood = RpcLimits.servedMax + 1_000;
  for (let count = 1; count <= flood; count++) client.send(1, count);
  let refused: number[] = [];
  await rpc.until("the rest is refused", () => {
    const frames = client.frames();
    refused = refused.concat(frames.map(({ op, seq }) => (assert.equal(op, -1), seq)));
    return refused.length === 1_000;
  });
  const [link] = listener.links();
  assert.equal(link.callsServed, RpcLimits.servedMax);
  assert.equal(rpc.counters.servedOverloaded, 1_000);
  assert.deepEqual(refused, Array.from({ length: 1_000 }, (_, i) => RpcLimits.servedMax + 1 + i));
  await rpc.until("the others are served", () => held.calls.length === RpcLimits.servedMax);
  for (const call of held.calls) call.resolve(EMPTY);
  let answered = 0;
  await rpc.until("the others are answered", () => {
    answered += client.frames().length;
    return answered === RpcLimits.servedMax;
  });
  assert.equal(link.callsServed, 0);
  client.reset();
  await rpc.close(listener);
});

test("RpcLink loses its calls when the connection is cut in mid-frame", async () => {
  const rpc = new MemoryRpc();
  const lost: string[] = [];
  const listener = await rpc.listen({ ...echo, closed: (link) => lost.push(link.peer.id) });
  const client = await rpc.completed(listener.address.port);
  const [link] = listener.links();
  const failed = rejects(link.call(5, utf8("?")), "lost", true);
  client.write(encodeFrame(RpcOperation.ok, 1, filled(1_000, 1)).subarray(0, 500));
  await rpc.turn();
  client.reset();
  await rpc.settled(failed);
  assert.deepEqual(lost, ["by hand"]);
  await rpc.close(listener);
});

test("RpcLink takes a long frame that comes in slowly for a sign of life", async () => {
  const rpc = new MemoryRpc();
  const listener = await rpc.listen(echo);
  const client = await rpc.completed(listener.address.port);
  const [link] = listener.links();
  const answer = link.call(5, EMPTY, 60_000);
  const frame = encodeFrame(RpcOperation.ok, 1, filled(1_000, 1));
  for (let offset = 0; offset < frame.length; offset += 100) {
    client.write(frame.subarray(offset, offset + 100));
    await rpc.pass(1_000);
  }
  assert.deepEqual(await rpc.settled(answer), filled(1_000, 1));
  client.reset();
  await rpc.close(listener);
});

const garbage: Readonly<Record<string, Uint8Array>> = {
  "an operation that is none": encodeFrame(-99, 1, EMPTY),
  "a second hello": encodeFrame(RpcOperation.hello, 1, EMPTY),
  "a frame shorter than its header": Uint8Array.of(0, 0, 0, 3),
  "a frame longer than any": Uint8Array.of(0x7f, 0xff, 0xff, 0xff),
  "another length of header": Uint8Array.of(0, 0, 0, 32, 0, 17),
  "a line of HTTP": utf8("GET / HTTP/1.1\r\n\r\n"),
};

for (const [what, bytes] of Object.entries(garbage)) {
  test(`RpcLink closes a link on which comes ${what}, and serves the others`, async () => {
    await withLogLines(["halley", "rpc"], async (lines) => {
      const rpc = new MemoryRpc();
      const { listener, dialer, dialled } = await rpc.pair(echo);
      const client = await rpc.completed(listener.address.port);
      client.write(bytes);
      await rpc.until("its link is closed", () => client.closed);
      assert.equal(lines.length, 1);
      assert.match(lines[0], /^warning: closes its link to job by hand: Cannot read frame: /);
      assert.deepEqual(await rpc.settled(dialled.call(1, utf8("still"))), utf8("still"));
      await rpc.close(dialer, listener);
    });
  });
}

test("RpcLink ignores answers to no call, and cannot be misled by a failure it cannot read", async () => {
  const rpc = new MemoryRpc();
  const listener = await rpc.listen(echo);
  const client = await rpc.completed(listener.address.port);
  const [link] = listener.links();
  client.send(RpcOperation.ok, 77, "x");
  client.send(RpcOperation.failure, 78, "x");
  await rpc.until("both were counted", () => rpc.counters.lateAnswers === 2);
  const failed = rejects(link.call(5, EMPTY), "internal", false);
  client.send(RpcOperation.failure, 1, "\u0009nonsense");
  await rpc.settled(failed);
  assert.ok(link.open);
  client.reset();
  await rpc.close(listener);
});

test("RpcLink survives handlers of links that throw", async () => {
  const rpc = new MemoryRpc();
  const fail = () => {
    throw new Error("a bug");
  };
  const listener = await rpc.listen({ ...echo, opened: fail, closed: fail });
  const client = await MemoryClient.connect(rpc.streams, listener.address.port);
  client.send(RpcOperation.hello, 1, encodeHello({ role: "job", id: "x" }, ""));
  await rpc.until("it is closed", () => client.closed);
  const other = await MemoryClient.connect(rpc.streams, listener.address.port);
  await rpc.turn();
  assert.equal(other.closed, false);
  other.reset();
  await rpc.close(listener);
});
