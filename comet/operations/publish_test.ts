import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { unknownMethod } from "../../protocol/cluster/calls.ts";
import { RpcError } from "../../protocol/rpc.ts";
import { roomDefaults } from "../../protocol/room_options.ts";
import { publishReply } from "../../tests/support/fake_logic.ts";
import type { MemoryClient } from "../../tests/support/memory_client.ts";
import {
  NOTHING_LEFT,
  TestComet,
  type TestCometOptions,
  type TokenFields,
} from "../../tests/support/test_comet.ts";
import { utf8 } from "../../tests/support/websocket_frames.ts";

const EXTRAS = { features: ["rooms"] };

/** A comet, and a client in `live://1` that knows operation 70. */
async function setUp(fields: TokenFields = {}, options: TestCometOptions = {}) {
  const comet = await TestComet.start({ publishRate: 0, ...options });
  const client = await comet.open({ mid: 7, extras: EXTRAS, ...fields });
  return { comet, logic: comet.logic, client };
}

/** Sends a request, and returns the answer, which must be the only frame that comes. */
async function ask(comet: TestComet, client: MemoryClient, body: string) {
  client.send(70, 9, body);
  await comet.settle();
  return answerOf(client);
}

function answerOf(client: MemoryClient) {
  const [{ op, seq, body }, ...rest] = client.frames();
  assert.deepEqual([op, seq, rest], [71, 9, []]);
  return JSON.parse(body.toString());
}

function published({ published }: TestComet["logic"]) {
  return published.map(({ room, body }) => `${room} ${new TextDecoder().decode(body)}`);
}

