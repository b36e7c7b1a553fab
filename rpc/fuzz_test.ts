import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Prng, randomBelow, seededPrng } from "../base/prng.ts";
import { messages } from "../tests/support/rpc_messages.ts";
import { CloseCodes } from "../protocol/close_codes.ts";
import { concatFrames, EMPTY } from "../protocol/frame.ts";
import type { Caller } from "../protocol/cluster/caller.ts";
import { answerComet, CometClient } from "../protocol/cluster/comet_messages.ts";
import { ConnectRefused, NODE_LEASE_MS } from "../protocol/cluster/contract.ts";
import { decodeFailure, encodeFailure } from "./failure.ts";
import { answerWatcher, WatcherClient } from "../protocol/cluster/watcher_messages.ts";
import { decodeHello, decodeWelcome, encodeHello, encodeWelcome } from "./hello.ts";
import { answerLogic, LogicClient } from "../protocol/cluster/logic_messages.ts";
import { RpcError } from "../protocol/cluster/rpc_error.ts";

const SEED = 20_268;
const INPUTS = 5_000;

/** Every call that the clients make of these messages. */
const recorded: { method: number; body: Uint8Array }[] = [];
const recorder: Caller = {
  call(method, body) {
    recorded.push({ method, body });
    return new Promise(() => {});
  },
};

function record(): void {
  const logic = new LogicClient(recorder);
  const comet = new CometClient(recorder);
  const watcher = new WatcherClient(recorder);
  const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.sample(arbitrary, { seed: SEED, numRuns: 10 });
  const ignore = (_: Promise<unknown>) => {};
  for (const request of some(messages.connectRequest)) ignore(logic.connect(request));
  for (const connection of some(messages.connection)) ignore(logic.disconnect(connection));
  for (const frame of some(messages.receivedFrame)) ignore(logic.receive(frame));
  for (const rooms of some(messages.counts)) {
    ignore(
      logic.report({ server: "s", sequence: 1, base: 0, connections: 1, addresses: 1, rooms }),
    );
  }
  for (const node of some(messages.node)) ignore(logic.register(node));
  for (const text of some(messages.text)) ignore(logic.unregister(text));
  for (const sessions of some(fc.array(messages.connection))) ignore(logic.renew(sessions));
  for (const batch of some(fc.array(messages.delivery))) ignore(comet.deliver(batch));
  for (const close of some(messages.close)) ignore(comet.close(1, close));
  for (const rooms of some(messages.texts)) ignore(watcher.add(rooms));
}

/** Changes up to three bytes, or the length. */
function mutated(body: Uint8Array, prng: Prng): Uint8Array {
  const bytes = body.slice();
  for (let count = randomBelow(prng, 4); count > 0 && bytes.length > 0; count--) {
    bytes[randomBelow(prng, bytes.length)] = randomBelow(prng, 256);
  }
  if (randomBelow(prng, 4) === 0) return bytes.subarray(0, randomBelow(prng, bytes.length + 1));
  if (randomBelow(prng, 8) === 0) return concatFrames([bytes, Uint8Array.of(1, 2, 3)]);
  return bytes;
}

/** Whether a body was taken; what is not is refused by an RpcError "bad-request". */
async function isTaken(decode: () => unknown): Promise<boolean> {
  try {
    await decode();
    return true;
  } catch (error) {
    assert.ok(error instanceof RpcError, `${error}`);
    assert.ok(["bad-request", "unauthorized"].includes(error.code));
    return false;
  }
}

const takesAll = {
  connect: async () => ({ mid: 1n, key: "k", room: "", accepts: [] }),
  disconnect: async () => {},
  receive: async () => {},
  report: async () => new Map(),
  register: async () => ({ openAfterMs: 0, leaseMs: NODE_LEASE_MS }),
  unregister: async () => {},
  renew: async () => {},
  deliver: async () => [],
  close: async () => {},
  watch: async () => [],
  renewWatch: async () => {},
  add: async () => {},
  remove: async () => {},
};

test("the answers to mutated calls are right or RpcError bad-request, and nothing else (fuzz)", async () => {
  record();
  assert.ok(recorded.length === 100, `${recorded.length} calls`);
  const prng = seededPrng(SEED);
  let taken = 0;
  for (let index = 0; index < INPUTS; index++) {
    const { method, body } = recorded[randomBelow(prng, recorded.length)];
    const input = mutated(body, prng);
    const answered = () =>
      answerLogic(takesAll, method, input) ??
        answerComet(takesAll, takesAll, method, input) ??
        answerWatcher(takesAll, method, input);
    if (await isTaken(answered)) taken++;
  }
  const few = INPUTS / 20;
  assert.ok(taken > few && INPUTS - taken > few, `${taken} of ${INPUTS} taken`);
});

test("the clients refuse answers that are noise by RpcError bad-request (fuzz)", async () => {
  const prng = seededPrng(SEED + 1);
  const noise: Caller = {
    call: async () =>
      Uint8Array.from({ length: randomBelow(prng, 40) }, () => randomBelow(prng, 4) * 85),
  };
  const logic = new LogicClient(noise);
  const comet = new CometClient(noise);
  const node = fc.sample(messages.node, { seed: SEED, numRuns: 1 })[0];
  const numbers = { sequence: 1, base: 0, connections: 1, addresses: 1 };
  const report = { server: "s", ...numbers, rooms: new Map() };
  const request = { server: "s", connectionId: 1, token: EMPTY, remoteAddress: "::1" };
  let refused = 0;
  for (let index = 0; index < INPUTS / 10; index++) {
    for (
      const call of [
        () => logic.connect(request),
        () => logic.report(report),
        () => logic.register(node),
        () => comet.deliver([]),
        () => comet.watch(),
      ]
    ) if (!await isTaken(call)) refused++;
  }
  assert.ok(refused > INPUTS / 10, `${refused} refused`);
});

test("hello, its answer and failures are decoded or refused, whatever comes (fuzz)", async () => {
  const prng = seededPrng(SEED + 2);
  const self = { role: "comet", id: "comet-1~x" };
  const hello = encodeHello(self, "secret");
  const welcome = encodeWelcome(self);
  const failure = encodeFailure(new ConnectRefused(CloseCodes.authFailed, "no"));
  for (let index = 0; index < INPUTS; index++) {
    await isTaken(() => decodeHello(mutated(hello, prng), "secret"));
    await isTaken(() => decodeWelcome(mutated(welcome, prng)));
    assert.ok(decodeFailure(mutated(failure, prng)) instanceof Error);
  }
});
