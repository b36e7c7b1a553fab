import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CloseCodes } from "../../protocol/close_codes.ts";
import type { Address } from "../../platform/port.ts";
import { seededPrng } from "../../base/prng.ts";
import { ConnectRefused, type ConnectRequest } from "../../protocol/cluster/connection.ts";
import type { RpcHandler, RpcLink } from "../../rpc/link.ts";
import type { RpcListener } from "../../rpc/listener.ts";
import { unknownMethod } from "../../protocol/cluster/calls.ts";
import { answerLogic } from "../../protocol/cluster/logic_calls.ts";
import { RpcError } from "../../protocol/rpc.ts";
import { FakeLogic } from "../../tests/support/fake_logic.ts";
import { MemoryRpc } from "../../tests/support/memory_rpc.ts";
import { LogicPool } from "./logic_pool.ts";

const encoder = new TextEncoder();

function request(key: string): ConnectRequest {
  const token = encoder.encode(JSON.stringify({ key }));
  return { server: "c~1", connectionId: 1, token, remoteAddress: "127.0.0.1", headers: {} };
}

function session(connectionId: number) {
  return { server: "c~1", connectionId, mid: 1n, key: "k" };
}

const FRAME = { room: "", operation: 4, sequence: 1, body: new Uint8Array() };

/** A logic that counts whom it let in, and may fail. */
class ServedLogic {
  readonly logic = new FakeLogic();
  connects = 0;
  failure: Error | undefined;
  listener: RpcListener | undefined;
  readonly #failing = new Proxy(this.logic, { get: () => () => Promise.reject(this.failure) });
  readonly handler: RpcHandler = {
    call: async (_link, method, body) => {
      if (method === 1) this.connects++;
      return await answerLogic(
        this.failure === undefined ? this.logic : this.#failing,
        method,
        body,
      )!;
    },
  };
}

async function setUp(count: number) {
  const rpc = new MemoryRpc();
  const logics = Array.from({ length: count }, () => new ServedLogic());
  const addresses: Address[] = [];
  for (const logic of logics) {
    logic.listener = await rpc.listen(logic.handler);
    addresses.push(logic.listener.address);
  }
  /** The pool's ends of its links, in the order in which they came. */
  const links: RpcLink[] = [];
  const pool = new LogicPool({
    server: "c~1",
    addresses,
    streams: rpc.streams,
    secret: "",
    clock: rpc.clock,
    prng: seededPrng(1),
    handler: { call: () => new Uint8Array(), opened: (link) => void links.push(link) },
    counters: rpc.counters,
  });
  pool.start();
  await rpc.until("all are connected", () => pool.connected === count);
  /** Waits for a call, letting time pass. */
  const settled = async <Answer>(call: Promise<Answer>): Promise<Answer> => {
    let over = false;
    void call.finally(() => over = true).catch(() => {});
    for (let step = 0; step < 400 && !over; step++) await rpc.pass(50);
    assert.ok(over, "the call is over");
    return await call;
  };
  const stop = async () => {
    await rpc.settled(pool.stop());
    await rpc.pass(1_500);
    await rpc.close(...logics.map(({ listener }) => listener!));
  };
  return { rpc, logics, pool, links, settled, stop };
}

