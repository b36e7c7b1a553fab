import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, promisesSettled } from "../base/clock.ts";
import { seededPrng } from "../base/prng.ts";
import { MemoryModeration } from "../drivers/memory/moderation.ts";
import { MemoryNodes } from "../drivers/memory/nodes.ts";
import { MemoryPushLog } from "../drivers/memory/push_log.ts";
import { MemorySessions } from "../drivers/memory/sessions.ts";
import type { SessionLimits } from "../drivers/ports.ts";
import { type CloseCode, CloseCodes } from "../protocol/close_codes.ts";
import type { CometControl } from "../protocol/cluster/comet_calls.ts";
import { type ConnectionRef, ConnectRefused } from "../protocol/cluster/connection.ts";
import { testNode } from "../tests/support/test_comet.ts";
import { goimAuth } from "./auth/goim.ts";
import { LogicCounters } from "./counters.ts";
import {
  DISCONNECTED_CALLS_MAX,
  DISCONNECTED_WAITING_MAX,
  HOOK_CALLS_MAX,
  HookCalls,
} from "./hook_calls.ts";
import type { Hooks, Identity } from "./hooks.ts";
import { Logic, logicDefaults } from "./logic.ts";

const HOOK_MS = 500;
const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];

/** A logic with some hooks, and one comet that closes whatever it is told to. */
async function setUp(hooks: Hooks, limits: SessionLimits = logicDefaults.limits) {
  const clock = new ManualClock();
  const nodes = new MemoryNodes(clock);
  await nodes.register(testNode("c"));
  const sessions = new MemorySessions(nodes);
  const comet: CometControl = { close: async () => {}, closeRoom: async () => 0 };
  const comets = new Map([["c", comet]]);
  const logic = new Logic({
    pushLog: new MemoryPushLog(clock),
    sessions,
    nodes,
    moderation: new MemoryModeration(clock),
    comets,
    clock,
    running: clock,
    prng: seededPrng(1),
    hooks,
    options: { ...logicDefaults, limits, hookMs: HOOK_MS },
  });
  const request = (connectionId: number, token = "{}") => ({
    server: "c",
    connectionId,
    token: encoder.encode(token),
    remoteAddress: "10.0.0.1",
  });
  const send = async (operation: number, body: string) =>
    decoder.decode(
      await logic.receive({ ...ref(1), room: "r", operation, sequence: 1, body: utf8(body) }),
    );
  return { clock, sessions, comets, logic, request, send };
}

function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

function ref(connectionId: number, key = "k"): ConnectionRef {
  return { server: "c", connectionId, mid: 7n, key };
}

function refusedWith(close: CloseCode) {
  return (error: unknown) => error instanceof ConnectRefused && error.close === close;
}

/** Ways for a hook to give no answer that counts, and what it makes of each. */
const failures: Readonly<Record<string, () => never>> = {
  "that throws": () => {
    throw new Error("no database");
  },
  "that rejects": () => Promise.reject(new Error("no database")) as never,
  "that throws what has no text": () => {
    throw Object.create(null);
  },
  "that answers nonsense": () => 42 as never,
  "that is late": () => new Promise(() => {}) as never,
};

/** Settles with how a call ends, having let the deadline of hooks pass. */
async function settled<Value>(clock: ManualClock, call: Promise<Value>): Promise<Value> {
  call.catch(() => {});
  await promisesSettled();
  clock.advance(HOOK_MS);
  return await call;
}

test("Hooks.authenticate() says who a client is, at once or later", async () => {
  const whole: Identity = { mid: -5n, key: "own", room: "live://1", accepts: [7, 7, 8] };
  const tokens: string[] = [];
  const { logic, sessions, request } = await setUp({
    async authenticate({ token, remoteAddress }) {
      await promisesSettled();
      tokens.push(`${decoder.decode(token)} of ${remoteAddress}`);
      return tokens.length === 1 ? whole : { mid: 0n };
    },
  });
  const first = request(1, "anything");
  const connecting = logic.connect(first);
  first.token.fill(0);
  assert.deepEqual(await connecting, { ...whole, accepts: [7, 8], asksJoins: false });
  const { key, ...second } = await logic.connect(request(2));
  assert.deepEqual(second, { mid: 0n, room: "", accepts: [], asksJoins: false });
  assert.equal(key.length, 36);
  assert.deepEqual(tokens, ["anything of 10.0.0.1", "{} of 10.0.0.1"]);
  assert.equal(sessions.size, 2);
});