describe("Operation 70", () => {
  it("hands logic the message, and answers where it stands in the room's log", async () => {
    const { comet, logic, client } = await setUp({ key: "k" });
    const answer = await ask(
      comet,
      client,
      '{"room":"live://1","op":1001,"body":"hé","media_ms":61500,"id":"a","mid":"7","x":1}',
    );
    assert.deepEqual(answer, { code: 0, room: "live://1", epoch: "e", offset: 1 });
    const [{ connectionId, ...request }] = logic.published;
    assert.equal(connectionId, comet.channels()[0].id);
    assert.deepEqual(request, {
      server: "comet-1",
      mid: 7n,
      key: "k",
      room: "live://1",
      operation: 1001,
      body: new Uint8Array(utf8("hé")),
      mediaMs: 61_500,
      publishId: "a",
    });
    await ask(comet, client, '{"room":"live://1","body":"plain","op":null,"id":null}');
    const { operation, mediaMs, publishId } = logic.published[1];
    assert.deepEqual([operation, mediaMs, publishId], [undefined, undefined, undefined]);
    assert.deepEqual([comet.counters.published, comet.counters.badRequests], [2, 0]);
  });

  it("takes text as its UTF-8, other JSON exactly as it was written, and base64", async () => {
    const cases: [member: string, body: string][] = [
      ['"body":"\\u00e9\\n"', "é\n"],
      ['"body":""', ""],
      [
        '"body": { "t" : "x",  "n":12345678901234567890 } ',
        '{ "t" : "x",  "n":12345678901234567890 }',
      ],
      ['"body":1.50', "1.50"],
      ['"body":false', "false"],
      ['"body":[1 ,2]', "[1 ,2]"],
      ['"body":1,"body":{"last":"counts"}', '{"last":"counts"}'],
      ['"b\\u006fdy":{"escaped":1}', '{"escaped":1}'],
      ['"body":null,"body_base64":"/wA="', "\ufffd\0"],
    ];
    const { comet, logic, client } = await setUp();
    for (const [member, body] of cases) {
      const { code } = await ask(comet, client, `{${member},"room":"live://1"}`);
      assert.equal(code, 0, member);
      assert.equal(published(logic).pop(), `live://1 ${body}`);
    }
    assert.deepEqual(logic.published.at(-1)!.body, Uint8Array.of(255, 0));
  });

  it("works in binary and in text form alike", async () => {
    const { comet, logic } = await setUp();
    const binary = await comet.openBinary({ extras: EXTRAS });
    const text = await comet.openText({ extras: EXTRAS });
    binary.sendBinary(70, 9, '{"room":"live://1","body":{"a": 1}}');
    text.sendText('{"ver":1,"op":70,"seq":9,"body":{"room":"live://1","body":{"b": 1e2}}}');
    text.sendText(`{"op":70,"seq":10,"body":${JSON.stringify('{"room":"live://1","body":"x"}')}}`);
    await comet.settle();
    const answer = '{"code":0,"room":"live://1","epoch":"e","offset":1}';
    const [{ payload }] = binary.messages();
    assert.equal(payload.subarray(16).toString(), answer);
    assert.deepEqual(
      text.messages().map(({ payload }) => payload.toString()),
      [9, 10].map((seq) => `{"ver":1,"op":71,"seq":${seq},"body":${answer}}`),
    );
    assert.deepEqual(published(logic), ['live://1 {"a": 1}', 'live://1 {"b": 1e2}', "live://1 x"]);
  });

  it("refuses what is wrong with -400, and says what", async () => {
    const cases: [body: string, message: RegExp][] = [
      ["", /^the body must be a JSON object in UTF-8/],
      ["[]", /^the body must be a JSON object/],
      ['{"body":1}', /^"room" must be a room key .* current value is missing$/],
      ['{"room":5,"body":1}', /^"room" must be a room key/],
      ['{"room":"live://1"}', /^one of body and body_base64 must be given$/],
      ['{"room":"live://1","body":null}', /^one of body and body_base64 must be given$/],
      ['{"room":"live://1","body":1,"body_base64":""}', /^body and body_base64 must not both/],
      ['{"room":"live://1","body_base64":"?"}', /^body_base64 must be base64/],
      ['{"room":"live://1","body_base64":5}', /^body_base64 must be base64/],
      ...[0, 4, 8, 17, 64, 72, 75, 1.5, "1000", 2 ** 31].map((op): [string, RegExp] => [
        JSON.stringify({ room: "live://1", body: 1, op }),
        /^"op" must be an int32 that is not of the protocol .* current value is /,
      ]),
      ...["", 5, "x".repeat(129), "\ud83d"].map((id): [string, RegExp] => [
        JSON.stringify({ room: "live://1", body: 1, id }),
        /^"id" must be well-formed text of 1 to 128 characters/,
      ]),
      ...[-1, 0.5, "1", 2 ** 53].map((media_ms): [string, RegExp] => [
        JSON.stringify({ room: "live://1", body: 1, media_ms }),
        /^"media_ms" must be an integer, 0 to 9007199254740991/,
      ]),
    ];
    const { comet, logic, client } = await setUp();
    for (const [body, wanted] of cases) {
      const { code, message } = await ask(comet, client, body);
      assert.equal(code, -400, body);
      assert.match(message, wanted);
    }
    assert.deepEqual([logic.published, comet.counters.badRequests], [[], cases.length]);
    for (const op of [-1, 18, 63, 76, 2 ** 31 - 1]) {
      const request = JSON.stringify({ room: "live://1", body: 1, op, id: "😀".repeat(64) });
      assert.equal((await ask(comet, client, request)).code, 0);
    }
  });

  it("bounds a message by its bytes, as the room's type says", async () => {
    const rooms = [{ ...roomDefaults, type: "live", messageBytesMax: 6 }];
    const { comet, client } = await setUp({}, { rooms });
    const lengths = ['"ééé"', '"éééx"', "123456", "1234567", '{"a":1}'];
    const codes = [];
    for (const body of lengths) {
      codes.push((await ask(comet, client, `{"room":"live://1","body":${body}}`)).code);
    }
    assert.deepEqual(codes, [0, -400, 0, -400, -400]);
    const { message } = await ask(comet, client, '{"room":"live://1","body":"1234567"}');
    assert.equal(message, "a message must be at most 6 bytes, current length is 7");
  });

  it("is refused for another mid than the connection's own, as text or as a number", async () => {
    const cases: [own: bigint, mid: string, code: number][] = [
      [7n, "7", 0],
      [7n, '"7"', 0],
      [7n, '"\\u0037"', 0],
      [7n, "null", 0],
      [7n, "8", -403],
      [7n, '"07"', -403],
      [7n, "7.0", -403],
      [7n, "{}", -403],
      [7n, "true", -403],
      [2n ** 53n + 1n, "9007199254740993", 0],
      [2n ** 53n + 1n, "9007199254740992", -403],
      [-1n, '"-1"', 0],
    ];
    for (const [own, mid, code] of cases) {
      const { comet, client } = await setUp();
      comet.channels()[0].mid = own;
      const request = `{"room":"live://1","body":1,"mid":${mid}}`;
      assert.equal((await ask(comet, client, request)).code, code, `${own} ${mid}`);
      assert.equal(comet.counters.publishesRefused, code === 0 ? 0 : 1);
    }
  });

  it("is refused in rooms that the connection is not in, left, or has not joined yet", async () => {
    const { comet, logic, client } = await setUp();
    const codeIn = async (room: string) =>
      (await ask(comet, client, JSON.stringify({ room, body: room }))).code;
    const tell = async (op: number, body: string) => {
      client.send(op, 1, body);
      await comet.settle();
      client.take();
    };
    assert.deepEqual([await codeIn("live://1"), await codeIn("live://2")], [0, -403]);
    await tell(64, '{"room":"live://2"}');
    assert.deepEqual([await codeIn("live://1"), await codeIn("live://2")], [0, 0]);
    await tell(12, "live://3");
    assert.deepEqual([await codeIn("live://1"), await codeIn("live://3")], [-403, 0]);
    await tell(66, '{"room":"live://2"}');
    assert.equal(await codeIn("live://2"), -403);
    assert.equal(published(logic).length, 4);
    assert.equal(comet.counters.publishesRefused, 3);
  });

  it("waits for the answer of the join before it, and is refused when that is", async () => {
    for (const mayJoin of [true, false]) {
      const { comet, logic, client } = await setUp();
      logic.holds.add("authorizeJoin");
      const asking = await comet.open({ asksJoins: true } as TokenFields);
      asking.reset();
      client.send(64, 1, '{"room":"live://2"}');
      client.send(70, 2, '{"room":"live://2","body":"x"}');
      await comet.settle();
      assert.deepEqual([client.frames(), logic.published], [[], []]);
      logic.joins[0].resolve(mayJoin);
      await comet.settle();
      const answers = client.frames().map(({ op, body }) => [op, JSON.parse(String(body)).code]);
      assert.deepEqual(answers, mayJoin ? [[65, 0], [71, 0]] : [[65, -403], [71, -403]]);
    }
  });

  it("says what logic refuses, with when to try again", async () => {
    const { comet, logic, client } = await setUp();
    logic.holds.add("publish");
    const answers = [];
    for (
      const fields of [
        { code: -403, message: "muted", retryMs: 60_000 },
        { code: -429, message: "too fast", retryMs: 1_500 },
        { code: -403, message: "no" },
        { code: -500, message: "the store is away" },
      ]
    ) {
      client.send(70, 9, '{"room":"live://1","body":1}');
      await comet.settle();
      logic.publishes.pop()!.resolve(publishReply(fields));
      await comet.settle();
      answers.push(answerOf(client));
    }
    assert.deepEqual(answers, [
      { code: -403, message: "muted", retry_ms: 60_000 },
      { code: -429, message: "too fast", retry_ms: 1_500 },
      { code: -403, message: "no" },
      { code: -500, message: "the store is away" },
    ]);
    const { published, publishesRefused, requestFailures } = comet.counters;
    assert.deepEqual([published, publishesRefused, requestFailures], [0, 3, 1]);
  });

  it("answers -500 when logic fails, is away, or is of a version before, and goes on", async () => {
    const { comet, logic, client } = await setUp();
    logic.holds.add("publish");
    const failures: [error: Error, message: RegExp][] = [
      [new RpcError("unavailable", true, "no link"), /^the server failed, try again$/],
      [new Error("a bug"), /^the server failed, try again$/],
      [unknownMethod(11), /^no logic takes messages to rooms: all are of an earlier version$/],
    ];
    for (const [error, wanted] of failures) {
      client.send(70, 9, '{"room":"live://1","body":1}');
      client.send(2, 3);
      await comet.settle();
      logic.publishes.pop()!.reject(error);
      await comet.settle();
      const [{ op, body }, heartbeat] = client.frames();
      const { code, message } = JSON.parse(body.toString());
      assert.deepEqual([op, code, heartbeat.op], [71, -500, 3]);
      assert.match(message, wanted);
    }
    assert.equal(comet.counters.requestFailures, 3);
  });

  it("brings the application's reply where it took the message: JSON, text, or base64", async () => {
    const { comet, logic, client } = await setUp();
    logic.holds.add("publish");
    const cases: [reply: Uint8Array, member: string][] = [
      [utf8('{"n":12345678901234567890}'), ',"reply":{"n":12345678901234567890}'],
      [utf8("hi"), ',"reply":"hi"'],
      [Uint8Array.of(255), ',"reply_base64":"/w=="'],
    ];
    for (const [reply, member] of cases) {
      client.send(70, 9, '{"room":"live://1","body":1}');
      await comet.settle();
      logic.publishes.pop()!.resolve(publishReply({ epoch: "", offset: 0, reply }));
      await comet.settle();
      const [{ body }] = client.frames();
      assert.equal(body.toString(), `{"code":0,"room":"live://1","epoch":"","offset":0${member}}`);
    }
  });

  it("is what goim's operation 4 is in its own way, which tells a failure too", async () => {
    const rooms = [{ ...roomDefaults, type: "live", upstream: "publish" as const }];
    const { comet, logic } = await setUp({}, { rooms });
    const goim = await comet.open({ mid: 3, key: "g" });
    goim.send(4, 1, Uint8Array.of(0, 255));
    await comet.settle();
    assert.deepEqual(goim.lines(), ["5:1:"]);
    const [{ room, mid, key, body, operation, publishId }] = logic.published;
    assert.deepEqual([room, mid, key, [...body]], ["live://1", 3n, "g", [0, 255]]);
    assert.deepEqual([operation, publishId, comet.counters.published], [undefined, undefined, 1]);
    logic.holds.add("publish");
    const answers = [];
    for (
      const answer of [
        publishReply({ reply: utf8("pong") }),
        publishReply({ code: -403, message: "muted", retryMs: 5 }),
        new RpcError("unavailable", true, "no link"),
      ]
    ) {
      goim.send(4, 2, "x");
      await comet.settle();
      const held = logic.publishes.pop()!;
      if (answer instanceof Error) held.reject(answer);
      else held.resolve(answer);
      await comet.settle();
      answers.push(...goim.lines());
    }
    assert.deepEqual(answers, [
      "5:2:pong",
      '5:2:{"code":-403,"message":"muted","retry_ms":5}',
      '5:2:{"code":-500,"message":"the server failed, try again"}',
    ]);
  });

  it("is an operation of the application to clients that ask for nothing beyond goim", async () => {
    const comet = await TestComet.start();
    const client = await comet.open();
    client.send(70, 3, '{"room":"live://1","body":1}');
    await comet.settle();
    assert.deepEqual(client.lines(), ["70:3:"]);
    assert.deepEqual([comet.logic.received.length, comet.logic.published.length], [1, 0]);
  });

  it("is carried out though the connection ends meanwhile, and answered to nobody", async () => {
    for (const isServers of [false, true]) {
      const { comet, logic, client } = await setUp();
      logic.holds.add("publish");
      client.send(70, 9, '{"room":"live://1","body":1}');
      client.send(70, 10, '{"room":"live://1","body":2}');
      await comet.settle();
      if (isServers) comet.connections.closeAll({ code: 1001, reason: "", reconnect: true });
      else client.reset();
      await comet.settle();
      logic.publishes[0].resolve(publishReply());
      await comet.settle();
      assert.deepEqual([logic.published.length, comet.counters.published], [1, 1]);
      assert.deepEqual(client.frames().filter(({ op }) => op === 71), []);
      await comet.advance(300);
      assert.deepEqual(comet.left(), NOTHING_LEFT);
    }
  });
});
