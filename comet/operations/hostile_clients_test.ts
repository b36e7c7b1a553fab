import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Prng, randomBelow, seededPrng } from "../../base/prng.ts";
import { isProtocolOperation } from "../../protocol/operations.ts";
import { roomDefaults } from "../../protocol/room_options.ts";
import { cometDefaults } from "../options.ts";
import { roomDelivery } from "../../tests/support/deliveries.ts";
import { fuzzInput } from "../../tests/support/fuzz_inputs.ts";
import { publishReply } from "../../tests/support/fake_logic.ts";
import type { MemoryClient } from "../../tests/support/memory_client.ts";
import { NOTHING_LEFT, pushFrames, TestComet } from "../../tests/support/test_comet.ts";
import { utf8 } from "../../tests/support/websocket_frames.ts";

const SEED = 61;
const INPUTS = 6_000;
const CODES = [0, -400, -403, -404, -429];

const EXTRAS = { features: ["rooms", "notices"] };

const rooms = [{ ...roomDefaults, type: "live", historySize: 10, membersMax: 3 }];

/** Requests that are right. */
const REQUESTS = [
  '{"room":"live://1","since":{"epoch":"k3","offset":41}}',
  '{"room":"chat://2","last":50}',
  '{"room":"lobby"}',
  '{"room":"live://1","after":41,"limit":100}',
  '{"room":"live://1","from_ms":0,"to_ms":60000}',
  '{"room":"live://1","op":1001,"body":{"t":"hi"},"media_ms":61500,"id":"m-1"}',
  '{"room":"live://1","body":"hi","mid":"1"}',
  '{"room":"lobby","body_base64":"/wA="}',
].map(utf8);

function codeOf(body: { toString(): string }): number {
  return JSON.parse(body.toString()).code;
}

