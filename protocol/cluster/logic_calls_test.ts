import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { localCaller } from "../../tests/support/local_caller.ts";
import { messages } from "../../tests/support/rpc_messages.ts";
import { answerLogic, type LogicApi, logicCalls } from "./logic_calls.ts";
import { clientOf, RpcMethod } from "./calls.ts";

/** What logic was asked, deeply copied when it was asked, and what it answers. */
class Logic implements LogicApi {
  asked: unknown;
  answer: unknown;
  connect = (request: unknown) => this.#take(request);
  undoConnect = (request: unknown) => this.#take(request);
  disconnect = (connection: unknown) => this.#take(connection);
  renewAuth = (request: unknown) => this.#take(request);
  authorizeJoin = (request: unknown) => this.#take(request);
  publish = (request: unknown) => this.#take(request);
  readHistory = (query: unknown) => this.#take(query);
  receive = (frame: unknown) => this.#take(frame);
  report = (report: unknown) => this.#take(report);
  register = (node: unknown) => this.#take(node);
  unregister = (server: unknown) => this.#take(server);
  probe = (request: unknown) => this.#take(request);
  renew = (sessions: unknown) => this.#take(sessions);

  async #take(asked: unknown): Promise<never> {
    this.asked = structuredClone(asked);
    return this.answer as never;
  }
}

const logic = new Logic();
const client = clientOf(
  logicCalls,
  localCaller((method, body) => answerLogic(logic, method, body)),
);

/** Checks that calls bring any message over, and any answer back. */
async function roundTrips<M, A>(
  seed: number,
  message: fc.Arbitrary<M>,
  answer: fc.Arbitrary<A>,
  call: (message: M) => Promise<unknown>,
): Promise<void> {
  const property = fc.asyncProperty(message, answer, async (message, answer) => {
    logic.answer = answer;
    assert.deepEqual(await call(message), answer);
    assert.deepEqual(logic.asked, message);
  });
  await fc.assert(property, { seed });
}

const nothing = fc.constant(undefined);

test("LogicApi.connect() brings every request over and every reply back", async () => {
  const { connectRequest, connectReply } = messages;
  await roundTrips(1, connectRequest, connectReply, (request) => client.connect(request));
});

test("LogicApi.disconnect() brings every connection over", async () => {
  await roundTrips(2, messages.connection, nothing, (connection) => client.disconnect(connection));
});

test("LogicApi.undoConnect() brings every request over", async () => {
  await roundTrips(8, messages.connectRequest, nothing, (request) => client.undoConnect(request));
});

test("LogicApi.renewAuth() brings every request over and what it may do back", async () => {
  const { renewAuthRequest, permissions } = messages;
  await roundTrips(12, renewAuthRequest, permissions, (request) => client.renewAuth(request));
});

test("LogicApi.authorizeJoin() brings every request over and the answer back", async () => {
  const { joinRequest } = messages;
  await roundTrips(9, joinRequest, fc.boolean(), (request) => client.authorizeJoin(request));
});

test("LogicApi.receive() brings every frame over and every reply back", async () => {
  const { receivedFrame, bytes } = messages;
  await roundTrips(3, receivedFrame, bytes, (frame) => client.receive(frame));
});

test("LogicApi.publish() brings every request over and the reply back", async () => {
  const { publishRequest, publishReply } = messages;
  await roundTrips(11, publishRequest, publishReply, (request) => client.publish(request));
});

test("LogicApi.readHistory() brings every query over and the page back", async () => {
  const { historyQuery, historyPage } = messages;
  await roundTrips(10, historyQuery, historyPage, (query) => client.readHistory(query));
});

test("LogicApi.report() brings every report over and every answer back", async () => {
  const { text, counts } = messages;
  const report = fc.tuple(
    text,
    fc.maxSafeNat(),
    fc.maxSafeNat(),
    fc.nat(),
    fc.nat(),
    counts,
    fc.boolean(),
  )
    .map((
      [server, sequence, base, connections, addresses, rooms, offline],
    ) => ({ server, sequence, base, connections, addresses, rooms, offline }));
  const answer = fc.option(counts, { nil: undefined });
  await roundTrips(4, report, answer, (report) => client.report(report));
});

test("LogicApi.report() carries 20,000 rooms both ways", async () => {
  const rooms = new Map(
    Array.from({ length: 20_000 }, (_, index) => [`live://room-${index}`, index] as const),
  );
  logic.answer = rooms;
  const numbers = { sequence: 1, base: 0, offline: false, connections: 1, addresses: 1 };
  const report = { server: "comet-1~x", ...numbers, rooms };
  assert.deepEqual(await client.report(report), rooms);
  assert.deepEqual(logic.asked, report);
});

test("LogicApi.register() brings every node over, and the wait and the lease back", async () => {
  await roundTrips(5, messages.node, messages.registered, (node) => client.register(node));
});

test("LogicApi.unregister() brings every id over", async () => {
  await roundTrips(6, messages.text, nothing, (server) => client.unregister(server));
});

test("LogicApi.renew() brings every list of sessions over", async () => {
  await roundTrips(7, fc.array(messages.connection), nothing, (sessions) => client.renew(sessions));
});

test("LogicApi.probe() brings every request over and every reply back", async () => {
  const { probeRequest, probeReply } = messages;
  await roundTrips(8, probeRequest, probeReply, (request) => client.probe(request));
});

test("answerLogic() leaves the methods of others alone", () => {
  for (const method of [RpcMethod.deliver, RpcMethod.addRooms, 999]) {
    assert.equal(answerLogic(logic, method, new Uint8Array(0)), undefined);
  }
});
