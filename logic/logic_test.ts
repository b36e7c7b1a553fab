import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { seededPrng } from "../base/prng.ts";
import { MemoryModeration } from "../drivers/memory/moderation.ts";
import { MemoryNodes } from "../drivers/memory/nodes.ts";
import { MemoryPushLog } from "../drivers/memory/push_log.ts";
import { MemorySessions } from "../drivers/memory/sessions.ts";
import type { SessionLimits } from "../drivers/ports.ts";
import { type CloseCode, CloseCodes } from "../protocol/close_codes.ts";
import type { CloseRequest, CometControl } from "../protocol/cluster/comet_calls.ts";
import { ConnectRefused } from "../protocol/cluster/connection.ts";
import { Logic, logicDefaults } from "./logic.ts";

/** A comet that notes what it is to close, and then does as told. */
class FakeComet implements CometControl {
  readonly closed: [number, CloseCode][] = [];
  onClose: () => Promise<void> = () => Promise.resolve();
  close({ connectionId, close }: CloseRequest): Promise<void> {
    this.closed.push([connectionId, close]);
    return this.onClose();
  }
  closeRoom = () => Promise.resolve(0);
}

async function setUp(
  { limits = logicDefaults.limits }: { limits?: SessionLimits } = {},
) {
  const clock = new ManualClock();
  const nodes = new MemoryNodes(clock);
  for (const server of ["a", "b"]) {
    await nodes.register({
      server,
      region: "",
      zone: "",
      env: "",
      name: server,
      rpc: "",
      hostname: server,
      addresses: [],
      version: "",
      weight: 1,
      offline: false,
    });
  }
  const sessions = new MemorySessions(nodes);
  const comets = new Map([["a", new FakeComet()], ["b", new FakeComet()]]);
  const logic = new Logic({
    pushLog: new MemoryPushLog(clock),
    sessions,
    nodes,
    moderation: new MemoryModeration(clock),
    comets,
    clock,
    running: clock,
    prng: seededPrng(1),
    options: { ...logicDefaults, limits },
  });
  let nextId = 1;
  const connect = (token: string, server = "a") =>
    logic.connect({
      server,
      connectionId: nextId++,
      token: new TextEncoder().encode(token),
      remoteAddress: "127.0.0.1",
    });
  return { nodes, sessions, comets, logic, connect };
}

