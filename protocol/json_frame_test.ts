import fc from "fast-check";
import assert from "node:assert/strict";
import { test } from "node:test";
import { CloseCodes } from "./close_codes.ts";
import { EMPTY, type Frame, newFrame } from "./frame.ts";
import { decodeJsonFrame, encodeJsonFrame } from "./json_frame.ts";
import { Limits } from "./limits.ts";
import { Operation } from "./operations.ts";
import { assertRefuses, hex, utf8 } from "../tests/support/protocol.ts";

function decode(text: string): Frame {
  const frame = newFrame();
  decodeJsonFrame(text, frame);
  return frame;
}

function bodyText(text: string): string {
  return new TextDecoder().decode(decode(text).body);
}

test("decodeJsonFrame() reads goim's auth frame", () => {
  const body = '{"mid":9223372036854775807,"key":"","room_id":"live://1000","accepts":[1000]}';
  assert.deepEqual(decode(`{"ver":1,"op":7,"seq":3,"body":${body}}`), {
    version: 1,
    operation: 7,
    sequence: 3,
    body: utf8(body),
  });
});

test("decodeJsonFrame() fills in what is missing or null", () => {
  const heartbeat = { version: 1, operation: 2, sequence: 0, body: EMPTY };
  assert.deepEqual(decode('{"op":2}'), heartbeat);
  assert.deepEqual(decode('{"op":2,"ver":null,"seq":null,"body":null}'), heartbeat);
  assert.equal(decode('{"op":2,"body":""}').body, EMPTY);
});

test("decodeJsonFrame() forgets the frame before", () => {
  const frame = newFrame();
  decodeJsonFrame('{"ver":2,"op":4,"seq":9,"body":"abc"}', frame);
  decodeJsonFrame('{"op":2}', frame);
  assert.deepEqual(frame, { version: 1, operation: 2, sequence: 0, body: EMPTY });
});

const BODIES: readonly [string, string][] = [
  ['"live://1000"', "live://1000"],
  ['"\\u00e4\\n\\ud83d\\ude00"', "ä\n😀"],
  ['"\\ud800"', "\ufffd"],
  ["9007199254740993", "9007199254740993"],
  ["-9223372036854775808", "-9223372036854775808"],
  ["1.0", "1.0"],
  ["true", "true"],
  ["{}", "{}"],
  ['[ 1, {"b": 12345678901234567890} ]', '[ 1, {"b": 12345678901234567890} ]'],
  ['{"2":"ä","1":0}', '{"2":"ä","1":0}'],
];

for (const [json, expected] of BODIES) {
  test(`decodeJsonFrame() reads the body ${json}`, () => {
    assert.equal(bodyText(`{"ver":1,"op":4,"seq":1,"body":${json}}`), expected);
    assert.equal(bodyText(`{"body": ${json} ,"op":4}`), expected);
  });
}

