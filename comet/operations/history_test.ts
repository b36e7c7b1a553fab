import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { promisesSettled } from "../../base/clock.ts";
import type { HistoryMessage } from "../../protocol/history.ts";
import { Limits } from "../../protocol/limits.ts";
import { roomDefaults } from "../../protocol/room_options.ts";
import { connectReply } from "../../tests/support/fake_logic.ts";
import type { MemoryClient } from "../../tests/support/memory_client.ts";
import { NOTHING_LEFT, TestComet } from "../../tests/support/test_comet.ts";
import { utf8 } from "../../tests/support/websocket_frames.ts";
import { HISTORY_REQUESTS_MAX, HISTORY_WAITING_MAX } from "./history.ts";

const rooms = [{ ...roomDefaults, type: "live", historySize: 1_000 }];

const EXTRAS = { features: [] };

function message(offset: number, body = "x", rest: Partial<HistoryMessage> = {}): HistoryMessage {
  return { offset, operation: 1000, timeMs: 5, mid: 0n, body: utf8(body), ...rest };
}

async function setUp() {
  const comet = await TestComet.start({ rooms });
  const client = await comet.open({ room: "live://1", extras: EXTRAS });
  comet.logic.queries.length = 0;
  return { comet, client };
}

function answer(
  client: MemoryClient,
): { [member: string]: unknown; messages: { offset: number }[] } {
  const frames = client.frames();
  assert.deepEqual(frames.map(({ op }) => op), [69]);
  return JSON.parse(frames[0].body.toString());
}

