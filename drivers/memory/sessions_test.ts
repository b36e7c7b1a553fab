import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ManualClock } from "../../base/clock.ts";
import type { ConnectionRef } from "../../protocol/rpc/contract.ts";
import type { SessionLimits } from "../ports.ts";
import { MemoryNodes } from "./nodes.ts";
import { MemorySessions } from "./sessions.ts";

const loose: SessionLimits = { perMidMax: 100, perKeyMax: 100, whenFull: "refuse" };

async function setUp(servers: readonly string[] = ["a", "b"]) {
  const clock = new ManualClock();
  const nodes = new MemoryNodes(clock);
  const register = (server: string) =>
    nodes.register({
      server,
      region: "",
      zone: "",
      env: "",
      hostname: server,
      addresses: [],
      version: "",
      weight: 1,
      offline: false,
    });
  for (const server of servers) await register(server);
  const report = (server: string) =>
    nodes.report(server, { connections: 0, clientAddresses: 0, rooms: new Map() });
  return { clock, nodes, register, report, sessions: new MemorySessions(nodes) };
}

function session(connectionId: number, mid: bigint, key: string, server = "a"): ConnectionRef {
  return { server, connectionId, mid, key };
}

test("MemorySessions finds what was added by key and by mid", async () => {
  const { sessions } = await setUp();
  const phone = session(1, 7n, "phone");
  const laptop = session(2, 7n, "laptop", "b");
  const other = session(3, 8n, "other");
  for (const each of [phone, laptop, other]) {
    assert.deepEqual(await sessions.add(each, loose), { added: true, evicted: [] });
  }
  assert.deepEqual(await sessions.byMids([7n]), [phone, laptop]);
  assert.deepEqual(await sessions.byMids([8n, 9n, 7n]), [other, phone, laptop]);
  assert.deepEqual(await sessions.byKeys(["laptop", "nobody's", "other"]), [laptop, other]);
  assert.equal(sessions.size, 3);
});

test("MemorySessions tells int64 mids apart that are one as a number", async () => {
  const { sessions } = await setUp();
  const even = session(1, 9007199254740992n, "even");
  const odd = session(2, 9007199254740993n, "odd");
  await sessions.add(even, loose);
  await sessions.add(odd, loose);
  assert.deepEqual(await sessions.byMids([9007199254740993n]), [odd]);
});

test("MemorySessions neither finds nor limits the mid 0, which is nobody", async () => {
  const { sessions } = await setUp();
  const limits: SessionLimits = { perMidMax: 1, perKeyMax: 1, whenFull: "refuse" };
  for (let id = 1; id <= 3; id++) {
    assert.ok((await sessions.add(session(id, 0n, `key-${id}`), limits)).added);
  }
  assert.deepEqual(await sessions.byMids([0n]), []);
  assert.equal((await sessions.byKeys(["key-1", "key-2", "key-3"])).length, 3);
});

test("MemorySessions.add() refuses one more than a key or a mid may have", async () => {
  const { sessions } = await setUp();
  const limits: SessionLimits = { perMidMax: 2, perKeyMax: 1, whenFull: "refuse" };
  await sessions.add(session(1, 7n, "x"), limits);
  assert.deepEqual(await sessions.add(session(2, 8n, "x"), limits), { added: false });
  assert.ok((await sessions.add(session(3, 7n, "y"), limits)).added);
  assert.deepEqual(await sessions.add(session(4, 7n, "z"), limits), { added: false });
  assert.deepEqual(await sessions.byKeys(["z"]), []);
  assert.deepEqual(await sessions.byMids([8n]), []);
  assert.equal(sessions.size, 2);
});

test("MemorySessions.add() makes room by the oldest of the key and of the mid", async () => {
  const { sessions } = await setUp();
  const limits: SessionLimits = { perMidMax: 2, perKeyMax: 1, whenFull: "close-oldest" };
  const [oldest, older, sameKey] = [session(1, 7n, "x"), session(2, 7n, "y"), session(3, 8n, "z")];
  for (const each of [oldest, older, sameKey]) await sessions.add(each, limits);
  const newest = session(4, 7n, "z", "b");
  assert.deepEqual(await sessions.add(newest, limits), {
    added: true,
    evicted: [sameKey, oldest],
  });
  assert.deepEqual(await sessions.byMids([7n, 8n]), [older, newest]);
  assert.deepEqual(await sessions.byKeys(["x", "y", "z"]), [older, newest]);
  assert.equal(sessions.size, 2);
});

test("MemorySessions.add() evicts one and not two when key and mid agree on it", async () => {
  const { sessions } = await setUp();
  const limits: SessionLimits = { perMidMax: 1, perKeyMax: 1, whenFull: "close-oldest" };
  const old = session(1, 7n, "x");
  await sessions.add(old, limits);
  assert.deepEqual(await sessions.add(session(2, 7n, "x"), limits), {
    added: true,
    evicted: [old],
  });
});

test("MemorySessions.remove() forgets one of several and says whether there was one", async () => {
  const { sessions } = await setUp();
  const all = [session(1, 7n, "x"), session(2, 7n, "x"), session(3, 7n, "x")];
  for (const each of all) await sessions.add(each, loose);
  assert.equal(await sessions.remove({ ...all[1] }), true);
  assert.equal(await sessions.remove({ ...all[1] }), false);
  assert.deepEqual(await sessions.byKeys(["x"]), [all[0], all[2]]);
  assert.deepEqual(await sessions.byMids([7n]), [all[0], all[2]]);
  await sessions.remove(all[0]);
  await sessions.remove(all[2]);
  assert.deepEqual(await sessions.byMids([7n]), []);
  assert.equal(sessions.size, 0);
});

