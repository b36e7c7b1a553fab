import assert from "node:assert/strict";
import { LeaseLost } from "../ports.ts";
import { leaseOf, type RegisterTest, room, takeOver, texts } from "./push_log_model.ts";
import { until, within } from "./waiting.ts";

/** Tests of who may read a partition. */
export function fencedTests(test: RegisterTest): void {
  test("keeps a lease from others, and its token while it is renewed", async (log, other) => {
    const lease = await leaseOf(log, 0, "a");
    assert.equal(await other.acquire(0, "b"), undefined);
    assert.deepEqual(await log.acquire(0, "a"), lease);
    await log.release({ ...lease, token: lease.token - 1 });
    assert.equal(await other.acquire(0, "b"), undefined, "an old lease is no lease");
    await log.release(lease);
    const next = await leaseOf(other, 0, "b");
    assert.ok(next.token > lease.token, `${next.token} > ${lease.token}`);
    await log.release(lease);
    assert.deepEqual(await other.acquire(0, "b"), next);
  });

  test(
    "refuses an owner whose lease ran out, which then takes and forgets nothing",
    async (log, other) => {
      await log.append(0, room("a"));
      await log.append(0, room("b"));
      const lease = await leaseOf(log, 0, "a");
      const [first] = await log.read(lease, 1);
      const next = await takeOver(other, 0, "b");
      assert.ok(next.token > lease.token);
      await assert.rejects(log.read(lease, 10), LeaseLost);
      await assert.rejects(log.claim(lease), LeaseLost);
      await assert.rejects(log.ack(lease, [first.position]), LeaseLost);
      assert.deepEqual(texts(await other.claim(next)), ["a"]);
      assert.deepEqual(texts(await other.read(next, 10)), ["b"]);
    },
    { leaseMs: 300 },
  );

  test(
    "gives nothing to a read that waited while its lease went to another",
    async (log, other) => {
      const lease = await leaseOf(log, 0, "a");
      const waiting = log.read(lease, 10).catch((error) => error);
      await log.release(lease);
      const next = await leaseOf(other, 0, "b");
      await other.append(0, room("x"));
      assert.ok(await within("the old read", waiting) instanceof LeaseLost);
      assert.deepEqual(texts(await other.read(next, 10)), ["x"]);
    },
  );
}

/** Tests of who shares the partitions. */
export function ownersTests(test: RegisterTest): void {
  test("lists live owners until they leave or run out", async (log, other) => {
    assert.deepEqual(await log.join("b"), ["b"]);
    assert.deepEqual(await other.join("a"), ["a", "b"]);
    const lease = await leaseOf(log, 1, "b");
    await log.leave("b");
    assert.deepEqual(await other.join("a"), ["a"]);
    assert.ok((await leaseOf(other, 1, "a")).token > lease.token, "its leases are free");
    await log.join("c");
    await until("c runs out", async () => (await other.join("a")).length === 1);
  }, { leaseMs: 300 });
}
