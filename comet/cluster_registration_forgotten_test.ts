import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type CometNode, NODE_LEASE_MS, NodeUnknown } from "../protocol/cluster/comet_node.ts";
import { WATCH_MS } from "../protocol/cluster/comet_calls.ts";
import { roomDefaults } from "../protocol/room_options.ts";
import { RoomStore } from "../tests/support/room_store.ts";
import { TestComet, type TokenFields } from "../tests/support/test_comet.ts";

const OPEN_AFTER_MS = 1_000;

const node: CometNode = {
  server: "comet-1",
  name: "comet",
  region: "r",
  zone: "z",
  env: "e",
  hostname: "h",
  addresses: [],
  rpc: "",
  version: "1",
  weight: 1,
  offline: false,
};

/** Rooms that keep history. */
const KEPT = { ...roomDefaults, type: "kept", historySize: 100 };

const watcher = { add: () => Promise.resolve(), remove: () => Promise.resolve() };

/** A registered comet that a job watches. */
async function followedComet(): Promise<TestComet> {
  const comet = await TestComet.start({ rooms: [KEPT] });
  await comet.registration.join(node);
  comet.logic.register = (registered) => {
    comet.logic.registered.push(registered);
    return Promise.resolve({ openAfterMs: OPEN_AFTER_MS, leaseMs: NODE_LEASE_MS });
  };
  comet.connections.interest.watch("job", watcher);
  return comet;
}

describe("ClusterRegistration of a comet that logic does not know any more", () => {
  test("keeps its clients and renews their sessions when every job has kept in touch", async () => {
    const comet = await followedComet();
    const client = await comet.open({ key: "a" });
    comet.registration.reportFailed(new NodeUnknown("no such comet"));
    await comet.settle();
    assert.equal(client.ended, false);
    assert.equal(comet.logic.registered.length, 2);
    assert.deepEqual(comet.logic.renewed.map(({ key }) => key), ["a"]);
    await comet.open({ key: "b" });
    assert.equal(comet.connections.channels.size, 2);
  });

  test("closes its clients when its registration has run out: pushes by key found nobody", async () => {
    const comet = await followedComet();
    const client = await comet.open({ key: "a" });
    for (let waitedMs = 0; waitedMs < NODE_LEASE_MS; waitedMs += WATCH_MS / 2) {
      await comet.advance(WATCH_MS / 2);
      assert.ok(comet.connections.interest.renewWatch("job", watcher));
    }
    comet.registration.reportFailed(new NodeUnknown("no such comet"));
    await comet.settle();
    assert.equal(client.ended, true);
    assert.equal(JSON.parse(client.frames().at(-1)!.body.toString()).code, 1001);
  });

  test("closes its clients when a job has lost touch, and lets none in until jobs know it", async () => {
    const comet = await followedComet();
    const client = await comet.open({ key: "a" });
    await comet.advance(2 * WATCH_MS);
    comet.registration.reportFailed(new NodeUnknown("no such comet"));
    await comet.settle();
    const [farewell] = client.frames();
    assert.equal(farewell.op, 6);
    assert.deepEqual(JSON.parse(farewell.body.toString()), {
      code: 1001,
      reason: "server is going away",
      reconnect: true,
    });
    assert.equal(client.ended, true);
    const early = await comet.connect();
    assert.equal(early.closed, true);
    assert.equal(comet.counters.refusedShut, 1);
    await comet.advance(OPEN_AFTER_MS);
    await comet.open({ key: "b" });
    assert.equal(comet.connections.channels.size, 1);
    assert.deepEqual(comet.logic.renewed, []);
  });

  test("keeps its clients when a job had lost touch before logic took a report", async () => {
    const comet = await followedComet();
    const client = await comet.open({ key: "a" });
    await comet.advance(2 * WATCH_MS);
    comet.registration.reported(comet.clock.monotonicMs());
    comet.registration.reportFailed(new NodeUnknown("no such comet"));
    await comet.settle();
    assert.equal(client.ended, false);
  });

  const notices = { features: ["rooms", "notices"] };
  const cases: [what: string, fields: TokenFields, others: string[], wanted: string[] | null][] = [
    ["closes who is in no room", { room: "" }, [], null],
    ["closes who is in a room without history", { room: "live://1" }, [], null],
    ["keeps who is in a room with history", { room: "kept://1" }, [], []],
    ["closes who is in both kinds", { room: "kept://1" }, ["live://1"], null],
    ["tells who understands it of pushes by key", { room: "kept://1", extras: notices }, [], [
      '{"type":"gap"}',
    ]],
    [
      "tells nothing where nothing is missing",
      {
        room: "kept://1",
        accepts: [],
        extras: notices,
      },
      [],
      [],
    ],
    [
      "tells of each room without history",
      {
        room: "live://1",
        accepts: [],
        extras: notices,
      },
      ["kept://1", "live://2"],
      [
        '{"type":"gap","room":"live://1"}',
        '{"type":"gap","room":"live://2"}',
      ],
    ],
  ];
  for (const [what, fields, others, wanted] of cases) {
    test(what, async () => {
      const comet = await followedComet();
      const client = await comet.open({ key: "a", ...fields });
      const [channel] = comet.channels();
      for (const room of others) comet.connections.memberships.join(channel, room);
      await comet.advance(2 * WATCH_MS);
      comet.registration.reportFailed(new NodeUnknown("no such comet"));
      await comet.settle();
      assert.equal(client.ended, wanted === null);
      if (wanted !== null) assert.deepEqual(client.lines(), wanted.map((body) => `72:0:${body}`));
    });
  }

  test("gives its rooms with history what they missed, and tells them of a new epoch", async () => {
    const comet = await followedComet();
    const store = new RoomStore("kept://1");
    store.append();
    comet.logic.readHistory = (query) => Promise.resolve(store.read(query));
    const client = await comet.open({ room: "kept://1", accepts: [], extras: notices });
    await comet.deliver([store.delivery([store.append()])]);
    store.append();
    await comet.advance(2 * WATCH_MS);
    comet.registration.reportFailed(new NodeUnknown("no such comet"));
    await comet.settle();
    await comet.advance(OPEN_AFTER_MS);
    assert.deepEqual(client.lines(), ["1000:2:e1:2;", "1000:3:e1:3;"]);
    store.begin("e2");
    store.append();
    comet.registration.reported(comet.clock.monotonicMs());
    comet.registration.reportFailed(new NodeUnknown("no such comet"));
    await comet.settle();
    assert.deepEqual(client.lines(), [
      '72:0:{"type":"epoch","room":"kept://1","epoch":"e2","offset":0,"recovered":false}',
      "1000:1:e2:1;",
    ]);
  });
});
