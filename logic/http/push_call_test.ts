import assert from "node:assert/strict";
import { test } from "node:test";
import { Limits } from "../../protocol/limits.ts";
import { bad, OK, setUp } from "../../tests/support/http_app.ts";

async function push(body: string | Uint8Array) {
  const { call, pushLog } = await setUp();
  const { status, text } = await call("POST /v1/push", { body: body as BodyInit });
  assert.equal(status, 200);
  const taken = pushLog.taken.map(({ body, ...rest }) => ({
    ...rest,
    body: new TextDecoder().decode(body),
  }));
  return { text, taken };
}

/** Requests, and what reaches the log. */
const TAKEN: readonly [string, object][] = [
  [
    '{"keys":["x","nobody","z&?"],"operation":7,"body":"hi"}',
    { kind: "keys", server: "a", keys: ["x", "z&?"], operation: 7, body: "hi" },
  ],
  [
    '{"mids":["7",9223372036854775807],"operation":7,"body":{"a": 9007199254740993}}',
    { kind: "keys", server: "a", keys: ["x", "y"], operation: 7, body: '{"a": 9007199254740993}' },
  ],
  [
    '{"mids":["9223372036854775807"],"operation":7,"body":[1, "2"]}',
    { kind: "keys", server: "a", keys: ["y"], operation: 7, body: '[1, "2"]' },
  ],
  [
    '{"room":"live://1000","operation":-1,"body":1.50}',
    { kind: "room", room: "live://1000", operation: -1, body: "1.50" },
  ],
  [
    '{"room":"lobby","operation":7,"body_base64":"5L2g"}',
    { kind: "room", room: "lobby", operation: 7, body: "你" },
  ],
  [
    '{"room":"\\ud800","operation":7}',
    { kind: "room", room: "\ufffd", operation: 7, body: "" },
  ],
  [
    '{"all":true,"operation":7,"body":null,"id":null,"unknown":[1]}',
    { kind: "broadcast", speed: 0, operation: 7, body: "" },
  ],
  [
    '{"all":true,"speed":500,"operation":7,"body":"a","body":"b"}',
    { kind: "broadcast", speed: 500, operation: 7, body: "b" },
  ],
];

for (const [request, message] of TAKEN) {
  test(`POST /v1/push takes ${request}`, async () => {
    const { text, taken } = await push(request);
    assert.equal(text, OK);
    assert.deepEqual(taken, [message]);
  });
}

test("POST /v1/push takes an id and a media time, and answers a room's offset", async () => {
  const { call, pushLog } = await setUp();
  const push = async (body: string) => (await call("POST /v1/push", { body })).text;
  const room = '{"room":"log://1","operation":7,"body":"a","id":"i1","media_ms":61500}';
  assert.equal(await push(room), '{"code":0,"message":"","data":{"epoch":"e1","offset":1}}');
  for (const target of ['"keys":["x"]', '"mids":[7]', '"all":true', '"room":"live://1"']) {
    assert.equal(await push(`{${target},"operation":7,"id":"i2","media_ms":null}`), OK);
  }
  const ids = pushLog.options.map(({ publishId }) => publishId);
  assert.deepEqual(ids, ["i1", "i2", "i2", "i2", "i2"]);
  const [message] = pushLog.taken;
  assert.equal(message.kind === "room" && message.mediaMs, 61_500);
});

test("POST /v1/push to nobody's keys and mids is answered 0 and pushes nothing", async () => {
  assert.deepEqual(await push('{"keys":["no"],"operation":7}'), { text: OK, taken: [] });
  // One more than the mid of a client, and the same as a JavaScript number.
  const near = '{"mids":[9223372036854775806],"operation":7}';
  assert.deepEqual(await push(near), { text: OK, taken: [] });
});

const oneTooMany = JSON.stringify(Array.from({ length: 10_001 }, (_, index) => `k${index}`));