describe("operation 68", () => {
  it("is answered with what the room has kept", async () => {
    const { comet, client } = await setUp();
    const messages = [message(56, "{}", { mid: -7n, mediaMs: 0 }), message(57)];
    comet.logic.page = { epoch: "e", head: 57, first: 3, messages, more: true };
    client.send(68, 9, '{"room":"live://1","after":55,"limit":2}');
    await comet.settle();
    const common = '"op":1000,"time_ms":5,';
    assert.deepEqual(client.lines(), [
      '69:9:{"code":0,"room":"live://1","epoch":"e","first":3,"last":57,"messages":[' +
      `{"offset":56,${common}"media_ms":0,"mid":"-7","body":{}},` +
      `{"offset":57,${common}"body":"x"}],"more":true}`,
    ]);
    const bytesMax = Limits.historyAnswerBytesMax;
    assert.deepEqual(comet.logic.queries, [{ room: "live://1", after: 55, limit: 2, bytesMax }]);
  });

  it("asks by offset, by media time or for the latest", async () => {
    const { comet, client } = await setUp();
    const cases: [request: object, query: object][] = [
      [{}, { after: 0, limit: 100 }],
      [{ limit: 1000, after: null }, { after: 0, limit: 1000 }],
      [{ last: 500 }, { last: 500, limit: 500 }],
      [{ from_ms: 0, to_ms: 60_000 }, { fromMs: 0, toMs: 60_000, limit: 100 }],
      [{ from_ms: 7, to_ms: 9, after: 4 }, { fromMs: 7, toMs: 9, after: 4, limit: 100 }],
    ];
    for (const [request] of cases) {
      client.send(68, 1, JSON.stringify({ room: "live://2", ...request }));
    }
    await comet.settle();
    assert.deepEqual(
      comet.logic.queries,
      cases.map(([, query]) => ({
        room: "live://2",
        bytesMax: Limits.historyAnswerBytesMax,
        ...query,
      })),
    );
  });

  it("is refused where a type keeps no history", async () => {
    const { comet, client } = await setUp();
    client.send(68, 1, '{"room":"chat://1"}');
    await comet.settle();
    const wanted = '69:1:{"code":-404,"message":"rooms of this type keep no history"}';
    assert.deepEqual(client.lines(), [wanted]);
    assert.deepEqual(comet.logic.queries, []);
  });

  it("is failed when logic cannot be asked, and the client goes on", async () => {
    const { comet, client } = await setUp();
    comet.logic.holds.add("readHistory");
    client.send(68, 1, '{"room":"live://1"}');
    client.send(2, 2);
    await comet.settle();
    assert.equal(client.receivedBytes, 0);
    comet.logic.reads[0].reject(new Error("logic is away"));
    await comet.settle();
    assert.deepEqual(client.lines(), [
      '69:1:{"code":-500,"message":"the server failed, try again"}',
      "3:2:\0\0\0\x01",
    ]);
    assert.equal(comet.counters.requestFailures, 1);
  });

  it("is cut where its JSON grows too large, and says that there is more", async () => {
    const { comet, client } = await setUp();
    const page = { epoch: "e", head: 9, first: 1, more: false };
    // 60,000 bytes of bodies, and 360,000 of JSON.
    const messages = Array.from({ length: 6 }, (_, at) => message(4 + at, "\x01".repeat(10_000)));
    comet.logic.page = { ...page, messages };
    for (const [request, offsets] of [[{ after: 3 }, [4]], [{ last: 6 }, [9]]] as const) {
      client.send(68, 1, JSON.stringify({ room: "live://1", ...request }));
      await comet.settle();
      assert.ok(client.receivedBytes <= Limits.pendingBytesMax);
      const { messages, more } = answer(client);
      assert.deepEqual([messages.map(({ offset }) => offset), more], [offsets, true]);
    }
    comet.logic.page = { ...page, messages: [message(9, "\x01".repeat(Limits.pushBodyBytesMax))] };
    client.send(68, 1, '{"room":"live://1"}');
    await comet.settle();
    assert.ok(client.receivedBytes <= Limits.headerBytes + Limits.downstreamBodyBytesMax);
    const { messages: alone, more } = answer(client);
    assert.deepEqual([alone.length, more], [1, false]);
  });

  it("fills an answer up to its limit, to the byte", async () => {
    const { comet, client } = await setUp();
    const messages = Array.from(
      { length: 1_000 },
      (_, index) => message(index + 1, "é".repeat(20)),
    );
    comet.logic.page = { epoch: "e", head: 1_000, first: 1, messages, more: false };
    client.send(68, 1, '{"room":"live://1","limit":1000}');
    await comet.settle();
    const bytes = client.receivedBytes - Limits.headerBytes;
    assert.ok(bytes <= Limits.historyAnswerBytesMax && bytes > Limits.historyAnswerBytesMax - 100);
    const { messages: kept, more } = answer(client);
    assert.deepEqual(kept.map(({ offset }) => offset), kept.map((_, index) => index + 1));
    assert.equal(more, true);
  });

  it("says so in a few words where the answer finds no place in the client's queue", async () => {
    const comet = await TestComet.start({ rooms, kernelBufferBytes: 16 * 1024 });
    const client = await comet.open({ room: "live://1", extras: EXTRAS });
    const body = "x".repeat(30_000);
    comet.logic.page = {
      epoch: "e",
      head: 2,
      first: 1,
      messages: [message(1, body), message(2, body)],
      more: false,
    };
    client.pause();
    client.send(68, 1, '{"room":"live://1"}');
    client.send(68, 2, '{"room":"live://1"}');
    await comet.settle();
    client.resume();
    for (let bytes = -1; bytes < client.receivedBytes; await comet.settle()) {
      bytes = client.receivedBytes;
    }
    const [whole, refused] = client.frames();
    assert.equal(JSON.parse(whole.body.toString()).messages.length, 2);
    assert.deepEqual(JSON.parse(refused.body.toString()), {
      code: -429,
      message: "too much waits for the connection",
      retry_ms: 1_000,
    });
    assert.equal(comet.counters.historyRefused, 1);
  });

  it("is answered in turns of the event loop where many ask", async () => {
    const { comet } = await setUp();
    const clients = await Promise.all(
      Array.from("12345", () => comet.open({ room: "live://1", extras: EXTRAS })),
    );
    let nowMs = comet.clock.monotonicMs();
    // Each answer takes 3 ms, of the 5 of a turn.
    comet.clock.monotonicMs = () => nowMs += 3;
    for (const client of clients) client.send(68, 1, '{"room":"live://1"}');
    const answered: number[] = [];
    while (answered.reduce((sum, count) => sum + count, 0) < clients.length) {
      comet.clock.advance(0);
      await promisesSettled();
      answered.push(clients.filter((client) => client.frames().length > 0).length);
    }
    assert.deepEqual(answered.filter((count) => count > 0), [2, 2, 1]);
  });

  it("waits where many ask, and is refused where too many wait", async () => {
    const comet = await TestComet.start({ rooms });
    comet.logic.holds.add("readHistory");
    const extra = 3;
    const clients = [];
    for (let index = 0; index < HISTORY_REQUESTS_MAX + HISTORY_WAITING_MAX + extra; index++) {
      const client = await comet.connect();
      client.send(7, 1, '{"room":"","extras":{"features":[]}}');
      client.send(68, 2, '{"room":"live://1"}');
      clients.push(client);
    }
    await comet.settle();
    const { reads, page } = comet.logic;
    assert.equal(reads.length, HISTORY_REQUESTS_MAX);
    assert.equal(comet.counters.historyRefused, extra);
    for (let index = 0; index < reads.length; index++) {
      reads[index].resolve(page);
      if (index % 100 === 99) await comet.settle();
    }
    while (reads.length < HISTORY_REQUESTS_MAX + HISTORY_WAITING_MAX) {
      const done = reads.length;
      await comet.settle();
      for (const { resolve } of reads.slice(done - HISTORY_REQUESTS_MAX)) resolve(page);
    }
    for (const { resolve } of reads) resolve(page);
    await comet.settle();
    const codes = clients.map((client) => JSON.parse(client.frames()[1].body.toString()).code);
    assert.deepEqual(codes.filter((code) => code !== 0), Array(extra).fill(-429));
    for (const client of clients) client.reset();
    await comet.settle();
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });
});

describe("operation 68 where logic has hooks", () => {
  it("asks for who is no member, and members read", async () => {
    const comet = await TestComet.start({ rooms });
    comet.logic.holds.add("connect").add("authorizeJoin");
    const client = await comet.connect();
    client.send(7, 1, "{}");
    await comet.settle();
    comet.logic.connects[0].resolve(connectReply({ asksJoins: true, extras: EXTRAS }));
    client.send(68, 2, '{"room":"live://1"}');
    client.send(68, 3, '{"room":"live://2"}');
    await comet.settle();
    const { joins } = comet.logic;
    assert.deepEqual(joins.map(({ request }) => request.room), ["live://2"]);
    joins[0].resolve(false);
    await comet.settle();
    client.send(68, 4, '{"room":"live://2"}');
    await comet.settle();
    joins[1].resolve(true);
    await comet.settle();
    const codes = client.frames().slice(1).map(({ body }) => JSON.parse(body.toString()).code);
    assert.deepEqual(codes, [0, -403, 0]);
  });
});
