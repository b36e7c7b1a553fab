import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StreamPosition } from "../../protocol/history.ts";
import { roomDefaults } from "../../protocol/room_options.ts";
import { RoomStore } from "../../tests/support/room_store.ts";
import { NOTHING_LEFT, TestComet, type TestCometOptions } from "../../tests/support/test_comet.ts";
import { BEHIND_MAX } from "./catch_up.ts";
import type { JoinFrom } from "./start.ts";

const ROOM = "kept://1";
const EXTRAS = { features: ["rooms", "notices"] };

/** A comet, and a store whose room has messages 1 to 10, of which it keeps those from 4 on. */
async function setUp(options: TestCometOptions = {}) {
  const rooms = [{ ...roomDefaults, type: "kept", historySize: 100 }];
  const comet = await TestComet.start({ rooms, ...options });
  const store = new RoomStore(ROOM);
  for (let offset = 1; offset <= 10; offset++) store.append();
  store.trim(3);
  comet.logic.readHistory = (query) => {
    comet.logic.queries.push(query);
    return Promise.resolve(store.read(query));
  };
  const join = async (from: JoinFrom = {}) => {
    const client = await comet.open({ room: "", accepts: [], extras: EXTRAS });
    client.send(64, 1, JSON.stringify({ room: ROOM, ...from }));
    await comet.settle();
    const [answer, ...lines] = client.lines();
    const { epoch, offset, recovered, missed } = JSON.parse(answer.slice("65:1:".length));
    return { client, joined: [epoch, offset, recovered, missed], lines: lines.map(short) };
  };
  return { comet, store, join };
}

/** A pushed frame by its offset, a notice by its body. */
function short(line: string): string {
  const [op, seq, ...rest] = line.split(":");
  return op === "72" ? rest.join(":") : seq;
}

/** Offsets as they come. */
function offsets(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => String(from + index));
}

describe("Memberships.join() into a room whose store keeps 4 to 10", () => {
  const at = (offset: number, epoch = "e1"): JoinFrom => ({ since: { epoch, offset } });
  const cases: [what: string, from: JoinFrom, joined: unknown[], lines: string[]][] = [
    ["nothing", {}, ["e1", 10, true, 0], []],
    ["since the head", at(10), ["e1", 10, true, 0], []],
    ["since one before the head", at(9), ["e1", 10, true, 1], ["10"]],
    ["since the oldest", at(4), ["e1", 10, true, 6], offsets(5, 10)],
    ["since just before the oldest", at(3), ["e1", 10, true, 7], offsets(4, 10)],
    ["since what is no longer kept", at(2), ["e1", 10, false, 7], offsets(4, 10)],
    ["since the beginning of the epoch", at(0), ["e1", 10, false, 7], offsets(4, 10)],
    ["since before the first message", at(0, ""), ["e1", 10, false, 7], offsets(4, 10)],
    ["since ahead of the head", at(11), ["e1", 10, false, 0], []],
    ["since the last offset there is", at(2 ** 31 - 1), ["e1", 10, false, 0], []],
    ["since another epoch", at(5, "e0"), ["e1", 10, false, 0], []],
    ["since an offset of no epoch", at(5, ""), ["e1", 10, false, 0], []],
    ["the last one", { last: 1 }, ["e1", 10, true, 1], ["10"]],
    ["the last three", { last: 3 }, ["e1", 10, true, 3], offsets(8, 10)],
    ["more than there are", { last: 1_000 }, ["e1", 10, true, 7], offsets(4, 10)],
  ];
  for (const [what, from, joined, lines] of cases) {
    for (const ringMax of [1024 * 1024, 320]) {
      it(`gives who wants ${what} its due, out of a ring of ${ringMax} bytes`, async () => {
        const { comet, store, join } = await setUp({ ringMax });
        const member = await join(from);
        assert.deepEqual([member.joined, member.lines], [joined, lines]);
        await comet.deliver([store.delivery([store.append(), store.append()])]);
        assert.deepEqual(member.client.lines().map(short), ["11", "12"]);
      });
    }
  }

  it("begins at the head where too many are behind already", async () => {
    const { comet, store, join } = await setUp();
    const { catchUp } = comet.connections.logs;
    catchUp.size = BEHIND_MAX - 1;
    assert.deepEqual((await join(at(9))).joined, ["e1", 10, true, 1]);
    catchUp.size = BEHIND_MAX;
    const { client, joined, lines } = await join(at(9));
    assert.deepEqual([joined, lines], [["e1", 10, false, 0], []]);
    assert.deepEqual([catchUp.size, comet.counters.catchUpsRefused], [BEHIND_MAX, 1]);
    await comet.deliver([store.delivery([store.append()])]);
    assert.deepEqual(client.lines().map(short), ["11"]);
  });

  it("gives everything to who was there before the first message", async () => {
    const { comet, store, join } = await setUp();
    store.begin("");
    const early = await join({ since: { epoch: "", offset: 0 } });
    assert.deepEqual(early.joined, ["", 0, true, 0]);
    store.begin("e2");
    await comet.deliver([store.delivery([store.append()])]);
    const notice = { type: "epoch", room: ROOM, epoch: "e2", offset: 0, recovered: true };
    assert.deepEqual(early.client.lines().map(short), [JSON.stringify(notice), "1"]);
    const since = { epoch: "", offset: 0 };
    assert.deepEqual((await join({ since })).joined, ["e2", 1, true, 1]);
  });
});

