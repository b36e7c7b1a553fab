import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import type { ConnectionRef } from "../../protocol/cluster/connection.ts";
import { ObservedStore } from "../../tests/support/observed_store.ts";
import { type StartedStore, startRedisStore } from "../../tests/support/redis_stores.ts";
import type { CometNode, SessionLimits } from "../ports.ts";
import { RedisNodes } from "./nodes.ts";
import { fieldsOf, partsOf } from "./store.ts";
import { hashOf, SESSION_SLOTS } from "./session_rows.ts";
import { FIND_SESSIONS } from "./session_scripts.ts";
import { RedisSessions } from "./sessions.ts";
import type { Script } from "./store.ts";

const loose: SessionLimits = { perMidMax: 100, perKeyMax: 100, whenFull: "refuse" };

let started: StartedStore;
let tests = 0;

/** Names of its own for each test, and as many logics as it wants. */
function setUp() {
  const own = ++tests;
  const node = (epoch: number): CometNode => ({
    server: `comet-${own}~${epoch}`,
    name: `comet-${own}`,
    region: "",
    zone: "",
    env: "",
    hostname: "",
    addresses: [],
    rpc: "",
    version: "",
    weight: 1,
    offline: false,
  });
  const session = (connectionId: number, key: string, epoch = 1): ConnectionRef => ({
    server: `comet-${own}~${epoch}`,
    connectionId,
    mid: BigInt(own),
    key: `${key}-${own}`,
  });
  const logic = (sessionMs?: number) => {
    const store = new ObservedStore(started.store);
    const nodes = new RedisNodes(store, new ManualClock());
    return { store, nodes, sessions: new RedisSessions(store, nodes, sessionMs) };
  };
  return { node, session, logic };
}

function ask(source: string, key: string) {
  const script: Script = { name: "ask", source: `return redis.call(${source})` };
  return started.store.run(script, [key], []);
}

/** What is stored of a key or a mid, alive or not. */
async function stored(index: "key" | "mid", of: string): Promise<string[]> {
  const [rows] = partsOf(await started.store.run(FIND_SESSIONS, [hashOf(index, of).name], []));
  return fieldsOf(rows).map(([field]) => field);
}

