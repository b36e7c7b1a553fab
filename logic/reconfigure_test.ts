import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { seededPrng } from "../base/prng.ts";
import { MemoryModeration } from "../drivers/memory/moderation.ts";
import { MemoryNodes } from "../drivers/memory/nodes.ts";
import { MemoryPushLog } from "../drivers/memory/push_log.ts";
import { MemorySessions } from "../drivers/memory/sessions.ts";
import { ConnectRefused } from "../protocol/cluster/connection.ts";
import { roomDefaults } from "../protocol/room_options.ts";
import { testNode } from "../tests/support/test_comet.ts";
import { secretKey } from "./auth/jwt_keys.ts";
import { Logic, logicDefaults } from "./logic.ts";
import type { LogicOptions } from "./options.ts";

const encoder = new TextEncoder();
const live = { ...roomDefaults, type: "live" };

/** A logic whose options change while it runs. */
function setUp(given: Partial<LogicOptions> = {}) {
  const clock = new ManualClock();
  const nodes = new MemoryNodes(clock);
  const options = { ...logicDefaults, ...given };
  const logic = new Logic({
    pushLog: new MemoryPushLog(clock),
    sessions: new MemorySessions(nodes),
    nodes,
    moderation: new MemoryModeration(clock),
    comets: { get: () => undefined },
    clock,
    running: clock,
    prng: seededPrng(1),
    hooks: { message: () => new Promise(() => {}) },
    options,
  });
  let connections = 0;
  const request = (token: object) => ({
    server: "c~1",
    connectionId: ++connections,
    token: encoder.encode(JSON.stringify(token)),
    remoteAddress: "192.0.2.1",
    headers: {},
  });
  const say = async (body: string) => {
    const connection = { server: "c~1", connectionId: 1, mid: 7n, key: "k" };
    const frame = { ...connection, room: "live://1", body: encoder.encode(body) };
    return (await logic.publish(frame)).code;
  };
  return {
    clock,
    logic,
    say,
    connect: (token: object) => logic.connect(request(token)),
    reconfigure: (other: Partial<LogicOptions>) => logic.reconfigure({ ...options, ...other }),
  };
}

/** An application that lets messages pass. */
async function listening(): Promise<{ server: Server; url: string; calls: () => number }> {
  let calls = 0;
  const server = createServer((_, response) => {
    calls++;
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { server, url: `http://127.0.0.1:${port}/`, calls: () => calls };
}

test("Logic.reconfigure() holds limits of sessions, and auths, to what is new", async () => {
  const { connect, logic, reconfigure } = setUp();
  await logic.register({ ...testNode("c~1"), name: "c" });
  await connect({ mid: 1, key: "a" });
  await connect({ mid: 1, key: "b" });
  reconfigure({ limits: { perMidMax: 2, perKeyMax: 1, whenFull: "refuse" } });
  await assert.rejects(connect({ mid: 1, key: "c" }), ConnectRefused);
  await connect({ mid: 2, key: "d" });
  const keys = await secretKey("0123456789abcdef".repeat(2));
  reconfigure({ auth: { mode: "jwt", keys, issuer: "", audience: "", toleranceMs: 0 } });
  await assert.rejects(connect({ mid: 3 }), ConnectRefused);
});

test("Logic.reconfigure() gives rooms a history, and clients' messages another way", async () => {
  const { clock, logic, say, reconfigure } = setUp({ rooms: [live] });
  const body = encoder.encode("hi");
  assert.equal(await logic.push.roomByKey(1000, "live://1", body), undefined);
  const kept = { ...live, historySize: 10, upstream: "off" as const };
  reconfigure({ rooms: [kept], hookMs: 100 });
  assert.equal((await logic.push.roomByKey(1000, "live://1", body))!.offset, 1);
  assert.equal(await say("no"), -403);
  // The hook answers nothing: how long that may take has changed as well.
  const published = { ...kept, upstream: "publish" as const };
  reconfigure({ rooms: [published], hookMs: 100, publishMidRate: 1, publishMidBurst: 1 });
  const late = say("late");
  for (let step = 0; step < 50; step++) await Promise.resolve();
  clock.advance(100);
  assert.equal(await late, -500);
  assert.equal(await say("too many"), -429);
});

test("Logic.reconfigure() has another webhook asked, which there need not have been before", async () => {
  const [first, second] = [await listening(), await listening()];
  const secret = "0123456789abcdef";
  const { logic, say, reconfigure } = setUp();
  const rooms = [{ ...live, upstream: "webhook" as const }];
  try {
    for (const [url, calls] of [[first.url, [1, 0]], [second.url, [1, 1]]] as const) {
      reconfigure({ rooms, webhook: { url, secret, timeoutMs: 1_000 } });
      assert.equal(await say(url), 0);
      assert.deepEqual([first.calls(), second.calls()], calls);
    }
    reconfigure({ rooms: [live] });
    await logic.settled();
  } finally {
    for (const { server } of [first, second]) {
      server.closeAllConnections();
      server.close();
    }
  }
});

test("Logic.reconfigure() says other things of nodes, and nothing when they are wrong", async () => {
  const { logic, reconfigure } = setUp();
  const domain = async () => (await logic.nodes.weighted("web", "10.1.2.3")).domain;
  reconfigure({ nodes: { ...logicDefaults.nodes, defaultDomain: "push.example.com" } });
  assert.equal(await domain(), "push.example.com");
  const wrong = { defaultDomain: "other", regions: { west: ["10.1.0.0/99"] } };
  assert.throws(() => reconfigure({ nodes: { ...logicDefaults.nodes, ...wrong } }), /network/);
});