describe("LogicPool", () => {
  it("asks each logic in turn", async () => {
    const { logics, pool, settled, stop } = await setUp(3);
    for (let call = 0; call < 9; call++) await settled(pool.connect(request("k")));
    assert.deepEqual(logics.map(({ connects }) => connects), [3, 3, 3]);
    await stop();
  });

  it("reports to one logic some times in a row, and to another when that is away", async () => {
    const { rpc, logics, pool, settled, stop } = await setUp(2);
    for (const { logic } of logics) logic.holds.add("report");
    const report = async () => {
      const counts = { connections: 1, addresses: 1, rooms: new Map() };
      const call = pool.report({ server: "c~1", sequence: 1, base: 0, offline: false, ...counts });
      await rpc.pass(50);
      const at = logics.findIndex(({ logic }) => logic.reports.length > 0);
      logics[at].logic.reports.pop()!.resolve(new Map());
      await settled(call);
      return at;
    };
    const reported: number[] = [];
    for (let count = 0; count < 10; count++) reported.push(await report());
    assert.deepEqual(reported, [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    assert.equal(await report(), 0);
    await rpc.settled(logics[0].listener!.close());
    await rpc.pass(50);
    assert.deepEqual([await report(), await report()], [1, 1]);
    await stop();
  });

  it("asks one that goes only where there is no other, and again once it is back", async () => {
    const { rpc, logics, pool, links, settled, stop } = await setUp(2);
    const ask = async (times: number) => {
      for (let call = 0; call < times; call++) await settled(pool.connect(request("k")));
      return logics.map(({ connects }) => connects);
    };
    await pool.leave(links[0]);
    const counts = await ask(4);
    const going = counts.indexOf(0);
    const other = 1 - going;
    assert.equal(counts[other], 4);
    for (const link of [...logics[going].listener!.links()]) link.close();
    await rpc.until("the link is lost", () => pool.connected === 1);
    await rpc.pass(2_000);
    assert.equal(links.length, 3);
    assert.equal((await ask(4))[going], 2);
    await rpc.settled(logics[other].listener!.close());
    await rpc.until("the other is away", () => pool.connected === 1);
    let hasLeft = false;
    void pool.leave(links[2]).then(() => hasLeft = true);
    await rpc.pass(2_900);
    assert.equal(hasLeft, false, "it waits for another");
    await rpc.pass(200);
    assert.equal(hasLeft, true);
    assert.equal((await ask(1))[going], 3);
    await stop();
  });

  it("passes over one that fails for a while, and comes back to it", async () => {
    const { rpc, logics, pool, settled, stop } = await setUp(2);
    logics[0].failure = new RpcError("unavailable", true, "no store");
    for (let call = 0; call < 6; call++) {
      assert.equal((await settled(pool.connect(request(`k${call}`)))).key, `k${call}`);
    }
    assert.ok(logics[0].connects <= 2, `asked ${logics[0].connects} times`);
    logics[0].failure = undefined;
    await rpc.pass(1_500);
    logics[0].connects = 0;
    for (let call = 0; call < 4; call++) await settled(pool.connect(request("k")));
    assert.equal(logics[0].connects, 2);
    await stop();
  });

  it("reads a room's history from another logic when one loses its store or its link", async () => {
    const { rpc, logics, pool, settled, stop } = await setUp(2);
    const page = { epoch: "e1", head: 7, first: 1, messages: [], more: false };
    for (const { logic } of logics) logic.page = page;
    const read = () => pool.readHistory({ room: "log://1", last: 5, limit: 5, bytesMax: 100 });
    for (const logic of logics) {
      logic.failure = new RpcError("unavailable", true, "no store");
      for (let call = 0; call < 2; call++) assert.deepEqual(await settled(read()), page);
      logic.failure = undefined;
    }
    logics[0].logic.holds.add("readHistory");
    const reads = [read(), read()];
    await rpc.until("one waits", () => logics[0].logic.reads.length > 0);
    const [answers] = await Promise.all([
      settled(Promise.all(reads)),
      settled(logics[0].listener!.close()),
    ]);
    assert.deepEqual(answers, [page, page]);
    for (const logic of logics) logic.failure = new RpcError("unavailable", true, "no store");
    await assert.rejects(settled(read()), { code: "unavailable", temporary: true });
    await stop();
  });

  it("hands on what logic says of the client, and asks nobody else", async () => {
    const { logics, pool, settled, stop } = await setUp(2);
    const refusal = new ConnectRefused(CloseCodes.authFailed, "no");
    for (const logic of logics) logic.failure = refusal;
    await assert.rejects(settled(pool.connect(request("k"))), ConnectRefused);
    assert.equal(logics[0].connects + logics[1].connects, 1);
    await stop();
  });

  it("has an auth wait for a logic, and gives up in time", async () => {
    const { rpc, logics, pool, settled, stop } = await setUp(1);
    logics[0].failure = new RpcError("unavailable", true, "no store");
    const token = request("later");
    const waiting = pool.connect(token);
    token.token.fill(0);
    await rpc.pass(2_000);
    logics[0].failure = undefined;
    assert.equal((await settled(waiting)).key, "later");
    logics[0].failure = new RpcError("unavailable", true, "no store");
    const startMs = rpc.clock.monotonicMs();
    await assert.rejects(settled(pool.connect(request("never"))), { code: "unavailable" });
    const tookMs = rpc.clock.monotonicMs() - startMs;
    assert.ok(tookMs > 4_500 && tookMs < 7_000, `${tookMs} ms`);
    await stop();
  });

  it("undoes an auth that nobody answered, and none that was refused", async () => {
    const { rpc, logics, pool, settled, stop } = await setUp(1);
    logics[0].failure = new RpcError("timeout", true, "no answer");
    await assert.rejects(settled(pool.connect(request("own"))), { code: "timeout" });
    logics[0].failure = new ConnectRefused(CloseCodes.authFailed, "no");
    await assert.rejects(settled(pool.connect(request("refused"))), ConnectRefused);
    logics[0].failure = undefined;
    await rpc.pass(5_000);
    assert.deepEqual(logics[0].logic.undone, [request("own")]);
    assert.equal(pool.undos.length, 0);
    await stop();
  });

  it("takes nothing back of an auth that reached no logic", async () => {
    const { rpc, pool, settled, stop } = await setUp(0);
    const token = new TextEncoder().encode('{"mid":5,"accepts":[],"room_id":"","key":"k"}');
    await assert.rejects(settled(pool.connect({ ...request("x"), token })), {
      code: "unavailable",
    });
    await rpc.pass(1_000);
    assert.equal(pool.undos.length, 0);
    await stop();
  });

  it("tells logic of ended sessions when there is one again", async () => {
    const { rpc, logics, pool, settled, stop } = await setUp(1);
    logics[0].failure = new RpcError("unavailable", true, "no store");
    for (let id = 1; id <= 5; id++) await settled(pool.disconnect(session(id)));
    assert.equal(logics[0].logic.disconnected.length, 0);
    logics[0].failure = undefined;
    await rpc.pass(5_000);
    const ids = logics[0].logic.disconnected.map(({ connectionId }) => connectionId);
    assert.deepEqual(ids.toSorted(), [1, 2, 3, 4, 5]);
    await stop();
  });

  it("keeps no more ended sessions than it may", async () => {
    const { pool, stop } = await setUp(0);
    await Promise.all(Array.from({ length: 100_010 }, (_, id) => pool.disconnect(session(id))));
    assert.equal(pool.disconnects.dropped, 9, "one is on its way");
    await stop();
  });

  it("brings joins, and the replies to frames", async () => {
    const { rpc, logics, pool, settled, stop } = await setUp(1);
    const { logic } = logics[0];
    logic.holds.add("authorizeJoin").add("receive");
    const [joining, replying] = [
      settled(pool.authorizeJoin({ ...session(1), room: "live://2" })),
      settled(pool.receive({ ...session(1), ...FRAME })),
    ];
    await rpc.until("both are asked", () => logic.joins.length + logic.receives.length === 2);
    assert.deepEqual(logic.joins[0].request, { ...session(1), room: "live://2" });
    logic.joins[0].resolve(false);
    logic.receives[0].resolve(encoder.encode("pong"));
    assert.equal(await joining, false);
    assert.deepEqual(await replying, encoder.encode("pong"));
    await stop();
  });

  it("asks past a logic that fails where a message has an id, and one alone without", async () => {
    const { rpc, logics, pool, settled, stop } = await setUp(2);
    logics[0].failure = new RpcError("unavailable", true, "no store");
    const ask = (publishId?: string) =>
      settled(pool.publish({ ...session(1), room: "live://1", body: new Uint8Array(1), publishId }))
        .then(({ code }) => code, ({ message }) => message);
    const answers = [await ask("a"), await ask("b"), await ask("c")];
    assert.deepEqual(answers, [0, 0, 0]);
    assert.equal(logics[1].logic.published.length, 3);
    await rpc.pass(1_500);
    const without = [await ask(), await ask()];
    assert.deepEqual(without.toSorted(), [0, "no store"]);
    assert.equal(logics[1].logic.published.length, 4);
    logics[1].failure = logics[0].failure;
    assert.equal(await ask("d"), "no store");
    await stop();
  });

  it("asks past a logic of a version before, which does not know of messages", async () => {
    const { logics, pool, settled, stop } = await setUp(2);
    logics[0].failure = unknownMethod(11);
    const request = { ...session(1), room: "live://1", body: new Uint8Array(1) };
    for (const publishId of [undefined, "a", undefined, "b"]) {
      assert.equal((await settled(pool.publish({ ...request, publishId }))).code, 0);
    }
    assert.equal(logics[1].logic.published.length, 4);
    logics[0].failure = undefined;
    await settled(pool.receive({ ...session(1), ...FRAME }));
    await settled(pool.receive({ ...session(1), ...FRAME }));
    assert.equal(logics[0].logic.received.length, 1, "it is asked everything else as before");
    for (const logic of logics) logic.failure = unknownMethod(11);
    await assert.rejects(settled(pool.publish(request)), { code: "unknown-method" });
    await stop();
  });

  it("renews past a logic that fails or is of a version before, and says when all are", async () => {
    const { logics, pool, settled, stop } = await setUp(2);
    const renewal = { ...session(1), ...request("k"), token: encoder.encode('{"rooms":["*"]}') };
    for (const failure of [unknownMethod(12), new RpcError("unavailable", true, "no store")]) {
      logics[0].failure = failure;
      assert.deepEqual((await settled(pool.renewAuth(renewal))).rooms, ["*"]);
      assert.deepEqual((await settled(pool.renewAuth(renewal))).rooms, ["*"]);
    }
    logics[1].failure = new ConnectRefused(CloseCodes.blocked, "no");
    await assert.rejects(settled(pool.renewAuth(renewal)), ConnectRefused);
    for (const logic of logics) logic.failure = unknownMethod(12);
    await assert.rejects(settled(pool.renewAuth(renewal)), { code: "unknown-method" });
    await stop();
  });

  it("has one logic push a probe, and tells all the others what has come back", async () => {
    const { rpc, logics, pool, settled, stop } = await setUp(3);
    const probe = { server: "c~1", partition: 0, sentMs: 5, ageMs: 3, pushes: true };
    await settled(pool.probe(probe));
    await rpc.pass(50);
    const probes = logics.map(({ logic }) => logic.probes);
    assert.deepEqual(probes, [[probe], [{ ...probe, pushes: false }], [{
      ...probe,
      pushes: false,
    }]]);
    await stop();
  });

  it("says at once that a frame cannot be handed over when there is no logic", async () => {
    const { pool, stop } = await setUp(0);
    await assert.rejects(pool.receive({ ...session(1), ...FRAME }), {
      code: "unavailable",
      temporary: true,
    });
    await stop();
  });
});
