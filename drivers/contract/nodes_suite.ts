import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NodeReplaced, type NodesPromise, NodeUnknown } from "../ports.ts";
import { Registry, type RegistrySubject } from "./registry_subject.ts";

/** Names that a careless driver confuses or cuts. */
const ODD_NAMES = [
  "live://1000",
  "{live}",
  "a b\tc\nd\r\ne",
  "nul\0nul\0",
  `"quoted" 'single' \\ back`,
  "漢字 🎈",
  "lone \ud800 surrogate",
  "lone \ud801 surrogate",
  "%s *?[a]",
  "",
  " ",
];

/** Registers what every implementation of `Nodes` must do. */
export function nodesContract(subject: RegistrySubject): void {
  describe("Nodes", () => {
    async function states(registry: Registry) {
      const own = new Set(await registry.live());
      return (await registry.nodes.list()).filter(({ server }) => own.has(server));
    }

    const promises: Readonly<Record<NodesPromise, () => void>> = {
      whole() {
        it("keeps every field of a node", async () => {
          const registry = await Registry.open(subject);
          const node = {
            ...registry.node('ü {x} "q"'),
            addresses: ["10.0.0.1", "fd00::1"],
            region: "",
            weight: 0.5,
            offline: true,
          };
          await registry.nodes.register(node);
          const found = (await registry.nodes.live()).find(({ server }) => server === node.server);
          assert.deepEqual(found, node);
        });

        it("keeps odd characters in names of rooms", async () => {
          const registry = await Registry.open(subject);
          await registry.register("a");
          const rooms = new Map(ODD_NAMES.map((room, index) => [room, index + 1]));
          await registry.report("a", 1, rooms);
          assert.deepEqual((await states(registry))[0].rooms, rooms);
        });

        it("takes 20,000 rooms", async () => {
          const registry = await Registry.open(subject);
          await registry.register("a");
          const rooms = new Map<string, number>();
          for (let room = 0; room < 20_000; room++) {
            rooms.set(`live://room-${room}`, room % 100 + 1);
          }
          await registry.report("a", 1, rooms);
          assert.deepEqual((await states(registry))[0].rooms, rooms);
          rooms.set("live://room-7", 1_000);
          rooms.delete("live://room-8");
          await registry.report("a", 1, rooms);
          assert.deepEqual((await states(registry))[0].rooms, rooms);
        });
      },
      counted() {
        it("lists a registered node with no counts until it reports", async () => {
          const registry = await Registry.open(subject);
          await registry.register("a");
          const [{ reportedMs, ...state }] = await states(registry);
          assert.deepEqual(state, {
            ...registry.node("a"),
            connections: 0,
            clientAddresses: 0,
            rooms: new Map(),
          });
          assert.ok(Number.isSafeInteger(reportedMs));
          const own = await registry.live();
          const live = (await registry.nodes.live()).filter(({ server }) => own.includes(server));
          assert.deepEqual(live, [registry.node("a")]);
        });

        it("stores the counts of the latest report", async () => {
          const registry = await Registry.open(subject);
          await registry.register("a", "b");
          const rooms = new Map([["live://1", 2], ["live://2", 1]]);
          await registry.report("a", 1, new Map([["live://9", 9]]));
          await registry.report("a", 1, rooms);
          const [a, b] = (await states(registry)).sort((x, y) => x.name < y.name ? -1 : 1);
          assert.deepEqual([a.connections, a.clientAddresses, a.rooms], [2, 1, rooms]);
          assert.deepEqual([b.connections, b.clientAddresses, b.rooms], [0, 0, new Map()]);
        });

        it("follows rooms that come, change, stay and go", async () => {
          const registry = await Registry.open(subject);
          await registry.register("a");
          const reports = [
            [["live://1", 1]],
            [["live://1", 1]],
            [["live://1", 2], ["live://2", 1]],
            [["live://1", 1]],
            [],
            [["live://1", 1]],
          ] as const;
          for (const rooms of reports) {
            await registry.report("a", 1, new Map(rooms));
            const [state] = await states(registry);
            assert.deepEqual([...state.rooms], rooms);
          }
        });

        it("takes many at the same time", async () => {
          const registry = await Registry.open(subject);
          const names = Array.from({ length: 50 }, (_, index) => `n${index}`);
          await Promise.all(names.map((name) => registry.register(name)));
          await Promise.all(names.map((name) => registry.report(name)));
          assert.deepEqual(await registry.live(), names.map((name) => registry.run(name)).sort());
          assert.equal(
            (await states(registry)).reduce((sum, { connections }) => sum + connections, 0),
            100,
          );
        });
      },
      leased() {
        it("says which runs are alive and which are replaced", async () => {
          const registry = await Registry.open(subject);
          await registry.register("a");
          const [first, second] = [registry.run("a", 1), registry.run("a", 2)];
          const before = await registry.nodes.runs();
          assert.deepEqual([before.isAlive(first), before.isReplaced(first)], [true, false]);
          assert.ok(!before.isAlive(registry.run("b")) && !before.isReplaced(registry.run("b")));
          await registry.nodes.register(registry.node("a", 2));
          const after = await registry.nodes.runs();
          assert.deepEqual([after.isAlive(first), after.isReplaced(first)], [false, true]);
          assert.deepEqual([after.isAlive(second), after.isReplaced(second)], [true, false]);
        });

        it("lets a lease run out without reports, and renews it with each", async () => {
          const registry = await Registry.open(subject);
          await registry.register("silent", "well");
          await registry.watch(registry.leaseMs - 1, "well");
          assert.deepEqual(await registry.live(), [registry.run("silent"), registry.run("well")]);
          await registry.watch(1);
          assert.deepEqual(await registry.live(), [registry.run("well")]);
          assert.deepEqual((await states(registry)).map(({ server }) => server), [
            registry.run("well"),
          ]);
          await assert.rejects(registry.report("silent"), NodeUnknown);
          await registry.register("silent");
          assert.deepEqual(await registry.live(), [registry.run("silent"), registry.run("well")]);
          await registry.report("silent");
        });
      },
      one() {
        it("refuses to register a run under another name", async () => {
          const registry = await Registry.open(subject);
          const node = { ...registry.node("a"), server: registry.run("b") };
          await assert.rejects(
            registry.nodes.register(node),
            /server must be its name, "~" and an epoch/,
          );
          assert.deepEqual(await registry.live(), []);
        });

        it("replaces an earlier run of the same name, which is told so", async () => {
          const registry = await Registry.open(subject);
          await registry.register("a", "b");
          await registry.report("a", 1, new Map([["live://1", 1]]));
          await registry.nodes.register(registry.node("a", 2));
          assert.deepEqual(await registry.live(), [registry.run("a", 2), registry.run("b")]);
          await assert.rejects(registry.report("a", 1), NodeReplaced);
          await registry.nodes.setOffline(registry.run("a", 1));
          await registry.nodes.unregister(registry.run("a", 1));
          const replacement = (await states(registry)).find(({ name }) =>
            name === registry.name("a")
          );
          assert.equal(replacement?.connections, 0);
          assert.equal(replacement?.offline, false);
          assert.deepEqual(replacement?.rooms, new Map());
          await registry.report("a", 2);
        });

        it("changes a node that registers the same run again, and keeps its counts", async () => {
          const registry = await Registry.open(subject);
          await registry.register("a");
          const rooms = new Map([["live://1", 1]]);
          await registry.report("a", 1, rooms);
          await registry.nodes.register({ ...registry.node("a"), weight: 99 });
          const [{ weight, connections, rooms: kept }] = await states(registry);
          assert.deepEqual([weight, connections, kept], [99, 2, rooms]);
        });
      },
      leaving() {
        it("refuses the report of a node that is not registered", async () => {
          const registry = await Registry.open(subject);
          await assert.rejects(registry.report("x"), NodeUnknown);
        });

        it("takes a node out at once when it unregisters", async () => {
          const registry = await Registry.open(subject);
          await registry.register("a");
          await registry.nodes.unregister(registry.run("a"));
          await registry.nodes.unregister(registry.run("never there"));
          assert.deepEqual(await registry.live(), []);
          await assert.rejects(registry.report("a"), NodeUnknown);
        });

        it("keeps a node that is offline, and its reports do not undo it", async () => {
          const registry = await Registry.open(subject);
          await registry.register("a");
          await registry.nodes.setOffline(registry.run("a"));
          await registry.nodes.setOffline(registry.run("never there"));
          await registry.report("a");
          const [{ offline, connections }] = await states(registry);
          assert.deepEqual([offline, connections], [true, 2]);
        });
      },
    };
    for (const [promise, tests] of Object.entries(promises)) describe(promise, tests);
  });
}
