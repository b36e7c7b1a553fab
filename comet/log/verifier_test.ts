/** What a comet does where it may have missed pushes that nobody will speak of. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HistoryPage, HistoryQuery } from "../../protocol/history.ts";
import { roomDefaults } from "../../protocol/room_options.ts";
import type { MemoryClient } from "../../tests/support/memory_client.ts";
import { RoomStore } from "../../tests/support/room_store.ts";
import { TestComet } from "../../tests/support/test_comet.ts";
import type { Comet } from "../comet.ts";
import { CometService } from "../rpc/comet_service.ts";
import { HISTORY_READS_MAX } from "./history_reads.ts";

/** A comet with a member in each of some rooms, whose stores have one message. */
async function setUp(count: number) {
  const rooms = [{ ...roomDefaults, type: "kept", historySize: 100 }];
  const comet = await TestComet.start({ rooms });
  const stores = new Map<string, RoomStore>();
  comet.logic.readHistory = (query) => {
    comet.logic.queries.push(query);
    return Promise.resolve(stores.get(query.room)!.read(query));
  };
  const members: { client: MemoryClient; store: RoomStore }[] = [];
  for (let room = 1; room <= count; room++) {
    const store = new RoomStore(`kept://${room}`);
    stores.set(store.room, store);
    store.append();
    members.push({ client: await comet.open({ room: store.room }), store });
  }
  comet.logic.queries.splice(0);
  return { comet, members };
}

/** Has reads of the store wait once they are made: how to settle each, in their order. */
function holdReads(comet: TestComet) {
  const { readHistory } = comet.logic;
  const held: (() => void)[] = [];
  comet.logic.readHistory = async (query: HistoryQuery): Promise<HistoryPage> => {
    const page = await readHistory.call(comet.logic, query);
    await new Promise<void>((resolve) => held.push(resolve));
    return page;
  };
  return held;
}

function offsetsOf(client: MemoryClient): number[] {
  return client.frames().map(({ seq }) => seq);
}

describe("A comet with rooms that keep history", () => {
  for (const what of ["opened", "closed"] as const) {
    it(`reads what it was never told of, when a job's link is ${what}`, async () => {
      const { comet, members: [{ client, store }] } = await setUp(1);
      const service = new CometService(() =>
        ({ logs: comet.connections.logs }) as unknown as Comet
      );
      store.append();
      store.append();
      service[what]();
      await comet.settle();
      assert.deepEqual(offsetsOf(client), [2, 3]);
      service[what]();
      await comet.settle();
      assert.deepEqual([offsetsOf(client), comet.counters.holes], [[], 1]);
    });
  }

  it("learns how far a log has got from a job that has lost the partition", async () => {
    const { comet, members: [{ client, store }] } = await setUp(1);
    await comet.deliver([{ ...store.delivery([store.append()]), token: 7 }]);
    store.append();
    const stub = { ...store.delivery([], "e1", store.head), token: 6 };
    const delivered = comet.fanout.deliver([stub]);
    await comet.settle();
    assert.deepEqual(await delivered, []);
    assert.deepEqual([offsetsOf(client), comet.counters.deliveriesFenced], [[2, 3], 0]);
    // Its pushes are refused as before, and its word changes nothing of that.
    await comet.deliver([{ ...stub, token: 9 }]);
    await comet.deliver([{ ...store.delivery([store.append()]), token: 6 }]);
    await comet.deliver([{ ...store.delivery([store.append()]), token: 7 }]);
    assert.deepEqual([offsetsOf(client), comet.counters.deliveriesFenced], [[4, 5], 1]);
  });

  it("compares many logs some at a time, and pushes go on meanwhile", async () => {
    const { comet, members } = await setUp(200);
    const { logs } = comet.connections;
    for (const { store } of members) store.append();
    const held = holdReads(comet);
    logs.verify();
    logs.verify();
    await comet.settle();
    assert.equal(comet.logic.queries.length, HISTORY_READS_MAX / 2);
    const { client, store } = members[199];
    await comet.deliver([store.delivery([store.append()], "e1", 3)]);
    await comet.deliver([members[0].store.delivery([], "e1", 2)]);
    // Nobody who comes waits for all the others.
    assert.ok(comet.logic.queries.length > HISTORY_READS_MAX / 2);
    while (held.length > 0) {
      assert.ok(held.length <= HISTORY_READS_MAX, `${held.length} reads at once`);
      for (const answer of held.splice(0)) answer();
      await comet.settle();
    }
    for (const member of members.slice(0, 199)) assert.deepEqual(offsetsOf(member.client), [2]);
    assert.deepEqual(offsetsOf(client), [2, 3]);
    const most = 2 * 200 + HISTORY_READS_MAX / 2 + 2;
    assert.ok(comet.logic.queries.length <= most, `${comet.logic.queries.length} reads`);
  });

  it("does not hold back pushes of a room while it is compared", async () => {
    const { comet, members: [{ client, store }] } = await setUp(1);
    const held = holdReads(comet);
    comet.connections.logs.verify();
    await comet.settle();
    await comet.deliver([store.delivery([store.append()])]);
    assert.deepEqual([offsetsOf(client), held.length], [[2], 1]);
    held.splice(0)[0]();
    await comet.settle();
    assert.deepEqual([offsetsOf(client), comet.counters.holes, held.length], [[], 0, 0]);
  });

  it("is not content with what was asked before", async () => {
    const { comet, members: [{ client, store }] } = await setUp(1);
    const held = holdReads(comet);
    store.append();
    await comet.deliver([store.delivery([], "e1", 2)]);
    store.append();
    comet.connections.logs.verify();
    await comet.settle();
    while (held.length > 0) {
      held.shift()!();
      await comet.settle();
    }
    assert.deepEqual(offsetsOf(client), [2, 3]);
  });

  it("goes on comparing until the store can be read, and with no room that has ended", async () => {
    const { comet, members } = await setUp(3);
    const { readHistory } = comet.logic;
    comet.logic.readHistory = () => Promise.reject(new Error("the store is away"));
    for (const { store } of members) store.append();
    comet.connections.logs.verify();
    await comet.settle();
    members[0].client.reset();
    await comet.advance(3_000);
    comet.logic.readHistory = readHistory;
    await comet.advance(3_000);
    for (const { client } of members.slice(1)) assert.deepEqual(offsetsOf(client), [2]);
    const rooms = new Set(comet.logic.queries.map(({ room }) => room));
    assert.deepEqual([...rooms].sort(), ["kept://2", "kept://3"]);
    comet.connections.logs.verify();
    comet.logic.readHistory = () => Promise.reject(new Error("the store is away"));
    comet.connections.logs.stop();
    await comet.settle();
  });

  it("tells of a new epoch", async () => {
    const { comet, members: [{ client, store }] } = await setUp(1);
    store.begin("e2");
    store.append();
    comet.connections.logs.verify();
    await comet.settle();
    assert.deepEqual(offsetsOf(client), [1]);
    assert.equal(comet.counters.epochChanges, 1);
  });
});
