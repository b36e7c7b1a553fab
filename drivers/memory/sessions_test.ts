import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ManualClock } from "../../base/clock.ts";
import type { ConnectionRef } from "../../protocol/cluster/connection.ts";
import { nameOf } from "../../protocol/cluster/comet_node.ts";
import type { SessionLimits } from "../ports.ts";
import { MemoryNodes } from "./nodes.ts";
import { MemorySessions } from "./sessions.ts";

const loose: SessionLimits = { perMidMax: 100, perKeyMax: 100, whenFull: "refuse" };

async function setUp() {
  const nodes = new MemoryNodes(new ManualClock());
  const register = (server: string) =>
    nodes.register({
      server,
      name: nameOf(server),
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
  for (const server of ["a~1", "b~1"]) await register(server);
  return { nodes, register, sessions: new MemorySessions(nodes) };
}

function session(connectionId: number, mid: bigint, key: string, server = "a~1"): ConnectionRef {
  return { server, connectionId, mid, key };
}

test("MemorySessions.size counts what is stored", async () => {
  const { sessions } = await setUp();
  const all = [session(1, 7n, "x"), session(2, 7n, "x"), session(3, 0n, "y", "b~1")];
  for (const each of [...all, all[0]]) await sessions.add(each, loose);
  assert.equal(sessions.size, 3);
  await sessions.add(session(4, 7n, "x"), { perMidMax: 1, perKeyMax: 9, whenFull: "close-oldest" });
  assert.equal(sessions.size, 2);
  await sessions.renew(all);
  assert.equal(sessions.size, 4);
  for (const each of [...all, ...all]) await sessions.remove(each);
  assert.equal(sessions.size, 1);
});

test("MemorySessions forgets the sessions of a run that is replaced or leaves", async () => {
  const { nodes, register, sessions } = await setUp();
  const kept = session(9, 7n, "x", "b~1");
  await sessions.add(session(1, 7n, "x"), loose);
  await sessions.add(session(2, 7n, "x"), loose);
  await sessions.add(session(3, 8n, "y"), loose);
  await sessions.add(kept, loose);
  await register("a~1");
  assert.equal(sessions.size, 4);
  await register("a~2");
  assert.deepEqual(await sessions.byMids([7n, 8n]), [kept]);
  assert.equal(sessions.size, 1);
  await nodes.unregister("b~1");
  assert.equal(sessions.size, 0);
});

test("MemorySessions agrees with a naive list over random calls", async () => {
  const call = fc.record({
    add: fc.boolean(),
    connectionId: fc.integer({ min: 1, max: 6 }),
    server: fc.constantFrom("a~1", "b~1"),
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
    { seed: 33, numRuns: 100 },
  );
});
