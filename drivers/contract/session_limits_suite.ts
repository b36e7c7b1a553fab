import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConnectionRef } from "../../protocol/cluster/connection.ts";
import type { SessionLimits, SessionsPromise } from "../ports.ts";
import { Registry, type RegistrySubject } from "./registry_subject.ts";

const promise: SessionsPromise = "limited";

/** Registers what every implementation of `Sessions` must do at its limits. */
export function sessionLimitsContract(subject: RegistrySubject): void {
  describe(`Sessions > ${promise}`, () => {
    async function open(): Promise<Registry> {
      const registry = await Registry.open(subject);
      await registry.register("a", "b");
      return registry;
    }

    it("refuses one more than a key or a mid may have, and leaves nothing of it", async () => {
      const registry = await open();
      const { sessions } = registry;
      const limits: SessionLimits = { perMidMax: 2, perKeyMax: 1, whenFull: "refuse" };
      const [x, y] = [registry.session(1, 7n, "x"), registry.session(3, 7n, "y")];
      const [keyFull, midFull] = [registry.session(2, 8n, "x"), registry.session(4, 7n, "z")];
      await sessions.add(x, limits);
      assert.deepEqual(await sessions.add(keyFull, limits), { added: false });
      assert.ok((await sessions.add(y, limits)).added);
      assert.deepEqual(await sessions.add(midFull, limits), { added: false });
      assert.deepEqual(await sessions.byKeys([midFull.key]), []);
      assert.deepEqual(await sessions.byMids([keyFull.mid]), []);
      assert.deepEqual(await sessions.byKeys([x.key]), [x]);
      assert.deepEqual(await sessions.byMids([x.mid]), [x, y]);
      await sessions.remove(x);
      assert.ok((await sessions.add(midFull, limits)).added);
    });

    it("makes room by the oldest of the key and of the mid", async () => {
      const registry = await open();
      const { sessions } = registry;
      const limits: SessionLimits = { perMidMax: 2, perKeyMax: 1, whenFull: "close-oldest" };
      const [oldest, older, sameKey] = [
        registry.session(1, 7n, "x"),
        registry.session(2, 7n, "y"),
        registry.session(3, 8n, "z"),
      ];
      for (const each of [oldest, older, sameKey]) await sessions.add(each, limits);
      const newest = registry.session(4, 7n, "z", "b");
      assert.deepEqual(await sessions.add(newest, limits), {
        added: true,
        evicted: [sameKey, oldest],
      });
      assert.deepEqual(await sessions.byMids([older.mid, sameKey.mid]), [older, newest]);
      const keys = [oldest, older, sameKey].map(({ key }) => key);
      assert.deepEqual(await sessions.byKeys(keys), [older, newest]);
      assert.equal(await sessions.remove(oldest), false);
    });

    it("evicts one and not two when key and mid agree on it", async () => {
      const registry = await open();
      const limits: SessionLimits = { perMidMax: 1, perKeyMax: 1, whenFull: "close-oldest" };
      const old = registry.session(1, 7n, "x");
      await registry.sessions.add(old, limits);
      const added = await registry.sessions.add(registry.session(2, 7n, "x"), limits);
      assert.deepEqual(added, { added: true, evicted: [old] });
    });

    it("evicts the oldest first, many times over", async () => {
      const registry = await open();
      const limits: SessionLimits = { perMidMax: 100, perKeyMax: 12, whenFull: "close-oldest" };
      const all = Array.from({ length: 40 }, (_, index) => registry.session(index + 1, 7n, "x"));
      const evicted: ConnectionRef[] = [];
      for (const each of all) {
        const added = await registry.sessions.add(each, limits);
        if (added.added) evicted.push(...added.evicted);
      }
      assert.deepEqual(evicted, all.slice(0, 28));
      assert.deepEqual(await registry.sessions.byKeys([all[0].key]), all.slice(28));
      assert.deepEqual(await registry.sessions.byMids([all[0].mid]), all.slice(28));
    });

    it("lets a connection that is there already in again when all is full", async () => {
      const registry = await open();
      for (const whenFull of ["refuse", "close-oldest"] as const) {
        const limits: SessionLimits = { perMidMax: 1, perKeyMax: 1, whenFull };
        const session = registry.session(1, 7n, whenFull);
        await registry.sessions.add(session, limits);
        assert.deepEqual(await registry.sessions.add({ ...session }, limits), {
          added: true,
          evicted: [],
        });
        await registry.sessions.remove(session);
      }
    });

    it("sets no limit to the mid 0, which is nobody", async () => {
      const registry = await open();
      const limits: SessionLimits = { perMidMax: 1, perKeyMax: 1, whenFull: "refuse" };
      for (let id = 1; id <= 3; id++) {
        const nobody = registry.session(id, 0n, `key-${id}`);
        assert.ok((await registry.sessions.add(nobody, limits)).added);
      }
    });

    it("does not count sessions of comets that are gone or replaced", async () => {
      const registry = await open();
      const { sessions } = registry;
      const roomy: SessionLimits = { perMidMax: 9, perKeyMax: 9, whenFull: "refuse" };
      await registry.register("c");
      await sessions.add(registry.session(1, 7n, "x", "a"), roomy);
      await sessions.add(registry.session(1, 7n, "x", "c"), roomy);
      await registry.watch(registry.leaseMs, "b", "c");
      await registry.nodes.register(registry.node("c", 2));
      for (const whenFull of ["refuse", "close-oldest"] as const) {
        const limits: SessionLimits = { perMidMax: 1, perKeyMax: 1, whenFull };
        const newcomer = registry.session(2, 7n, "x", "b");
        assert.deepEqual(await sessions.add(newcomer, limits), { added: true, evicted: [] });
        assert.deepEqual(await sessions.byKeys([newcomer.key]), [newcomer]);
        await sessions.remove(newcomer);
      }
    });

    for (const whenFull of ["refuse", "close-oldest"] as const) {
      it(`never lets more in than may be, all at the same time (${whenFull})`, async () => {
        const registry = await open();
        const limits: SessionLimits = { perMidMax: 5, perKeyMax: 3, whenFull };
        const all = Array.from(
          { length: 60 },
          (_, index) => registry.session(index + 1, 7n, `x${index % 2}`),
        );
        const results = await Promise.all(all.map((each) => registry.sessions.add(each, limits)));
        const left = await registry.sessions.byMids([all[0].mid]);
        const keys = [all[0].key, all[1].key];
        const byKeys = await registry.sessions.byKeys(keys);
        const idOf = ({ connectionId }: ConnectionRef) => connectionId;
        const sorted = (some: readonly ConnectionRef[]) => some.map(idOf).sort((a, b) => a - b);
        assert.deepEqual(sorted(byKeys), sorted(left));
        const added = all.filter((_, index) => results[index].added);
        // One may have made room for two, once by its key and once by its mid.
        const evicted = [
          ...new Map(
            results.flatMap((result) => result.added ? result.evicted : []).map((
              old,
            ) => [old.connectionId, old]),
          ).values(),
        ];
        assert.deepEqual(sorted([...left, ...evicted]), sorted(added));
        if (whenFull === "refuse") assert.deepEqual(evicted, []);
        else assert.equal(added.length, 60);
        assert.ok(left.length <= 5 && left.length >= 1, `${left.length} of at most 5`);
        for (const key of keys) {
          assert.ok((await registry.sessions.byKeys([key])).length <= 3);
        }
      });
    }
  });
}
