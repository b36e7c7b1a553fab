import assert from "node:assert/strict";
import { test } from "node:test";
import { withLogLines } from "../tests/support/log_lines.ts";
import { MemoryClient } from "../tests/support/memory_client.ts";
import { echo, MemoryRpc } from "../tests/support/memory_rpc.ts";
import { encodeFrame } from "../protocol/frame.ts";
import { decodeFailure, decodeHello, encodeHello, RpcOperation, spokenVersions } from "./frames.ts";
import { RpcLimits } from "./limits.ts";
import { RpcError } from "../protocol/rpc.ts";

const self = { role: "job", id: "job-1~x" };

/** The one frame with which a client was refused. */
function refusal(client: MemoryClient): RpcError {
  const [{ op, body }, ...others] = client.frames();
  assert.equal(op, RpcOperation.failure);
  assert.equal(others.length, 0);
  const error = decodeFailure(body);
  assert.ok(error instanceof RpcError);
  return error;
}

test("listenRpc() refuses an address that others reach when there is no secret", async () => {
  for (const hostname of ["0.0.0.0", "::", "192.0.2.1", "comet.example", "127.0.0.1.example"]) {
    const listening = new MemoryRpc().listen(echo, "", { hostname, port: 0 });
    await assert.rejects(listening, (error: Error) => {
      assert.match(error.message, /^Cannot listen on .*:0 for RPC: without a cluster secret/);
      assert.ok(error.message.endsWith(`current value is "${hostname}"`));
      return true;
    });
  }
});

test("listenRpc() listens on loopback and unix sockets without a secret, anywhere with one", async () => {
  for (const hostname of ["127.0.0.1", "127.8.9.1", "::1", "localhost", "unix:/run/halley"]) {
    await (await new MemoryRpc().listen(echo, "", { hostname, port: 0 })).close();
  }
  await (await new MemoryRpc().listen(echo, "s", { hostname: "0.0.0.0", port: 0 })).close();
});

test("RpcListener welcomes a peer that knows the secret and serves what follows in one chunk", async () => {
  const rpc = new MemoryRpc();
  const listener = await rpc.listen(echo, "secret");
  const client = await MemoryClient.connect(rpc.streams, listener.address.port);
  const hello = encodeFrame(RpcOperation.hello, 5, encodeHello(self, "secret"));
  const call = encodeFrame(9, 6, new TextEncoder().encode("echo"));
  for (const byte of hello.subarray(0, -1)) client.write(Uint8Array.of(byte));
  client.write(Uint8Array.of(hello.at(-1)!, ...call));
  await rpc.pass(50);
  const [welcome, answer] = client.frames();
  assert.deepEqual([welcome.op, welcome.seq], [RpcOperation.ok, 5]);
  const peer = { role: "comet", id: "server" };
  const { highest: version } = spokenVersions;
  assert.deepEqual(decodeHello(welcome.body, self, ""), { peer, version });
  assert.deepEqual([answer.op, answer.seq, `${answer.body}`], [RpcOperation.ok, 6, "echo"]);
  assert.deepEqual([...listener.links()].map(({ peer }) => peer), [self]);
  client.reset();
  await rpc.close(listener);
});

test("RpcListener refuses a wrong secret, says so and closes", async () => {
  await withLogLines(["halley", "rpc"], async (lines) => {
    const rpc = new MemoryRpc();
    const listener = await rpc.listen(echo, "secret");
    const secrets = ["Secret", "", "secret ", "x".repeat(900)];
    for (const shown of secrets) {
      const client = await MemoryClient.connect(rpc.streams, listener.address.port);
      client.send(RpcOperation.hello, 1, encodeHello(self, shown));
      client.send(9, 2, "must not be served");
      await rpc.until("it is closed", () => client.closed);
      const { code, temporary, message } = refusal(client);
      assert.deepEqual([code, temporary], ["unauthorized", false]);
      assert.equal(message, "the cluster secret does not match");
    }
    assert.equal(rpc.counters.refused, 4);
    assert.equal(rpc.counters.served, 0);
    const line = "warning: refuses a link from 127.0.0.1: the cluster secret does not match";
    assert.deepEqual(lines, secrets.map(() => line));
    await rpc.close(listener);
  });
});

test("RpcListener refuses a peer without a version in common; answer and log name both ranges", async () => {
  await withLogLines(["halley", "rpc"], async (lines) => {
    const rpc = new MemoryRpc();
    const listener = await rpc.listen(echo);
    const client = await MemoryClient.connect(rpc.streams, listener.address.port);
    client.send(RpcOperation.hello, 1, encodeHello(self, "", { lowest: 8, highest: 9 }));
    await rpc.until("it is closed", () => client.closed);
    const { code, temporary, message } = refusal(client);
    assert.deepEqual([code, temporary], ["no-common-version", false]);
    const { lowest, highest } = spokenVersions;
    const ranges = `comet speaks ${lowest} to ${highest}, job speaks 8 to 9`;
    assert.equal(message, `no version in common: ${ranges}`);
    assert.deepEqual(lines, [`warning: refuses a link from 127.0.0.1: ${message}`]);
    await rpc.close(listener);
  });
});

