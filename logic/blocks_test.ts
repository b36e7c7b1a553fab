import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { randomBelow, seededPrng } from "../base/prng.ts";
import { MemoryModeration } from "../drivers/memory/moderation.ts";
import { MemoryNodes } from "../drivers/memory/nodes.ts";
import { MemoryPushLog } from "../drivers/memory/push_log.ts";
import { MemorySessions } from "../drivers/memory/sessions.ts";
import { StoreUnavailable } from "../drivers/ports.ts";
import { CloseCodes } from "../protocol/close_codes.ts";
import type { CometControl } from "../protocol/cluster/comet_calls.ts";
import { ConnectRefused } from "../protocol/cluster/connection.ts";
import { testNode } from "../tests/support/test_comet.ts";
import { BadRequest } from "./bad_request.ts";
import { Logic, logicDefaults } from "./logic.ts";

const HOUR_MS = 3_600_000;

/** Comet `a`, and two logics over one store, each call to which takes as long as `wait` says. */
async function setUp(wait: () => Promise<void> = async () => {}) {
  const clock = new ManualClock();
  const nodes = new MemoryNodes(clock);
  await nodes.register(testNode("a"));
  const sessions = new MemorySessions(nodes);
  const moderation = new MemoryModeration(clock);
  const closed: string[] = [];
  const comet: CometControl = {
    close: async ({ connectionId, close }) => void closed.push(`${connectionId} ${close.code}`),
    closeRoom: async () => 0,
  };
  const late = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get: (_, name) => async (...args: unknown[]) => {
        await wait();
        const result = await (port as Record<typeof name, (...args: unknown[]) => unknown>)[name](
          ...args,
        );
        await wait();
        return result;
      },
    });
  const logics = [0, 1].map(() =>
    new Logic({
      pushLog: new MemoryPushLog(clock),
      sessions: late(sessions),
      nodes,
      moderation: late(moderation),
      comets: new Map([["a", comet]]),
      clock,
      running: clock,
      prng: seededPrng(1),
      options: logicDefaults,
    })
  );
  const [logic, other] = logics;
  const request = (connectionId: number, mid: bigint, key: string) => ({
    server: "a",
    connectionId,
    token: new TextEncoder().encode(`{"mid":${mid},"key":"${key}"}`),
    remoteAddress: "192.0.2.1",
  });
  const connect = (by: Logic, id: number, mid: bigint, key: string) =>
    by.connect(request(id, mid, key));
  return { clock, sessions, moderation, closed, logic, other, connect, request };
}

function isRefused(error: unknown): boolean {
  return error instanceof ConnectRefused && error.close === CloseCodes.blocked;
}

test("Blocks.block() closes the connections of a user or a key, and keeps them out for a time", async () => {
  const { clock, sessions, closed, logic, other, connect } = await setUp();
  for (const [id, mid, key] of [[1, 7n, "a"], [2, 7n, "b"], [3, 8n, "b"], [4, 9n, "c"]] as const) {
    await connect(logic, id, mid, key);
  }
  assert.deepEqual(await other.blocks.block({ mid: 7n }, HOUR_MS), { closed: 2, failed: 0 });
  assert.deepEqual(closed, ["1 4014", "2 4014"]);
  assert.deepEqual(await other.blocks.block({ key: "c" }, 2 * HOUR_MS), { closed: 1, failed: 0 });
  for (const by of [logic, other]) {
    await assert.rejects(connect(by, 5, 7n, "new"), isRefused);
    await assert.rejects(connect(by, 6, 10n, "c"), isRefused);
    await connect(by, 7, 8n, "b");
  }
  assert.deepEqual(await sessions.byKeys(["new"]), []);
  assert.equal((await sessions.byKeys(["c"])).length, 1, "of the one that its comet closes");
  assert.deepEqual([logic.counters.refusedBlocked, other.counters.blocks], [2, 2]);
  assert.equal(logic.counters.connected, 5);
  assert.equal(await logic.blocks.unblock({ key: "c" }), true);
  await connect(other, 8, 10n, "c");
  clock.advance(HOUR_MS);
  await connect(other, 9, 7n, "new");
  assert.equal(await logic.blocks.unblock({ mid: 7n }), false);
});