const REFUSED: readonly [string, string][] = [
  ["", "body must be a JSON object in UTF-8"],
  ["[]", "body must be a JSON object in UTF-8"],
  ['{"keys":["x"]', "body must be a JSON object in UTF-8"],
  ['{"operation":7}', "one of keys, mids, room, all must be given, current number is 0"],
  [
    '{"operation":7,"keys":["x"],"all":true}',
    "one of keys, mids, room, all must be given, current number is 2",
  ],
  ['{"all":true}', "operation is missing"],
  ['{"all":true,"operation":"7"}', 'operation must be an int32, current value is "7"'],
  ['{"all":true,"operation":0}', "operation must be an int32 but 0, current value is 0"],
  [
    '{"all":true,"operation":2147483648}',
    "operation must be an int32, current value is 2147483648",
  ],
  ['{"all":false,"operation":7}', "all must be true, current value is false"],
  [
    '{"all":true,"speed":-1,"operation":7}',
    "speed must be 0 to 2147483647, current value is -1",
  ],
  ['{"all":true,"speed":0.5,"operation":7}', "speed must be an int32, current value is 0.5"],
  ['{"keys":"x","operation":7}', 'keys must be a list of 1 to 10000, current value is "x"'],
  ['{"keys":[],"operation":7}', "keys must be a list of 1 to 10000, current value is []"],
  ['{"keys":["x",1],"operation":7}', 'keys must be a list of text, current value is ["x",1]'],
  [
    `{"keys":${oneTooMany},"operation":7}`,
    `keys must be a list of 1 to 10000, current value is ${oneTooMany.slice(0, 64)}…`,
  ],
  ['{"mids":[1,[2]],"operation":7}', "mids must be a list of int64, current value is [1,[2]]"],
  ['{"mids":[1.0],"operation":7}', 'mids must be an int64, current value is "1.0"'],
  ['{"mids":["1e3"],"operation":7}', 'mids must be an int64, current value is "1e3"'],
  [
    '{"mids":[9223372036854775808],"operation":7}',
    'mids must be an int64, current value is "9223372036854775808"',
  ],
  ['{"room":7,"operation":7}', "room must be text, current value is 7"],
  [
    '{"room":"live://","operation":7}',
    "room must be a room key {type}://{id}, or an id alone, of at most 256 characters",
  ],
  ['{"all":true,"operation":7,"id":1}', "id must be text, current value is 1"],
  [
    '{"all":true,"operation":7,"id":""}',
    'id must be well-formed text of 1 to 128 characters, current value is ""',
  ],
  [
    '{"keys":["x"],"operation":7,"id":"\\udfff"}',
    'id must be well-formed text of 1 to 128 characters, current value is "\udfff"',
  ],
  [
    `{"mids":["7"],"operation":7,"id":"${"i".repeat(10_240)}"}`,
    `id must be well-formed text of 1 to 128 characters, current value is "${"i".repeat(64)}…"`,
  ],
  ['{"all":true,"operation":7,"media_ms":0}', "media_ms must be given with room alone"],
  [
    '{"room":"log://1","operation":7,"media_ms":-1}',
    "media_ms must be an integer, 0 to 9007199254740991, current value is -1",
  ],
  [
    '{"room":"log://1","operation":7,"media_ms":9007199254740992}',
    "media_ms must be an integer, 0 to 9007199254740991, current value is 9007199254740992",
  ],
  [
    '{"room":"log://1","operation":7,"media_ms":"5"}',
    'media_ms must be an integer, 0 to 9007199254740991, current value is "5"',
  ],
  [
    '{"all":true,"operation":7,"body":"x","body_base64":"eA=="}',
    "body and body_base64 must not both be given",
  ],
  [
    '{"all":true,"operation":7,"body_base64":"x"}',
    'body_base64 must be base64, current value is "x"',
  ],
  ['{"all":true,"operation":7,"body_base64":7}', "body_base64 must be base64, current value is 7"],
];

for (const [request, message] of REFUSED) {
  test(`POST /v1/push refuses ${request.slice(0, 60)}`, async () => {
    assert.deepEqual(await push(request), { text: bad(message), taken: [] });
  });
}

test("POST /v1/push refuses what is not UTF-8 or nests too deep", async () => {
  const notJson = bad("body must be a JSON object in UTF-8");
  assert.equal((await push(Uint8Array.of(0x7b, 0xff, 0x7d))).text, notJson);
  const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  assert.match((await push(`{"all":true,"operation":7,"mids":${deep}}`)).text, /^{"code":-400,/);
});

test("POST /v1/push holds a body to the limit of a push", async () => {
  const request = (bytes: number) =>
    `{"all":true,"operation":7,"body":${JSON.stringify("\0".repeat(bytes))}}`;
  assert.equal((await push(request(Limits.pushBodyBytesMax))).text, OK);
  assert.equal(
    (await push(request(Limits.pushBodyBytesMax + 1))).text,
    bad("body must be at most 65472 bytes, current value is 65473"),
  );
});