describe("RedisSessions", () => {
  before(async () => {
    started = await startRedisStore();
  });
  after(async () => {
    await started.stop();
  });

  it("leaves nothing of a key when its last session is removed, and lets keys expire", async () => {
    const { session, logic } = setUp();
    const { sessions } = logic(45_000);
    const [first, second] = [session(1, "x"), session(2, "x")];
    for (const each of [first, second]) await sessions.add(each, loose);
    const hashes = [hashOf("key", first.key).name, hashOf("mid", String(first.mid)).name];
    for (const hash of hashes) {
      const leftMs = Number(await ask("'PTTL', KEYS[1]", hash));
      assert.ok(leftMs > 40_000 && leftMs <= 45_000, `${leftMs} ms`);
    }
    await sessions.remove(first);
    for (const hash of hashes) assert.equal(await ask("'EXISTS', KEYS[1]", hash), 1);
    await sessions.remove(second);
    for (const hash of hashes) assert.equal(await ask("'EXISTS', KEYS[1]", hash), 0);
  });

  it("forgets sessions of replaced runs when it meets them, and keeps those of absent ones", async () => {
    const { node, session, logic } = setUp();
    const { nodes, sessions } = logic();
    const absent = { ...session(3, "x"), server: "not-there~1" };
    await nodes.register(node(1));
    const [old, fresh] = [session(1, "x"), session(2, "x", 2)];
    for (const each of [old, absent, fresh]) await sessions.add(each, loose);
    await nodes.register(node(2));
    assert.deepEqual(await sessions.byKeys([old.key]), [fresh]);
    assert.deepEqual(await sessions.byMids([old.mid]), [fresh]);
    const left = ["2@" + fresh.server, "3@not-there~1"];
    // They are taken out with nobody waiting for it.
    for (let tries = 0; tries < 100; tries++) {
      if (
        (await stored("key", old.key)).length + (await stored("mid", `${old.mid}`)).length === 4
      ) {
        break;
      }
      await sessions.byKeys([old.key]);
      await sessions.byMids([old.mid]);
    }
    assert.deepEqual((await stored("key", old.key)).sort(), left);
    assert.deepEqual((await stored("mid", String(old.mid))).sort(), left);
  });

  it("finds 10,000 keys in a script for each slot", async () => {
    const { logic } = setUp();
    const { store, sessions } = logic();
    const keys = Array.from({ length: 10_000 }, (_, index) => `nobody's ${index}`);
    assert.deepEqual(await sessions.byKeys(keys), []);
    assert.equal(store.calls.filter((name) => name === "find-sessions").length, SESSION_SLOTS);
  });

  it("asks who is alive only when there is no room", async () => {
    const { node, session, logic } = setUp();
    const { store, nodes, sessions } = logic();
    await nodes.register(node(1));
    const limits: SessionLimits = { perMidMax: 9, perKeyMax: 2, whenFull: "refuse" };
    for (const id of [1, 2]) await sessions.add(session(id, "x"), limits);
    assert.ok(!store.calls.includes("read-nodes"));
    assert.deepEqual(await sessions.add(session(3, "x"), limits), { added: false });
    assert.equal(store.calls.filter((name) => name === "read-nodes").length, 1);
  });

  it("renews sessions of a run that registered after its view of the nodes", async () => {
    const { node, session, logic } = setUp();
    const [here, elsewhere] = [logic(), logic()];
    await here.nodes.runs();
    await elsewhere.nodes.register(node(1));
    await here.sessions.renew([session(1, "x")]);
    assert.deepEqual(await elsewhere.sessions.byKeys([session(1, "x").key]), [session(1, "x")]);
  });

  it("lets one of two in whom two logics add at the same time", async () => {
    const { node, session, logic } = setUp();
    const logics = [logic(), logic()];
    await logics[0].nodes.register(node(1));
    const limits: SessionLimits = { perMidMax: 1, perKeyMax: 1, whenFull: "close-oldest" };
    let lasting = 0;
    for (let round = 0; round < 50; round++) {
      const rivals = [session(2 * round, "x"), session(2 * round + 1, round % 2 ? "x" : "y")];
      const added = await Promise.all(
        rivals.map((rival, index) => logics[index].sessions.add(rival, limits)),
      );
      const left = await logics[0].sessions.byMids([rivals[0].mid]);
      assert.deepEqual(await logics[1].sessions.byKeys(left.map(({ key }) => key)), left);
      assert.equal(left.length, 1, `round ${round}: ${JSON.stringify(added.map(String))}`);
      lasting += rivals.some(({ connectionId }) => connectionId === left[0].connectionId) ? 1 : 0;
    }
    assert.equal(lasting, 50);
  });

  it("gives a place back that was taken for a session that another logic removed meanwhile", async () => {
    const { node, session, logic } = setUp();
    const { store, nodes, sessions } = logic();
    const elsewhere = logic();
    await nodes.register(node(1));
    const limits: SessionLimits = { perMidMax: 1, perKeyMax: 1, whenFull: "close-oldest" };
    const [staying, leaving] = [session(1, "x"), session(2, "y")];
    await sessions.add(staying, limits);
    store.before = async (script) => {
      if (script.name !== "add-session" || store.calls.at(-1) !== "add-session") return;
      store.before = undefined;
      await elsewhere.sessions.remove(leaving);
    };
    assert.deepEqual(await sessions.add(leaving, limits), { added: true, evicted: [] });
    assert.deepEqual(await sessions.byMids([staying.mid]), [staying]);
    assert.deepEqual(await sessions.byKeys([staying.key, leaving.key]), [staying]);
  });
});