test("RpcListener and RpcDialer give their link the highest version in common", async () => {
  const rpc = new MemoryRpc();
  const { listener, dialer, dialled, accepted } = await rpc.pair(echo);
  const { highest } = spokenVersions;
  assert.deepEqual([dialled.version, accepted.version], [highest, highest]);
  const client = await MemoryClient.connect(rpc.streams, listener.address.port);
  const later = { lowest: highest, highest: highest + 5 };
  client.send(RpcOperation.hello, 1, encodeHello(self, "", later));
  await rpc.until("there is another link", () => [...listener.links()].length === 2);
  assert.equal([...listener.links()][1].version, highest);
  client.reset();
  await rpc.close(dialer, listener);
});

test("RpcListener refuses a hello that cannot be read, and a first frame that is no hello", async () => {
  const rpc = new MemoryRpc();
  const listener = await rpc.listen(echo);
  const hello = encodeHello(self, "");
  const firsts: readonly (readonly [number, Uint8Array, RegExp])[] = [
    [RpcOperation.hello, new Uint8Array(0), /"lowest" is missing/],
    [1, hello, /first frame must be a hello/],
    [RpcOperation.ok, hello, /first frame must be a hello/],
    [RpcOperation.hello, hello.subarray(1), /Cannot read/],
    [RpcOperation.hello, new Uint8Array(RpcLimits.helloBytesMax + 1), /packLen must be 16 to 1040/],
  ];
  for (const [op, body, message] of firsts) {
    const client = await MemoryClient.connect(rpc.streams, listener.address.port);
    client.send(op, 1, body);
    await rpc.until("it is closed", () => client.closed);
    assert.match(refusal(client).message, message);
  }
  assert.deepEqual([...listener.links()], []);
  await rpc.close(listener);
});

test("RpcListener gives a peer 3 s for its hello, however it trickles in", async () => {
  const rpc = new MemoryRpc();
  const listener = await rpc.listen(echo);
  const client = await MemoryClient.connect(rpc.streams, listener.address.port);
  const hello = encodeFrame(RpcOperation.hello, 1, encodeHello(self, ""));
  for (let ms = 0; ms < RpcLimits.helloMs - 100; ms += 100) {
    client.write(hello.subarray(ms / 100, ms / 100 + 1));
    await rpc.pass(100);
  }
  assert.equal(client.closed, false);
  await rpc.pass(150);
  assert.equal(refusal(client).code, "timeout");
  assert.ok(client.closed);
  await rpc.close(listener);
});

test("RpcListener keeps few connections that say no hello, and lets those in that do", async () => {
  const rpc = new MemoryRpc();
  const listener = await rpc.listen(echo);
  const clients: MemoryClient[] = [];
  for (let count = 0; count < RpcLimits.handshakesMax + 10; count++) {
    clients.push(await MemoryClient.connect(rpc.streams, listener.address.port));
  }
  await rpc.pass(50);
  assert.deepEqual(clients.map(({ closed }) => closed), clients.map((_, index) => index < 10));
  assert.equal(rpc.counters.refused, 10);
  const dialer = rpc.dialer(listener.address, echo);
  dialer.start();
  await rpc.until("there is a link", () => dialer.link !== undefined);
  await rpc.close(dialer, listener);
  assert.ok(clients.every(({ closed }) => closed));
});

test("RpcListener says nothing of probes that connect and go", async () => {
  await withLogLines(["halley", "rpc"], async (lines) => {
    const rpc = new MemoryRpc();
    const listener = await rpc.listen(echo);
    for (const go of ["end", "reset"] as const) {
      const client = await MemoryClient.connect(rpc.streams, listener.address.port);
      await rpc.turn();
      client[go]();
      await rpc.until("it is closed", () => client.closed);
    }
    await rpc.until("both were counted", () => rpc.counters.refused === 2);
    assert.deepEqual(lines, []);
    await rpc.close(listener);
  });
});

test("RpcListener.close() closes every link and settles when all connections are gone", async () => {
  const rpc = new MemoryRpc();
  const closed: string[] = [];
  const listener = await rpc.listen({ ...echo, closed: ({ peer }) => closed.push(peer.id) });
  const dialer = rpc.dialer(listener.address, echo);
  dialer.start();
  await rpc.until("there is a link", () => dialer.link !== undefined);
  const stubborn = await MemoryClient.connect(rpc.streams, listener.address.port);
  stubborn.goesWhenTold = false;
  stubborn.send(RpcOperation.hello, 1, encodeHello(self, ""));
  await rpc.until("there are two", () => [...listener.links()].length === 2);
  let isOver = false;
  const closing = listener.close().then(() => isOver = true);
  await rpc.pass(500);
  assert.deepEqual(closed.sort(), ["client", "job-1~x"]);
  assert.equal(isOver, false);
  await rpc.pass(RpcLimits.lingerMs);
  await closing;
  assert.ok(stubborn.closed);
  assert.deepEqual([...listener.links()], []);
  await rpc.close(dialer);
});
