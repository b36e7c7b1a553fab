import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { randomBelow, seededPrng } from "../../base/prng.ts";
import { messages } from "../../tests/support/rpc_messages.ts";
import { EMPTY } from "../frame.ts";
import type { Caller } from "../rpc.ts";
import { isTaken, mutated } from "../../tests/support/protocol.ts";
import { CloseCodes } from "../close_codes.ts";
import { answerComet, cometCalls, cometControlCalls, roomInterestCalls } from "./comet_calls.ts";
import { NODE_LEASE_MS } from "./comet_node.ts";
import { answerWatcher, watcherCalls } from "./watcher_calls.ts";
import { clientOf } from "./calls.ts";
import { answerLogic, logicCalls } from "./logic_calls.ts";

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
  const logic = clientOf(logicCalls, recorder);
  const comet = clientOf(cometCalls, recorder);
  const control = clientOf(cometControlCalls, recorder);
  const watcher = clientOf(watcherCalls, recorder);
  const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.sample(arbitrary, { seed: SEED, numRuns: 10 });
  const ignore = (_: Promise<unknown>) => {};
  for (const request of some(messages.connectRequest)) ignore(logic.connect(request));
  for (const request of some(messages.connectRequest)) ignore(logic.undoConnect(request));
  for (const connection of some(messages.connection)) ignore(logic.disconnect(connection));
  for (const request of some(messages.renewAuthRequest)) ignore(logic.renewAuth(request));
  for (const request of some(messages.joinRequest)) ignore(logic.authorizeJoin(request));
  for (const frame of some(messages.receivedFrame)) ignore(logic.receive(frame));
  for (const request of some(messages.publishRequest)) ignore(logic.publish(request));
  for (const rooms of some(messages.counts)) {
    ignore(
      logic.report({
        server: "s",
        sequence: 1,
        base: 0,
        offline: false,
        connections: 1,
        addresses: 1,
        rooms,
      }),
    );
  }
  for (const node of some(messages.node)) ignore(logic.register(node));
  for (const text of some(messages.text)) ignore(logic.unregister(text));
  for (const sessions of some(fc.array(messages.connection))) ignore(logic.renew(sessions));
  for (const batch of some(fc.array(messages.delivery))) ignore(comet.deliver(batch));
  for (const close of some(messages.close)) ignore(control.close({ connectionId: 1, close }));
  for (const room of some(messages.text)) {
    ignore(control.closeRoom({ room, close: CloseCodes.closedByApplication }));
  }
  for (const rooms of some(messages.texts)) ignore(watcher.add(rooms));
}

const takesAll = {
  connect: async () => ({ mid: 1n, key: "k", room: "", accepts: [], asksJoins: false }),
  undoConnect: async () => {},
  disconnect: async () => {},
  readHistory: async () => ({ epoch: "", head: 0, first: 1, messages: [], more: false }),
  renewAuth: async () => ({}),
  authorizeJoin: async () => true,
  receive: async () => EMPTY,
  publish: async () => ({
    code: 0,
    message: "",
    retryMs: 0,
    epoch: "e",
    offset: 1,
    reply: EMPTY,
  }),
  report: async () => new Map(),
  register: async () => ({ openAfterMs: 0, leaseMs: NODE_LEASE_MS }),
  unregister: async () => {},
  renew: async () => {},
  probe: async () => ({ stored: true, partitions: 8 }),
  deliver: async () => [],
  close: async () => {},
  closeRoom: async () => 1,
  watch: async () => [],
  renewWatch: async () => {},
  add: async () => {},
  remove: async () => {},
};

test("the answers to mutated calls are right or RpcError bad-request, and nothing else (fuzz)", async () => {
  record();
  assert.ok(recorded.length === 150, `${recorded.length} calls`);
  const prng = seededPrng(SEED);
  let taken = 0;
  for (let index = 0; index < INPUTS; index++) {
    const { method, body } = recorded[randomBelow(prng, recorded.length)];
    const input = mutated(body, prng);
    const answered = () =>
      answerLogic(takesAll, method, input) ??
        answerComet(takesAll, takesAll, takesAll, method, input) ??
        answerWatcher(takesAll, method, input);
    if (await isTaken(answered, "bad-request")) taken++;
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
  const logic = clientOf(logicCalls, noise);
  const comet = clientOf(cometCalls, noise);
  const control = clientOf(cometControlCalls, noise);
  const rooms = clientOf(roomInterestCalls, noise);
  const node = fc.sample(messages.node, { seed: SEED, numRuns: 1 })[0];
  const numbers = { sequence: 1, base: 0, offline: false, connections: 1, addresses: 1 };
  const report = { server: "s", ...numbers, rooms: new Map() };
  const request = { server: "s", connectionId: 1, token: EMPTY, remoteAddress: "::1" };
  let refused = 0;
  for (let index = 0; index < INPUTS / 10; index++) {
    for (
      const call of [
        () => logic.connect(request),
        () => logic.authorizeJoin({ ...request, mid: 1n, key: "k", room: "r" }),
        () => logic.report(report),
        () => logic.register(node),
        () => comet.deliver([]),
        () => control.closeRoom({ room: "r", close: CloseCodes.normal }),
        () => rooms.watch(),
      ]
    ) if (!await isTaken(call, "bad-request")) refused++;
  }
  assert.ok(refused > INPUTS / 10, `${refused} refused`);
});