describe("Memberships.prepare()", () => {
  it("reads the store once for all who come to a fresh comet", async () => {
    const { comet, store } = await setUp();
    const positions = offsets(3, 10).map((offset) => ({ epoch: "e1", offset: Number(offset) }));
    const clients = [];
    for (const since of [...positions, ...positions]) {
      const client = await comet.connect();
      client.send(7, 1, JSON.stringify({ room: ROOM, key: "k", extras: { features: [], since } }));
      clients.push({ client, since });
    }
    await comet.settle();
    for (const { client, since } of clients) {
      const [, ...lines] = client.lines();
      assert.deepEqual(lines.map(short), offsets(since.offset + 1, 10));
    }
    assert.deepEqual([comet.logic.queries.length, comet.counters.historyReads], [1, 1]);
    await comet.deliver([store.delivery([store.append()])]);
    assert.equal(comet.counters.historyReads, 1);
  });

  it("waits for what another comet has pushed already, and gives it once", async () => {
    const { comet, store, join } = await setUp();
    const early = await join();
    const late = [store.append(), store.append()];
    const member = await join({ since: { epoch: "e1", offset: 12 } });
    assert.deepEqual([member.joined, member.lines], [["e1", 12, true, 0], []]);
    await comet.deliver([store.delivery(late)]);
    assert.deepEqual(member.client.lines(), []);
    assert.deepEqual(early.client.lines().map(short), ["11", "12"]);
  });

  it("learns of a new epoch from who comes with it", async () => {
    const { store, join } = await setUp();
    const early = await join();
    store.begin("e2");
    store.append();
    const since: StreamPosition = { epoch: "e2", offset: 1 };
    assert.deepEqual((await join({ since })).joined, ["e2", 1, true, 0]);
    const [notice, ...lines] = early.client.lines().map(short);
    assert.equal(JSON.parse(notice).recovered, false);
    assert.deepEqual(lines, ["1"]);
  });

  it("fails after five seconds without the store; operation 12 joins all the same", async () => {
    const { comet, store, join } = await setUp();
    const { readHistory } = comet.logic;
    comet.logic.readHistory = () => Promise.reject(new Error("the store is away"));
    const client = await comet.open({ room: "", extras: EXTRAS });
    client.send(64, 1, JSON.stringify({ room: ROOM }));
    const goim = await comet.open({ room: "live://1" });
    goim.send(12, 1, ROOM);
    await comet.advance(4_000);
    assert.deepEqual([client.lines(), goim.lines()], [[], []]);
    await comet.advance(4_000);
    assert.match(client.lines()[0], /^65:1:\{"code":-500/);
    assert.deepEqual(goim.lines(), [`13:1:${ROOM}`]);
    await comet.deliver([store.delivery([store.append()])]);
    assert.deepEqual(goim.lines().map(short), ["11"]);
    comet.logic.readHistory = readHistory;
    const member = await join({ since: { epoch: "e1", offset: 4 } });
    assert.deepEqual([member.joined, member.lines], [["e1", 11, true, 7], offsets(5, 11)]);
  });

  it("reads the same messages again for who is behind, where that fails", async () => {
    const { comet, join } = await setUp({ ringMax: 320 });
    await join();
    const { readHistory } = comet.logic;
    const asked: (number | undefined)[] = [];
    comet.logic.readHistory = (query) =>
      asked.push(query.after) === 1 ? Promise.reject(new Error("away")) : readHistory(query);
    const member = await join({ since: { epoch: "e1", offset: 4 } });
    assert.deepEqual([member.joined, member.lines], [["e1", 10, true, 6], []]);
    await comet.advance(300);
    assert.deepEqual([member.client.lines().map(short), asked], [offsets(5, 10), [4, 4]]);
  });

  it("keeps a room for a moment behind its last member, and then nothing", async () => {
    const { comet, store, join } = await setUp();
    const first = await join();
    first.client.reset();
    await comet.settle();
    await comet.deliver([store.delivery([store.append()])]);
    const second = await join({ since: { epoch: "e1", offset: 10 } });
    assert.deepEqual(second.lines, ["11"]);
    assert.equal(comet.counters.historyReads, 1);
    second.client.reset();
    await comet.advance(300);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
    const { ringBytes, keptBytes } = comet.connections.logs.memory;
    assert.deepEqual([ringBytes, keptBytes], [0, 0]);
  });

  it("leaves nothing of a room whose client goes while it is loaded", async () => {
    const { comet, store } = await setUp();
    let answer = () => {};
    comet.logic.readHistory = (query) =>
      new Promise((resolve) => answer = () => resolve(store.read(query)));
    const client = await comet.open({ room: "", extras: EXTRAS });
    client.send(64, 1, JSON.stringify({ room: ROOM }));
    await comet.settle();
    await comet.deliver([store.delivery([store.append()])]);
    assert.ok(comet.connections.logs.memory.keptBytes > 0);
    client.reset();
    await comet.advance(300);
    answer();
    await comet.advance(300);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
    assert.equal(comet.connections.logs.memory.keptBytes, 0);
  });
});