/** What an application answers beside goim's part, and what the comet learns of it. */
const EXTRAS: readonly [Partial<Identity>, object | undefined][] = [
  [{}, undefined],
  [{ features: [] }, { features: [] }],
  [{ features: ["rooms", "rooms", "x"] }, { features: ["rooms", "x"] }],
  [{ last: 1000 }, { features: [], last: 1000 }],
  [{ since: { epoch: "", offset: 0 }, features: ["notices"] }, {
    features: ["notices"],
    since: { epoch: "", offset: 0 },
  }],
  [{ room: "", last: 5 }, { features: [] }],
  [{ room: "", since: { epoch: "a", offset: 5 }, features: ["rooms"] }, { features: ["rooms"] }],
];

for (const [answer, extras] of EXTRAS) {
  test(`Hooks.authenticate() asks by ${JSON.stringify(answer)} for a client`, async () => {
    const authenticate = () => ({ mid: 7n, room: "live://1", ...answer });
    const { logic, request } = await setUp({ authenticate });
    assert.deepEqual((await logic.connect(request(1))).extras, extras);
  });
}

test("goim's token asks for a client as a hook does, and a wrong one is refused for good", async () => {
  const { logic, request } = await setUp({});
  const token = '{"room_id":"live://1","since":{"epoch":"a","offset":5},"features":["rooms"]}';
  const { extras } = await logic.connect(request(1, token));
  assert.deepEqual(extras, { features: ["rooms"], since: { epoch: "a", offset: 5 } });
  assert.equal((await logic.connect(request(2))).extras, undefined);
  const wrong = logic.connect(request(3, '{"since":{"epoch":"a","offset":-5}}'));
  await assert.rejects(wrong, refusedWith(CloseCodes.authFailed));
});

test("Hooks.authenticate() refuses for good", async () => {
  const { logic, sessions, request } = await setUp({ authenticate: () => ({ refuse: "no" }) });
  await assert.rejects(logic.connect(request(1)), refusedWith(CloseCodes.authFailed));
  assert.deepEqual([sessions.size, logic.counters.refusedTokens], [0, 1]);
});

for (const [how, fail] of Object.entries(failures)) {
  test(`Hooks.authenticate() ${how} asks the client to come back and leaves no session`, async () => {
    const { clock, logic, sessions, request } = await setUp({ authenticate: fail });
    const connecting = settled(clock, logic.connect(request(1)));
    await assert.rejects(connecting, refusedWith(CloseCodes.internalError));
    const { authenticateFailures, authenticateTimeouts, refusedTokens } = logic.counters;
    const isLate = how === "that is late";
    assert.deepEqual([authenticateFailures, authenticateTimeouts], isLate ? [0, 1] : [1, 0]);
    assert.deepEqual([sessions.size, refusedTokens], [0, 0]);
  });

  test(`Hooks.authorizeJoin() ${how} refuses the room`, async () => {
    const authenticate = () => ({ mid: 7n, room: "live://1" });
    const { clock, logic, sessions, request } = await setUp({ authenticate, authorizeJoin: fail });
    const connecting = settled(clock, logic.connect(request(1)));
    await assert.rejects(connecting, refusedWith(CloseCodes.internalError));
    assert.equal(await settled(clock, logic.authorizeJoin({ ...ref(1), room: "live://2" })), false);
    const { authorizeJoinFailures, authorizeJoinTimeouts } = logic.counters;
    assert.equal(authorizeJoinFailures + authorizeJoinTimeouts, 2);
    assert.equal(sessions.size, 0);
  });

  test(`Hooks.message() ${how} refuses the message`, async () => {
    const { clock, logic, send } = await setUp({ message: fail });
    const reply = await settled(clock, send(4, "hello"));
    assert.equal(reply, '{"code":-500,"message":"message could not be taken, try again"}');
    assert.equal(logic.counters.messageFailures + logic.counters.messageTimeouts, 1);
  });
}