/** Lets what is under way and not awaited come to its end. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function refusedWith(close: CloseCode, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof ConnectRefused);
    assert.deepEqual(error.close, close);
    assert.match(error.message, message);
    return true;
  };
}

test("Logic.connect() answers what the token says and remembers the session", async () => {
  const { sessions, logic, connect } = await setUp();
  const reply = await connect(
    '{"mid":9007199254740993,"key":"k","room_id":"live://1","platform":"web","accepts":[1000,1001]}',
  );
  assert.deepEqual(reply, {
    mid: 9007199254740993n,
    key: "k",
    room: "live://1",
    accepts: [1000, 1001],
    asksJoins: false,
  });
  assert.deepEqual(await sessions.byMids([9007199254740993n]), [
    { server: "a", connectionId: 1, mid: 9007199254740993n, key: "k" },
  ]);
  assert.equal(logic.counters.connected, 1);
});

test("Logic.connect() makes up a UUID where the token has no key", async () => {
  const { sessions, connect } = await setUp();
  const [first, second] = [await connect('{"mid":1,"key":""}'), await connect('{"mid":1}')];
  const form = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  assert.match(first.key, form);
  assert.match(second.key, form);
  assert.notEqual(first.key, second.key);
  assert.equal((await sessions.byKeys([first.key, second.key])).length, 2);
});

test("Logic.connect() gives a client the same key however often its comet asks", async () => {
  const { logic, sessions } = await setUp();
  const token = new TextEncoder().encode('{"mid":7}');
  const ask = (connectionId: number) =>
    logic.connect({ server: "a", connectionId, token, remoteAddress: "127.0.0.1" });
  const [first, again, other] = [await ask(1), await ask(1), await ask(2)];
  assert.equal(again.key, first.key);
  assert.notEqual(other.key, first.key);
  assert.equal((await sessions.byMids([7n])).length, 2);
});

test("Logic.connect() refuses a bad token with the code for a failed auth", async () => {
  const { sessions, logic, connect } = await setUp();
  for (const token of ["", "{", "[]", '{"mid":"x"}', '{"mid":9223372036854775808}', "\xff"]) {
    await assert.rejects(connect(token), refusedWith(CloseCodes.authFailed, /auth token/));
  }
  assert.equal(logic.counters.refusedTokens, 6);
  assert.equal(sessions.size, 0);
});

test("Logic.connect() refuses one connection too many where limits refuse", async () => {
  const limits: SessionLimits = { perMidMax: 2, perKeyMax: 1, whenFull: "refuse" };
  const { comets, logic, connect } = await setUp({ limits });
  await connect('{"mid":1,"key":"k"}');
  const refused = refusedWith(CloseCodes.tooManyConnections, /at most 2 connections and a key 1/);
  await assert.rejects(connect('{"mid":2,"key":"k"}'), refused);
  assert.equal(logic.counters.refusedLimits, 1);
  assert.deepEqual(comets.get("a")!.closed, []);
});

test("Logic.connect() has the oldest connection closed on its own comet where limits say so", async () => {
  const limits: SessionLimits = { perMidMax: 1, perKeyMax: 1, whenFull: "close-oldest" };
  const { comets, logic, connect } = await setUp({ limits });
  await connect('{"mid":1,"key":"k"}', "a");
  await connect('{"mid":1,"key":"k"}', "b");
  assert.deepEqual(comets.get("a")!.closed, [[1, CloseCodes.replaced]]);
  assert.deepEqual(comets.get("b")!.closed, []);
  assert.equal(logic.counters.evicted, 1);
});

test("Logic.connect() succeeds though the comet of the evicted connection is gone, fails or hangs", async () => {
  const limits: SessionLimits = { perMidMax: 1, perKeyMax: 1, whenFull: "close-oldest" };
  const { comets, logic, connect } = await setUp({ limits });
  const token = '{"mid":1,"key":"k"}';
  const a = comets.get("a")!;
  await connect(token);
  a.onClose = () => Promise.reject(new Error("connection reset"));
  await connect(token);
  a.onClose = () => {
    throw new Error("not connected");
  };
  await connect(token);
  a.onClose = () => new Promise(() => {});
  await connect(token);
  comets.delete("a");
  await connect(token);
  await settle();
  assert.deepEqual(a.closed.map(([connectionId]) => connectionId), [1, 2, 3]);
  assert.equal(logic.counters.evicted, 4);
  assert.equal(logic.counters.evictFailures, 3);
});

test("Logic.connect() and its push fail with the sessions and nothing else breaks", async () => {
  const { sessions, logic, connect } = await setUp();
  const broken = () => Promise.reject(new Error("sessions are away"));
  sessions.add = broken;
  sessions.byKeys = broken;
  await assert.rejects(connect('{"mid":1}'), /sessions are away/);
  await assert.rejects(logic.push.keys(1000, ["k"], new Uint8Array(0)), /sessions are away/);
  assert.equal(logic.counters.pushesFailed, 1);
  await logic.push.room(1000, "live", "1", new Uint8Array(0));
});

test("Logic.disconnect() forgets the session of this connection alone", async () => {
  const { sessions, logic, connect } = await setUp();
  await connect('{"mid":1,"key":"k"}');
  await connect('{"mid":1,"key":"k"}');
  const first = { server: "a", connectionId: 1, mid: 1n, key: "k" };
  await logic.disconnect(first);
  await logic.disconnect(first);
  assert.deepEqual(await sessions.byKeys(["k"]), [{ ...first, connectionId: 2 }]);
  assert.equal(logic.counters.disconnected, 1);
});

test("Logic.report() answers how many are elsewhere in the reported rooms", async () => {
  const { logic } = await setUp();
  const report = (server: string, rooms: Record<string, number>) => {
    const counts = { connections: 1, addresses: 1, rooms: new Map(Object.entries(rooms)) };
    return logic.report({ server, sequence: 1, base: 0, offline: false, ...counts });
  };
  assert.deepEqual(await report("a", { "live://1": 3, "live://2": 1 }), new Map());
  assert.deepEqual(
    await report("b", { "live://1": 2, "live://3": 5 }),
    new Map([["live://1", 3]]),
  );
  assert.deepEqual(await report("a", { "live://1": 1 }), new Map([["live://1", 2]]));
  assert.deepEqual(await report("a", {}), new Map());
  assert.deepEqual(await logic.online.total(), { conn_count: 2, ip_count: 2 });
  assert.equal(logic.counters.reports, 4);
});

test("Logic.report() has nobody sent to a comet that says it is offline, at once and for all", async () => {
  const { logic, nodes } = await setUp();
  const counts = { connections: 1, addresses: 1, rooms: new Map() };
  const report = (server: string, offline: boolean) =>
    logic.report({ server, sequence: 1, base: 0, ...counts, offline });
  await report("a", false);
  await report("b", false);
  await report("a", true);
  assert.deepEqual((await logic.nodes.instances()).map(({ metadata }) => metadata.offline), [
    "true",
    "false",
  ]);
  const listed = await nodes.list();
  assert.deepEqual(listed.map(({ server, offline }) => [server, offline]), [
    ["a", true],
    ["b", false],
  ]);
});

test("Logic.report() refuses a comet that is not registered", async () => {
  const { logic } = await setUp();
  const report = {
    ...{ server: "x", sequence: 1, base: 0, offline: false },
    ...{ connections: 0, addresses: 0, rooms: new Map() },
  };
  await assert.rejects(logic.report(report), /node "x" is not registered/);
});
