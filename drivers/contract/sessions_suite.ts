import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import type { ConnectionRef } from "../../protocol/cluster/connection.ts";
import type { SessionLimits, SessionsPromise } from "../ports.ts";
import { Registry, type RegistrySubject } from "./registry_subject.ts";

const loose: SessionLimits = { perMidMax: 100, perKeyMax: 100, whenFull: "refuse" };

/** Keys that a careless driver confuses or cuts. */
const ODD_KEYS = [
  "{a}",
  "}{",
  "a:b@c 1 2",
  "7@a~1",
  "a b\tc\nd\r\ne",
  "nul\0nul\0",
  `"quoted" \\ back`,
  "漢字 🎈",
  "lone \ud800",
  "lone \ud801",
  " ",
];

/** Registers what every implementation of `Sessions` must do. */
export function sessionsContract(subject: RegistrySubject): void {
  describe("Sessions", () => {
    async function open(...names: readonly string[]): Promise<Registry> {
      const registry = await Registry.open(subject);
      await registry.register(...names.length === 0 ? ["a", "b"] : names);
      return registry;
    }

    async function addAll(registry: Registry, all: readonly ConnectionRef[]): Promise<void> {
      for (const each of all) {
        assert.deepEqual(await registry.sessions.add(each, loose), { added: true, evicted: [] });
      }
    }

    const promises: Readonly<Record<Exclude<SessionsPromise, "limited">, () => void>> = {
      found() {
        it("finds what was added by key and by mid, the oldest first", async () => {
          const registry = await open();
          const { sessions } = registry;
          const phone = registry.session(1, 7n, "phone");
          const laptop = registry.session(2, 7n, "laptop", "b");
          const other = registry.session(3, 8n, "other");
          await addAll(registry, [phone, laptop, other]);
          const [seven, eight, nine] = [7n, 8n, 9n].map((mid) => registry.mid(mid));
          assert.deepEqual(await sessions.byMids([seven]), [phone, laptop]);
          assert.deepEqual(await sessions.byMids([eight, nine, seven]), [other, phone, laptop]);
          assert.deepEqual(
            await sessions.byKeys(["laptop", "nobody's", "other"].map((key) => registry.name(key))),
            [laptop, other],
          );
          assert.deepEqual(await sessions.byKeys([]), []);
        });

        it("tells mids apart that are one as a number, over all of int64", async () => {
          const registry = await open();
          const mids = [
            2n ** 53n,
            2n ** 53n + 1n,
            2n ** 63n - 1n,
            2n ** 63n - 2n,
            -(2n ** 63n),
            -1n,
          ];
          const all = mids.map((mid, index) => ({
            ...registry.session(index + 1, 1n, `int64-${index}`),
            mid,
          }));
          await addAll(registry, all);
          for (const [index, mid] of mids.entries()) {
            assert.deepEqual(await registry.sessions.byMids([mid]), [all[index]]);
          }
          for (const each of all) await registry.sessions.remove(each);
        });

        it("does not find the mid 0, which is nobody", async () => {
          const registry = await open();
          const nobody = registry.session(1, 0n, "x");
          await addAll(registry, [nobody]);
          assert.deepEqual(await registry.sessions.byMids([0n]), []);
          assert.deepEqual(await registry.sessions.byKeys([nobody.key]), [nobody]);
          assert.equal(await registry.sessions.remove(nobody), true);
        });

        it("keeps odd characters in keys apart", async () => {
          const registry = await open();
          const all = ODD_KEYS.map((key, index) => registry.session(index + 1, 7n, key));
          await addAll(registry, all);
          assert.deepEqual(await registry.sessions.byMids([registry.mid(7n)]), all);
          for (const each of all) {
            assert.deepEqual(await registry.sessions.byKeys([each.key]), [each]);
            assert.equal(await registry.sessions.remove(each), true);
          }
          assert.deepEqual(await registry.sessions.byMids([registry.mid(7n)]), []);
        });

        it("finds 10,000 keys in one call", async () => {
          const registry = await open();
          const all = Array.from(
            { length: 10_000 },
            (_, index) => registry.session(index + 1, BigInt(index % 5_000 + 1), `key-${index}`),
          );
          await registry.sessions.renew(all);
          assert.deepEqual(await registry.sessions.byKeys(all.map(({ key }) => key)), all);
          const mids = Array.from({ length: 5_000 }, (_, index) => registry.mid(BigInt(index + 1)));
          assert.equal((await registry.sessions.byMids(mids)).length, 10_000);
        });
      },
      exact() {
        it("forgets one of several and says whether there was one", async () => {
          const registry = await open();
          const { sessions } = registry;
          const all = [1, 2, 3].map((id) => registry.session(id, 7n, "x"));
          await addAll(registry, all);
          assert.equal(await sessions.remove({ ...all[1] }), true);
          assert.equal(await sessions.remove({ ...all[1] }), false);
          assert.deepEqual(await sessions.byKeys([all[0].key]), [all[0], all[2]]);
          assert.deepEqual(await sessions.byMids([all[0].mid]), [all[0], all[2]]);
          await sessions.remove(all[0]);
          await sessions.remove(all[2]);
          assert.deepEqual(await sessions.byMids([all[0].mid]), []);
        });

        it("forgets the session of exactly one connection: goim fault 6", async () => {
          const registry = await open();
          const { sessions } = registry;
          const limits: SessionLimits = { perMidMax: 1, perKeyMax: 1, whenFull: "close-oldest" };
          const old = registry.session(1, 7n, "x");
          const replacement = registry.session(2, 7n, "x");
          await sessions.add(old, limits);
          await sessions.add(replacement, limits);
          assert.equal(await sessions.remove(old), false);
          assert.equal(await sessions.remove(registry.session(2, 7n, "x", "b")), false);
          assert.deepEqual(await sessions.byKeys([old.key]), [replacement]);
          assert.deepEqual(await sessions.byMids([old.mid]), [replacement]);
        });

        it("adds the same connection once", async () => {
          const registry = await open();
          const { sessions } = registry;
          const all = [registry.session(1, 7n, "x"), registry.session(2, 7n, "x")];
          await addAll(registry, [...all, all[0], all[1], all[0]]);
          assert.deepEqual(await sessions.byKeys([all[0].key]), all);
          assert.deepEqual(await sessions.byMids([all[0].mid]), all);
          await sessions.remove(all[0]);
          assert.deepEqual(await sessions.byMids([all[0].mid]), [all[1]]);
        });
      },
      alive() {
        it("ignores sessions of a crashed comet once its lease is over: goim fault 9", async () => {
          const registry = await open();
          const { sessions } = registry;
          const crashed = registry.session(1, 7n, "x", "a");
          const well = registry.session(2, 7n, "x", "b");
          await addAll(registry, [crashed, well]);
          await registry.watch(registry.leaseMs - 1, "b");
          assert.deepEqual(await sessions.byKeys([well.key]), [crashed, well]);
          await registry.watch(1, "b");
          assert.deepEqual(await sessions.byKeys([well.key]), [well]);
          assert.deepEqual(await sessions.byMids([well.mid]), [well]);
        });

        it("finds the sessions of a comet again that was only slow", async () => {
          const registry = await open("a");
          const session = registry.session(1, 7n, "x");
          await addAll(registry, [session]);
          await registry.watch(registry.leaseMs);
          assert.deepEqual(await registry.sessions.byMids([session.mid]), []);
          await registry.register("a");
          assert.deepEqual(await registry.sessions.byMids([session.mid]), [session]);
          assert.deepEqual(await registry.sessions.byKeys([session.key]), [session]);
        });

        it("ignores sessions of a comet that is not registered", async () => {
          const registry = await open("b");
          const session = registry.session(1, 7n, "x");
          await addAll(registry, [session]);
          assert.deepEqual(await registry.sessions.byKeys([session.key]), []);
          await registry.register("a");
          await registry.sessions.add(session, loose);
          assert.deepEqual(await registry.sessions.byKeys([session.key]), [session]);
          await registry.nodes.unregister(session.server);
          assert.deepEqual(await registry.sessions.byKeys([session.key]), []);
          assert.deepEqual(await registry.sessions.byMids([session.mid]), []);
        });

        it("ignores sessions of a run that was replaced, and renewing does not bring them back", async () => {
          const registry = await open();
          const { sessions } = registry;
          const old = registry.session(1, 7n, "x", "a", 1);
          const elsewhere = registry.session(1, 7n, "x", "b");
          const fresh = registry.session(1, 7n, "x", "a", 2);
          await addAll(registry, [old, elsewhere]);
          await registry.nodes.register(registry.node("a", 2));
          await addAll(registry, [fresh]);
          assert.deepEqual(await sessions.byKeys([old.key]), [elsewhere, fresh]);
          await sessions.renew([old]);
          assert.deepEqual(await sessions.byMids([old.mid]), [elsewhere, fresh]);
        });
      },
      renewed() {
        it("brings sessions back that got lost, and leaves the others as they are", async () => {
          const registry = await open();
          const { sessions } = registry;
          const all = [1, 2, 3].map((id) => registry.session(id, 7n, "x"));
          const nobody = registry.session(9, 0n, "y");
          await addAll(registry, [...all, nobody]);
          await sessions.remove(all[1]);
          await sessions.remove(nobody);
          await sessions.renew([...all, nobody]);
          assert.deepEqual(await sessions.byKeys([all[0].key]), [all[0], all[2], all[1]]);
          assert.deepEqual(await sessions.byMids([all[0].mid]), [all[0], all[2], all[1]]);
          assert.deepEqual(await sessions.byKeys([nobody.key]), [nobody]);
          assert.equal(await sessions.remove(all[1]), true);
          await sessions.renew([]);
        });
      },
    };
    for (const [promise, tests] of Object.entries(promises)) describe(promise, tests);
    if (!subject.sessionsExpire) return;
    it("lets sessions expire that nobody renews", async () => {
      const registry = await Registry.open(subject, 1_000);
      await registry.register("a");
      const limits: SessionLimits = { perMidMax: 2, perKeyMax: 2, whenFull: "refuse" };
      const [kept, left] = [registry.session(1, 7n, "x"), registry.session(2, 7n, "x")];
      await registry.sessions.add(kept, limits);
      await registry.sessions.add(left, limits);
      const more = registry.session(3, 7n, "x");
      assert.deepEqual(await registry.sessions.add(more, limits), { added: false });
      // Time is the store's own: it is asked again and again.
      for (let tries = 0; tries < 500; tries++) {
        await registry.sessions.renew([kept]);
        const found = [
          await registry.sessions.byKeys([left.key]),
          await registry.sessions.byMids([left.mid]),
        ];
        // One moment after the other: they were added so.
        if (found.every(({ length }) => length === 1)) break;
        await wait(10);
      }
      assert.deepEqual(await registry.sessions.byKeys([left.key]), [kept]);
      assert.deepEqual(await registry.sessions.byMids([left.mid]), [kept]);
      assert.deepEqual(await registry.sessions.add(more, limits), { added: true, evicted: [] });
    });
  });
}