test("Hooks.authenticate() has its answer checked", async () => {
  const wrong: unknown[] = [
    undefined,
    null,
    {},
    { refuse: 1 },
    { mid: 1 },
    { mid: 2n ** 63n },
    { mid: 1n, key: 5 },
    { mid: 1n, key: "k".repeat(257) },
    { mid: 1n, key: "\ud800" },
    { mid: 1n, room: "live://" },
    { mid: 1n, room: "\ud800" },
    { mid: 1n, accepts: [2 ** 31] },
    { mid: 1n, accepts: Array(257).fill(1) },
    { mid: 1n, accepts: Array(3) },
    { mid: 1n, accepts: null },
    { mid: 1n, since: null },
    { mid: 1n, rooms: "*" },
    { mid: 1n, rooms: ["a*b"] },
    { mid: 1n, publish: Array(1) },
    { mid: 1n, publish: null },
    { mid: 1n, expiresAtMs: 1.5 },
    { mid: 1n, expiresAtMs: "never" },
    { mid: 1n, since: { epoch: "a", offset: Infinity } },
    { mid: 1n, last: 0 },
    { mid: 1n, last: "5" },
    { mid: 1n, last: 5, since: { epoch: "a", offset: 1 } },
    { mid: 1n, features: "rooms" },
    { mid: 1n, features: ["\ud800"] },
    { mid: 1n, features: Array(2) },
    { mid: 1n, features: Array.from({ length: 17 }, (_, index) => String(index)) },
  ];
  const answers = [...wrong];
  const { logic, sessions, request } = await setUp({
    authenticate: () => answers.shift() as Identity,
  });
  for (const index of wrong.keys()) {
    await assert.rejects(logic.connect(request(index)), refusedWith(CloseCodes.internalError));
  }
  assert.deepEqual([logic.counters.authenticateFailures, sessions.size], [wrong.length, 0]);
});

test("a session is not stored when its comet has gone while a hook ran", async () => {
  const { promise, resolve } = Promise.withResolvers<Identity>();
  const { logic, sessions, comets, request } = await setUp({ authenticate: () => promise });
  const connecting = logic.connect(request(1));
  const other: CometControl = { close: async () => {}, closeRoom: async () => 0 };
  comets.set("c", other);
  resolve({ mid: 1n });
  await assert.rejects(connecting, { code: "lost", temporary: true });
  assert.equal(sessions.size, 0);
});

test("Logic.undoConnect() forgets what an auth stored for this connection alone", async () => {
  const ended: ConnectionRef[] = [];
  const { logic, sessions, request } = await setUp({
    authenticate: ({ token }) => ({ mid: 7n, key: decoder.decode(token) }),
    disconnected: (identity) => void ended.push(identity),
  });
  for (const [id, key] of [[1, "k"], [2, "k"], [3, ""]] as const) {
    await logic.connect(request(id, key));
  }
  await logic.undoConnect(request(1, "k"));
  await logic.undoConnect(request(3, ""));
  await logic.undoConnect(request(4, "k"));
  assert.deepEqual(await sessions.byMids([7n]), [ref(2)]);
  assert.deepEqual(ended.map(({ connectionId }) => connectionId), [1, 3]);
});

test("Hooks.authorizeJoin() is asked for the room of an auth and for later ones", async () => {
  const asked: unknown[] = [];
  const { logic, sessions, request } = await setUp({
    authenticate: ({ token }) => ({ mid: 7n, key: "k", room: decoder.decode(token) }),
    authorizeJoin(identity, room) {
      asked.push([identity, room]);
      return room !== "secret";
    },
  });
  assert.equal((await logic.connect(request(1, "live://1"))).asksJoins, true);
  await logic.connect(request(2, ""));
  await assert.rejects(logic.connect(request(3, "secret")), refusedWith(CloseCodes.roomRefused));
  assert.equal(await logic.authorizeJoin({ ...ref(1), room: "live://2" }), true);
  assert.equal(await logic.authorizeJoin({ ...ref(1), room: "secret" }), false);
  assert.deepEqual(asked, [
    [ref(1), "live://1"],
    [ref(3), "secret"],
    [ref(1), "live://2"],
    [ref(1), "secret"],
  ]);
  assert.deepEqual([sessions.size, logic.counters.refusedJoins], [2, 2]);
});

test("whoever has no hooks may join every room, and gets empty replies", async () => {
  const { logic, send } = await setUp({});
  assert.equal(await logic.authorizeJoin({ ...ref(1), room: "live://1" }), true);
  assert.equal(await send(4, "hello"), "");
});

test("Hooks.message() lets pass, replies or refuses", async () => {
  const taken: unknown[] = [];
  const { logic, send } = await setUp({
    message(identity, room, { operation, body }) {
      const text = decoder.decode(body);
      taken.push([identity, room, operation, text]);
      if (text === "bytes") return promisesSettled().then(() => ({ reply: body }));
      if (text === "number") return { reply: 5 as never };
      if (text === "why") return { refuse: `${"w".repeat(1_000)}h` };
      if (text === "text") return Promise.resolve({ reply: "héllo" });
      if (text === "long") return { reply: new Uint8Array(64 * 1024) };
      if (text === "no") return { refuse: "not today" };
    },
  });
  assert.equal(await send(4, ""), "");
  const bytes = utf8("bytes");
  const frame = { ...ref(1), room: "r", operation: 1000, sequence: 1, body: bytes };
  const receiving = logic.receive(frame);
  bytes.fill(0);
  assert.equal(decoder.decode(await receiving), "bytes");
  assert.equal(await send(4, "text"), "héllo");
  assert.equal(await send(4, "no"), '{"code":-403,"message":"not today"}');
  assert.match(await send(4, "why"), /^{"code":-403,"message":"w{1000}"}$/);
  assert.match(await send(4, "long"), /"code":-500/);
  assert.match(await send(4, "number"), /"code":-500/);
  assert.deepEqual(taken[1], [ref(1), "r", 1000, "bytes"]);
  assert.deepEqual([logic.counters.received, logic.counters.messageFailures], [7, 2]);
});