const REFUSED: readonly [string, RegExp][] = [
  ["", /text must be a JSON object, current value is $/],
  ["[]", /text must be a JSON object/],
  ['[{"op":2}]', /text must be a JSON object/],
  ['{"op":2', /text must be a JSON object/],
  ['{"op":2}{"op":2}', /text must be a JSON object/],
  ["{}", /"op" must be an int32, current value is missing$/],
  ['{"op":null}', /"op" must be an int32, current value is null$/],
  ['{"op":"7"}', /"op" must be an int32, current value is "7"$/],
  ['{"op":2.5}', /"op" must be an int32, current value is 2.5$/],
  ['{"op":2147483648}', /"op" must be an int32, current value is 2147483648$/],
  ['{"op":[7]}', /"op" must be an int32/],
  ['{"op":7,"seq":-2147483649}', /"seq" must be an int32/],
  ['{"op":7,"seq":"1"}', /"seq" must be an int32/],
  ['{"op":7,"seq":1e400}', /"seq" must be an int32, current value is 1e400$/],
  ['{"op":7,"ver":true}', /"ver" must be an int32/],
  ["[".repeat(Limits.messageBytesMax), /text must be a JSON object, current value is \[{64}…$/],
  ['{"a":'.repeat(Limits.messageBytesMax / 5), /text must be a JSON object/],
  [`{"op":${"[".repeat(8000)}${"]".repeat(8000)}}`, /Cannot read JSON frame/],
];

for (const [text, message] of REFUSED) {
  test(`decodeJsonFrame() refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
    const frame = newFrame();
    assertRefuses(() => decodeJsonFrame(text, frame), CloseCodes.protocolError, message);
    assert.deepEqual(frame, newFrame());
  });
}

test("decodeJsonFrame() takes the largest body and refuses one byte more", () => {
  const largest = "ä".repeat(Limits.upstreamBodyBytesMax / 2);
  assert.equal(bodyText(`{"op":4,"body":"${largest}"}`), largest);
  const message = /"body" must be at most 4096 bytes, current length is 409[78]$/;
  for (const body of [`"${largest}a"`, `"${largest.slice(1)}aaa"`, `[${"1".repeat(4095)}]`]) {
    assertRefuses(() => decode(`{"op":4,"body":${body}}`), CloseCodes.messageTooBig, message);
  }
});

test("decodeJsonFrame() survives a body of nothing but brackets", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  assert.equal(bodyText(`{"op":4,"body":${nested(2000)}}`), nested(2000));
  assertRefuses(
    () => decode(`{"op":4,"body":${nested(8000)}}`),
    CloseCodes.messageTooBig,
    /"body" must be at most 4096 bytes/,
  );
});

/** Operation, sequence, body as hexadecimal bytes, and the text that must come out. */
const GOLDEN: readonly [number, number, string, string][] = [
  [Operation.AuthReply, 1, "", '{"ver":1,"op":8,"seq":1,"body":{}}'],
  [Operation.HeartbeatReply, 2, "000186a0", '{"ver":1,"op":3,"seq":2,"body":100000}'],
  [Operation.HeartbeatReply, 2, "ffffffff", '{"ver":1,"op":3,"seq":2,"body":-1}'],
  [Operation.SendMessageReply, -3, "", '{"ver":1,"op":5,"seq":-3,"body":{}}'],
  [
    Operation.ChangeRoomReply,
    4,
    "6c6976653a2f2f31303030",
    '{"ver":1,"op":13,"seq":4,"body":"live://1000"}',
  ],
  [
    Operation.SubscribeReply,
    5,
    "313030302c31303031",
    '{"ver":1,"op":15,"seq":5,"body":"1000,1001"}',
  ],
  [
    Operation.UnsubscribeReply,
    6,
    "313030302c31303031",
    '{"ver":1,"op":17,"seq":6,"body":"1000,1001"}',
  ],
  [1000, 0, "7b2261223a317d", '{"ver":1,"op":1000,"seq":0,"body":{"a":1}}'],
  [
    1000,
    0,
    "39303037313939323534373430393933",
    '{"ver":1,"op":1000,"seq":0,"body":9007199254740993}',
  ],
  [1000, 0, "7b2261223a", '{"ver":1,"op":1000,"seq":0,"body":"{\\"a\\":"}'],
  [1000, 0, "20", '{"ver":1,"op":1000,"seq":0,"body":" "}'],
  [1000, 0, "efbbbf31", '{"ver":1,"op":1000,"seq":0,"body":"\ufeff1"}'],
  [1000, 0, "00", '{"ver":1,"op":1000,"seq":0,"body":"\\u0000"}'],
  [1000, 0, "ff00", '{"ver":1,"op":1000,"seq":0,"body":"/wA=","encoding":"base64"}'],
  [1000, 0, "eda080", '{"ver":1,"op":1000,"seq":0,"body":"7aCA","encoding":"base64"}'],
];

for (const [operation, sequence, body, golden] of GOLDEN) {
  test(`encodeJsonFrame() writes ${golden}`, () => {
    assert.equal(encodeJsonFrame(operation, sequence, hex(body)), golden);
  });
}

/** What a text-mode client is to find in `body`. */
function seenByClient(body: Uint8Array): { body: unknown; encoding?: string } {
  if (body.length === 0) return { body: {} };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return { body: body.toBase64(), encoding: "base64" };
  }
  try {
    return { body: JSON.parse(text) };
  } catch {
    return { body: text };
  }
}

test("encodeJsonFrame() writes one JSON object that holds the body, whatever its bytes", () => {
  const json = fc.jsonValue().map((value) => utf8(JSON.stringify(value)));
  const text = fc.string({ unit: "binary" }).map(utf8);
  const bytes = fc.uint8Array({ maxLength: 100 });
  fc.assert(
    fc.property(fc.oneof(json, text, bytes), (body) => {
      const object = JSON.parse(encodeJsonFrame(1000, 5, body));
      assert.deepEqual(Object.keys(object).slice(0, 4), ["ver", "op", "seq", "body"]);
      assert.deepEqual(object, { ver: 1, op: 1000, seq: 5, ...seenByClient(body) });
    }),
    { seed: 20_263, numRuns: 2000 },
  );
});

test("encodeJsonFrame() survives a push of nothing but brackets", () => {
  const nested = utf8("[".repeat(Limits.pushBodyBytesMax));
  assert.equal(JSON.parse(encodeJsonFrame(1000, 0, nested)).body.length, nested.length);
  const closed = utf8("[".repeat(32_000) + "]".repeat(32_000));
  assert.match(encodeJsonFrame(1000, 0, closed), /^\{"ver":1,"op":1000,"seq":0,"body":"?\[/);
});