describe("ClientProtocol.frame() answers whatever a client asks of further rooms", () => {
  it(`with a code, over ${INPUTS} requests that are wrong somewhere, seed ${SEED}`, async () => {
    const prng = seededPrng(SEED);
    const comet = await TestComet.start({
      rooms,
      operationsMax: 0,
      roomsMax: 8,
      publishRate: 0,
    });
    const client = await comet.open({ extras: EXTRAS });
    const counts = new Map<number, number>();
    for (let sent = 0; sent < INPUTS; sent += 20) {
      const operations = Array.from({ length: 20 }, () => 64 + 2 * randomBelow(prng, 4));
      for (const [at, operation] of operations.entries()) {
        client.send(operation, sent + at, fuzzInput(REQUESTS, prng));
      }
      await comet.settle();
      const frames = client.frames();
      assert.deepEqual(frames.map(({ op }) => op), operations.map((operation) => operation + 1));
      for (const [at, { seq, body }] of frames.entries()) {
        const code = codeOf(body);
        assert.equal(seq, sent + at);
        assert.ok(CODES.includes(code), body.toString());
        counts.set(code, (counts.get(code) ?? 0) + 1);
      }
    }
    for (const code of CODES) assert.ok(counts.get(code)! > 20, `${code} ${counts.get(code)}`);
    assert.ok(comet.logic.published.length > 0);
    for (const { operation = 1000, mediaMs = 0, publishId = "x" } of comet.logic.published) {
      assert.ok(operation === (operation | 0) && !isProtocolOperation(operation));
      assert.ok(Number.isSafeInteger(mediaMs) && mediaMs >= 0);
      assert.ok(publishId.isWellFormed() && publishId.length > 0 && publishId.length <= 128);
    }
    client.send(2, 1);
    await comet.settle();
    assert.deepEqual(client.frames().map(({ op }) => op), [3, 72]);
    client.reset();
    await comet.advance(300);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  it("in text form too, where the body may be any JSON", async () => {
    const comet = await TestComet.start();
    const client = await comet.openText({ extras: EXTRAS });
    const bodies = ['"x"', "5", "null", "[]", "true", '{"room":5}', "{}", '"{\\"room\\":\\"\\"}"'];
    for (const body of bodies) client.sendText(`{"op":64,"seq":1,"body":${body}}`);
    client.sendText('{"op":66}');
    client.sendText(`{"op":64,"body":{"room":"${"\\ud83d".repeat(200)}"}}`);
    await comet.settle();
    const answers = client.messages().map(({ payload }) => JSON.parse(payload.toString()));
    assert.deepEqual(answers.map(({ op }) => op), [...Array(8).fill(65), 67, 65]);
    assert.deepEqual(answers.map(({ body }) => body.code), [...Array(9).fill(-400), 0]);
    assert.equal(answers[9].body.room, "\ufffd".repeat(200));
  });

  it("but what is larger than a frame may be, for which it is closed", async () => {
    const comet = await TestComet.start();
    const client = await comet.open({ extras: EXTRAS });
    const largest = `{"room":"live://2","x":"${"y".repeat(4_096 - 26)}"}`;
    client.send(64, 1, largest);
    await comet.settle();
    assert.deepEqual([largest.length, codeOf(client.frames()[0].body)], [4_096, 0]);
    client.send(64, 2, `${largest} `);
    await comet.settle();
    assert.deepEqual(client.frames().map(({ op }) => op), [6]);
    assert.equal(comet.counters.protocolErrors, 1);
  });
});

describe("ClientProtocol.frame() under storms", () => {
  it("takes 32 rooms joined and left again and again, until it is closed for the rate", async () => {
    const comet = await TestComet.start({ joinsMax: 0 });
    const client = await comet.open({ room: "", extras: EXTRAS });
    for (let count = 0; count < 10_000; count++) {
      const room = `{"room":"live://${count % 32}"}`;
      client.send((count >> 5) % 2 === 0 ? 64 : 66, count, room);
    }
    do await comet.settle(); while (!client.closed);
    const frames = client.frames();
    const last = frames.pop()!;
    assert.equal(JSON.parse(last.body.toString()).code, 4007);
    assert.ok(frames.length >= 990, `${frames.length} of 1,000 were answered`);
    for (const [at, { seq, body }] of frames.entries()) {
      assert.deepEqual([seq, codeOf(body)], [at, 0]);
    }
    await comet.advance(cometDefaults.closeMs);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  it("reads the store once for each join of a room that nobody knows, and keeps none", async () => {
    const comet = await TestComet.start({ joinsMax: 0, rooms });
    const client = await comet.open({ room: "", extras: EXTRAS });
    for (let count = 0; count < 900; count++) {
      const room = `{"room":"live://${count >> 1}"}`;
      client.send(count % 2 === 0 ? 64 : 66, count, room);
    }
    for (let settled = 0; settled < 20; settled++) await comet.settle();
    assert.deepEqual(client.frames().map(({ body }) => codeOf(body)), Array(900).fill(0));
    assert.equal(comet.logic.queries.length, 450);
    client.reset();
    await comet.advance(10_000);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  it("closes while joins, leaves, reads and messages are under way, and nothing is left", async () => {
    const prng = seededPrng(SEED);
    const comet = await TestComet.start({ rooms });
    comet.logic.holds.add("readHistory").add("publish");
    for (let round = 0; round < 60; round++) {
      const client = await comet.open({ key: "k", extras: EXTRAS });
      for (let count = 0; count < 5; count++) {
        const room = JSON.stringify({ room: `live://${randomBelow(prng, 3)}`, body: 1 });
        client.send(64 + 2 * randomBelow(prng, 4), count, room);
      }
      for (let turn = randomBelow(prng, 8); turn > 0; turn--) await comet.turn();
      if (round % 3 === 0) client.reset();
      else if (round % 3 === 1) client.end();
      else comet.connections.closeAll({ code: 1001, reason: "", reconnect: true });
      await comet.settle();
      for (let answered = 0; answered < 5; answered++) {
        for (const { resolve } of comet.logic.reads.splice(0)) resolve(comet.logic.page);
        for (const { resolve } of comet.logic.publishes.splice(0)) resolve(publishReply());
        await comet.settle();
      }
    }
    await comet.advance(300);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });
});

/** A client, and the rooms in which it should be. */
interface Visitor {
  readonly client: MemoryClient;
  primary: string;
  readonly others: Set<string>;
}

const ROOMS = ["live://1", "live://2", "live://3", "chat://1", "lobby"];
const ROOMS_MAX = 3;

/** Has a visitor ask for something at random, and returns the answer that it should get. */
function step(visitor: Visitor, prng: Prng): string {
  const room = ROOMS[randomBelow(prng, ROOMS.length)];
  const isIn = visitor.primary === room || visitor.others.has(room);
  switch (randomBelow(prng, 4)) {
    case 0:
      visitor.client.send(12, 1, room);
      visitor.others.delete(room);
      visitor.primary = room;
      return `13 ${room}`;
    case 1:
      visitor.client.send(66, 1, JSON.stringify({ room }));
      if (visitor.primary === room) visitor.primary = "";
      visitor.others.delete(room);
      return isIn ? "67 0" : "67 -400";
  }
  visitor.client.send(64, 1, JSON.stringify({ room }));
  if (visitor.others.has(room)) return "65 -400";
  if (visitor.others.size === ROOMS_MAX) return "65 -429";
  if (visitor.primary === room) visitor.primary = "";
  visitor.others.add(room);
  return "65 0";
}

describe("Further rooms", () => {
  it("agree with a model over 20 seeds of 60 requests, and pushes reach each member once", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const prng = seededPrng(seed);
      const comet = await TestComet.start({ operationsMax: 0, roomsMax: ROOMS_MAX });
      const visitors: Visitor[] = [];
      for (let count = 0; count < 3; count++) {
        const client = await comet.open({ room: "", extras: { features: ["rooms"] } });
        visitors.push({ client, primary: "", others: new Set() });
      }
      for (let count = 0; count < 60; count++) {
        const visitor = visitors[randomBelow(prng, visitors.length)];
        const wanted = step(visitor, prng);
        await comet.settle();
        const [{ op, body }] = visitor.client.frames();
        assert.equal(`${op} ${op === 13 ? body : codeOf(body)}`, wanted);
        const room = ROOMS[randomBelow(prng, ROOMS.length)];
        await comet.deliver([roomDelivery(room, pushFrames(room))]);
        for (const { client, primary, others } of visitors) {
          const named = others.has(room) ? [`1000:0:${room} in ${room}`] : [];
          assert.deepEqual(client.lines(), primary === room ? [`1000:0:${room}`] : named);
        }
      }
    }
  });
});