test("Hooks.disconnected() is called once for each connection that was let in and ended", async () => {
  const ended: number[] = [];
  const hooks: Hooks = { disconnected: ({ connectionId }) => void ended.push(connectionId) };
  const limits: SessionLimits = { perMidMax: 9, perKeyMax: 1, whenFull: "close-oldest" };
  const { comets, logic, request } = await setUp(hooks, limits);
  for (const id of [1, 2]) await logic.connect(request(id, '{"mid":7,"key":"k"}'));
  await promisesSettled();
  assert.deepEqual(ended, [1], "it made room for the second");
  await logic.disconnect(ref(1));
  await logic.disconnect(ref(2));
  await logic.disconnect(ref(2));
  await logic.disconnect(ref(3));
  assert.deepEqual(ended, [1, 2]);
  await logic.connect(request(4, '{"mid":7,"key":"k"}'));
  comets.get("c")!.close = () => Promise.reject(new Error("reset"));
  await logic.connect(request(5, '{"mid":7,"key":"k"}'));
  await promisesSettled();
  assert.deepEqual(ended, [1, 2], "its comet did not close it");
});

test("Hooks.disconnected() that fails is logged and nothing else; settled() waits for it", async () => {
  const fails = Object.values(failures);
  const { clock, logic, request } = await setUp({ disconnected: () => fails.shift()!() });
  for (let id = fails.length; id > 0; id--) {
    await logic.connect(request(id, '{"mid":7,"key":"k"}'));
    await logic.disconnect(ref(id));
  }
  await settled(clock, logic.settled());
  assert.equal(logic.counters.disconnectedFailures, 3);
  assert.equal(logic.counters.disconnectedTimeouts, 1);
});

test("no more hooks are under way than may be, and those of ended connections wait", async () => {
  let release = () => {};
  const open = new Promise<void>((resolve) => release = resolve);
  let told = 0;
  const { logic, request } = await setUp({
    message: () => open,
    disconnected({ connectionId }) {
      told++;
      assert.equal(connectionId, told, "the first that ended comes first");
      return open;
    },
  });
  const frame = { ...ref(1), room: "", operation: 4, sequence: 1, body: new Uint8Array() };
  const messages = Array.from({ length: HOOK_CALLS_MAX }, () => logic.receive(frame));
  assert.match(decoder.decode(await logic.receive(frame)), /"code":-500/);
  assert.equal(logic.counters.hookCallsRefused, 1);
  const connections = DISCONNECTED_CALLS_MAX + 10;
  for (let id = 1; id <= connections; id++) {
    await logic.connect({ ...request(id), token: utf8(`{"mid":0,"key":"${id}"}`) });
    await logic.disconnect({ server: "c", connectionId: id, mid: 0n, key: String(id) });
  }
  assert.equal(told, DISCONNECTED_CALLS_MAX);
  assert.equal(logic.hookCalls, HOOK_CALLS_MAX + connections);
  release();
  await Promise.all(messages);
  await logic.settled();
  assert.equal(told, connections);
  assert.deepEqual([logic.counters.hookCallsRefused, logic.counters.disconnectedFailures], [1, 0]);
});

test("HookCalls.settled() waits for the last, and what may not wait is left out", async () => {
  const releases: (() => void)[] = [];
  const counters = new LogicCounters();
  const hooks: Hooks = { disconnected: () => new Promise((resolve) => releases.push(resolve)) };
  const calls = new HookCalls(
    hooks,
    { authenticate: goimAuth },
    HOOK_MS,
    new ManualClock(),
    counters,
  );
  let isSettled = false;
  for (const id of [1, 2]) calls.disconnected(ref(id));
  const settling = calls.settled().then(() => isSettled = true);
  releases.shift()!();
  await promisesSettled();
  assert.deepEqual([isSettled, calls.size], [false, 1]);
  releases.shift()!();
  await settling;
  const all = DISCONNECTED_CALLS_MAX + DISCONNECTED_WAITING_MAX;
  for (let id = 0; id <= all; id++) calls.disconnected(ref(id));
  assert.deepEqual([calls.size, counters.hookCallsRefused], [all, 1]);
});