test("goim fault 6: a late disconnect does not delete the session of the connection that replaced it", async () => {
  const { sessions } = await setUp();
  const limits: SessionLimits = { perMidMax: 1, perKeyMax: 1, whenFull: "close-oldest" };
  const old = session(1, 7n, "x");
  const replacement = session(2, 7n, "x");
  const sameIdElsewhere = session(2, 7n, "x", "b");
  await sessions.add(old, limits);
  await sessions.add(replacement, limits);
  assert.equal(await sessions.remove(old), false);
  assert.equal(await sessions.remove(sameIdElsewhere), false);
  assert.deepEqual(await sessions.byKeys(["x"]), [replacement]);
  assert.deepEqual(await sessions.byMids([7n]), [replacement]);
});

test("goim fault 9: sessions of a crashed comet are ignored at once its lease is over", async () => {
  const { clock, report, sessions } = await setUp();
  const crashed = session(1, 7n, "x", "a");
  const well = session(2, 7n, "x", "b");
  await sessions.add(crashed, loose);
  await sessions.add(well, loose);
  clock.advance(29_999);
  await report("b");
  assert.deepEqual(await sessions.byKeys(["x"]), [crashed, well]);
  clock.advance(1);
  assert.deepEqual(await sessions.byKeys(["x"]), [well]);
  assert.deepEqual(await sessions.byMids([7n]), [well]);
});

test("MemorySessions.add() does not count sessions of dead nodes against the limits", async () => {
  const { clock, report, sessions } = await setUp();
  await sessions.add(session(1, 7n, "x", "a"), loose);
  clock.advance(29_999);
  await report("b");
  clock.advance(1);
  for (const whenFull of ["refuse", "close-oldest"] as const) {
    const newcomer = session(2, 7n, "x", "b");
    const added = await sessions.add(newcomer, { perMidMax: 1, perKeyMax: 1, whenFull });
    assert.deepEqual(added, { added: true, evicted: [] });
    await sessions.remove(newcomer);
  }
});

test("MemorySessions ignores sessions of a node that was never registered", async () => {
  const { sessions } = await setUp([]);
  await sessions.add(session(1, 7n, "x"), loose);
  assert.deepEqual(await sessions.byKeys(["x"]), []);
});

test("MemorySessions finds the sessions of a node again that was only slow", async () => {
  const { clock, report, sessions } = await setUp();
  await sessions.add(session(1, 7n, "x"), loose);
  clock.advance(60_000);
  assert.deepEqual(await sessions.byMids([7n]), []);
  await report("a");
  assert.equal((await sessions.byMids([7n])).length, 1);
});

test("MemorySessions forgets the sessions of a node that registers again or leaves", async () => {
  const { nodes, register, sessions } = await setUp();
  const kept = session(9, 7n, "x", "b");
  await sessions.add(session(1, 7n, "x"), loose);
  await sessions.add(session(2, 7n, "x"), loose);
  await sessions.add(session(3, 8n, "y"), loose);
  await sessions.add(kept, loose);
  await register("a");
  assert.deepEqual(await sessions.byMids([7n, 8n]), [kept]);
  assert.equal(sessions.size, 1);
  await nodes.unregister("b");
  assert.equal(sessions.size, 0);
});

test("MemorySessions agrees with a naive list over random calls", async () => {
  const call = fc.record({
    add: fc.boolean(),
    connectionId: fc.integer({ min: 1, max: 6 }),
    server: fc.constantFrom("a", "b"),
    mid: fc.constantFrom(0n, 1n, 2n),
    key: fc.constantFrom("x", "y", "z"),
  });
  const limits: SessionLimits = { perMidMax: 3, perKeyMax: 2, whenFull: "close-oldest" };
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 60 }), async (calls) => {
      const { sessions } = await setUp();
      let naive: ConnectionRef[] = [];
      let nextId = 100;
      for (const { add, ...given } of calls) {
        if (add) {
          const ref = { ...given, connectionId: nextId++ };
          for (
            const [max, same] of [
              [2, (other: ConnectionRef) => other.key === ref.key],
              [3, (other: ConnectionRef) => ref.mid !== 0n && other.mid === ref.mid],
            ] as const
          ) {
            const alike = naive.filter(same);
            const gone = alike.slice(0, Math.max(0, alike.length - max + 1));
            naive = naive.filter((other) => !gone.includes(other));
          }
          naive.push(ref);
          await sessions.add(ref, limits);
        } else {
          const target = naive[given.connectionId % Math.max(1, naive.length)] ?? given;
          assert.equal(await sessions.remove({ ...target }), naive.includes(target));
          naive = naive.filter((other) => other !== target);
        }
        assert.equal(sessions.size, naive.length);
        for (const key of ["x", "y", "z"]) {
          assert.deepEqual(
            await sessions.byKeys([key]),
            naive.filter((other) => other.key === key),
          );
        }
        for (const mid of [1n, 2n]) {
          assert.deepEqual(
            await sessions.byMids([mid]),
            naive.filter((other) => other.mid === mid),
          );
        }
      }
    }),
    { numRuns: 100 },
  );
});