test("a renewal of a token is refused to who is blocked", async () => {
  const { logic, other, connect, request } = await setUp();
  await connect(logic, 1, 7n, "a");
  const renew = () => other.renewAuth({ ...request(1, 7n, "a"), mid: 7n, key: "a" });
  await renew();
  await logic.blocks.block({ key: "a" }, HOUR_MS);
  await assert.rejects(renew(), isRefused);
  await logic.blocks.unblock({ key: "a" });
  await renew();
});

test("who cannot be looked up is not let in, and has no session", async () => {
  const { sessions, moderation, logic, connect } = await setUp();
  moderation.blockedMs = () => Promise.reject(new StoreUnavailable("it is away"));
  await assert.rejects(connect(logic, 1, 7n, "a"), StoreUnavailable);
  assert.deepEqual(await sessions.byMids([7n]), []);
  assert.equal(logic.counters.connected, 0);
});

test("a block is refused for nobody, and for no time", async () => {
  const { logic } = await setUp();
  const wrong: [Parameters<Logic["blocks"]["unblock"]>[0], number][] = [
    [{ mid: 0n }, 1],
    [{ mid: 2n ** 63n }, 1],
    [{ key: "" }, 1],
    [{ key: "x".repeat(257) }, 1],
    [{ key: "\ud800" }, 1],
    [{ mid: 7n }, 0],
    [{ mid: 7n }, 366 * 24 * HOUR_MS + 1],
    [{ mid: 7n }, 1.5],
  ];
  for (const [who, forMs] of wrong) {
    await assert.rejects(logic.blocks.block(who, forMs), BadRequest);
  }
  assert.equal(logic.counters.blocks, 0);
});

/** Lets one of two auths or blocks pass a gate only when the other has passed its own. */
const ORDERS = [
  ["before the session is stored", "session", true],
  ["between the session and the look-up", "look-up", true],
  ["behind the look-up", "answer", false],
] as const;

for (const [when, gate, isRefusedThen] of ORDERS) {
  test(`a block that comes ${when} of an auth keeps its client out`, async () => {
    const { sessions, moderation, closed, logic, other, connect } = await setUp();
    let open = () => {};
    let arrived = () => {};
    const opened = new Promise<void>((resolve) => open = resolve);
    const atGate = new Promise<void>((resolve) => arrived = resolve);
    const pass = async (name: string) => {
      if (name !== gate) return;
      arrived();
      await opened;
    };
    const add = sessions.add.bind(sessions);
    sessions.add = async (...args) => {
      await pass("session");
      return await add(...args);
    };
    const blockedMs = moderation.blockedMs.bind(moderation);
    moderation.blockedMs = async (...args) => {
      await pass("look-up");
      const ms = await blockedMs(...args);
      await pass("answer");
      return ms;
    };
    const auth = connect(logic, 1, 7n, "a").then(() => false, isRefused);
    await atGate;
    const { closed: count } = await other.blocks.block({ mid: 7n }, HOUR_MS);
    open();
    assert.equal(await auth, isRefusedThen);
    assert.equal(count, gate === "session" ? 0 : 1);
    assert.deepEqual(closed, gate === "session" ? [] : ["1 4014"]);
    assert.equal((await sessions.byMids([7n])).length, isRefusedThen ? 0 : 1);
  });
}

test("an auth and a block at once never leave the client in, in any order (property)", async () => {
  const prng = seededPrng(43);
  const outcomes = new Map<string, number>();
  for (let round = 0; round < 300; round++) {
    const wait = async (most = 6) => {
      for (let turns = randomBelow(prng, most); turns > 0; turns--) await Promise.resolve();
    };
    const { closed, logic, other, connect } = await setUp(wait);
    const who = randomBelow(prng, 2) === 0 ? { mid: 7n } : { key: "a" };
    const auth = async () => {
      await wait();
      return await connect(logic, 1, 7n, "a").then(() => "in", () => "refused");
    };
    const block = async () => {
      await wait(60);
      await other.blocks.block(who, HOUR_MS);
    };
    const [outcome] = await Promise.all([auth(), block()]);
    if (outcome === "in") assert.deepEqual(closed, ["1 4014"], `round ${round}`);
    const key = `${outcome} ${closed.length}`;
    outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
  }
  assert.deepEqual([...outcomes.keys()].sort(), ["in 1", "refused 0", "refused 1"]);
});
