import fc from "fast-check";
import assert from "node:assert/strict";
import { test } from "node:test";
import { type AuthToken, parseAuthToken } from "./auth_token.ts";
import { CloseCodes } from "./close_codes.ts";
import { Limits } from "./limits.ts";
import { assertRefuses, hex, utf8 } from "../tests/support/protocol.ts";

const parse = (text: string): AuthToken => parseAuthToken(utf8(text));

test("parseAuthToken() reads goim's token", () => {
  assert.deepEqual(
    parse(
      '{"mid":123,"key":"k1","room_id":"live://1000","platform":"web","accepts":[1000,1001,1002]}',
    ),
    { mid: 123n, key: "k1", room: "live://1000", platform: "web", accepts: [1000, 1001, 1002] },
  );
});

test("parseAuthToken() fills in what is missing, null or empty", () => {
  const nobody = { mid: 0n, key: "", room: "", platform: "", accepts: [] };
  assert.deepEqual(parse("{}"), nobody);
  assert.deepEqual(
    parse('{"mid":null,"key":null,"room_id":null,"platform":null,"accepts":null}'),
    nobody,
  );
  assert.deepEqual(parse('{"key":"","room_id":"","platform":"","accepts":[]}'), nobody);
});

test("parseAuthToken() reads names without regard to case", () => {
  assert.deepEqual(
    parse('{"Mid":9007199254740993,"KEY":"k","Room_ID":"live://1","PlatForm":"ios","Accepts":[7]}'),
    { mid: 9007199254740993n, key: "k", room: "live://1", platform: "ios", accepts: [7] },
  );
});

const SEVERAL: readonly [string, bigint][] = [
  ['{"mid":1,"MID":2}', 2n],
  ['{"MID":2,"mid":1}', 1n],
  ['{"mid":1,"MID":2,"mid":3}', 3n],
  ['{"mid":1,"Mid":null}', 1n],
];

for (const [token, mid] of SEVERAL) {
  test(`parseAuthToken() takes the last mid of ${token}, as Go does`, () => {
    assert.equal(parse(token).mid, mid);
  });
}

test("parseAuthToken() takes a room without a type", () => {
  assert.equal(parse('{"room_id":"1000"}').room, "1000");
  assert.equal(parse('{"room_id":"live:/1000"}').room, "live:/1000");
});

for (
  const mid of ["0", "-1", "9007199254740993", "9223372036854775807", "-9223372036854775808"]
) {
  test(`parseAuthToken() keeps the mid ${mid} exactly`, () => {
    assert.equal(parse(`{"mid":${mid}}`).mid, BigInt(mid));
    assert.equal(parse(`{"mid" : ${mid} , "key":"k"}`).mid, BigInt(mid));
    assert.equal(parse(`{"mid":"${mid}"}`).mid, BigInt(mid));
  });
}

test("parseAuthToken() keeps every int64", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (mid) => {
      assert.equal(parse(`{"key":"\\"mid\\":1","mid":${mid}}`).mid, mid);
    }),
    { seed: 20_264, numRuns: 1000 },
  );
});

test("parseAuthToken() takes the mid of the token, not one within another member", () => {
  assert.equal(parse('{"extra":{"mid":5},"mid":7,"more":[{"mid":9}]}').mid, 7n);
});

test("parseAuthToken() keeps each accepted operation once, in order", () => {
  assert.deepEqual(parse('{"accepts":[3,1,3,-2147483648,1,2147483647]}').accepts, [
    3,
    1,
    -2147483648,
    2147483647,
  ]);
});

test("parseAuthToken() takes as many operations as the limit and no more", () => {
  const operations = Array.from({ length: Limits.acceptsMax }, (_, index) => index);
  assert.deepEqual(parse(JSON.stringify({ accepts: [...operations, 0, 1] })).accepts, operations);
  assertRefuses(
    () => parse(JSON.stringify({ accepts: [...operations, -1] })),
    CloseCodes.authFailed,
    /^Cannot read auth token: "accepts" must hold at most 256, current number is 257$/,
  );
});

test("parseAuthToken() takes a key of the limit and no longer one", () => {
  const key = "k".repeat(Limits.keyCharsMax);
  assert.equal(parse(JSON.stringify({ key })).key, key);
  assertRefuses(
    () => parse(JSON.stringify({ key: `${key}k` })),
    CloseCodes.authFailed,
    /"key" must be at most 256 characters, current value is "k{63}…$/,
  );
});

/** Tokens that ask for more than goim's protocol, and what is read beside the rest. */
const EXTRAS: readonly [string, object][] = [
  ['{"since":{"epoch":"k3x9","offset":41}}', { since: { epoch: "k3x9", offset: 41 } }],
  ['{"SINCE":{"Offset":0,"EPOCH":"","more":1}}', { since: { epoch: "", offset: 0 } }],
  ['{"since":{"epoch":"\\ud800","offset":9007199254740991}}', {
    since: { epoch: "\ufffd", offset: 9007199254740991 },
  }],
  ['{"last":1}', { last: 1 }],
  ['{"Last":1000,"since":null,"Features":null}', { last: 1000 }],
  ['{"features":[]}', { features: [] }],
  ['{"FEATURES":["rooms","later","rooms"],"last":5}', { features: ["rooms", "later"], last: 5 }],
];

for (const [token, extras] of EXTRAS) {
  test(`parseAuthToken() reads ${token}`, () => {
    const nobody = { mid: 0n, key: "", room: "", platform: "", accepts: [] };
    assert.deepEqual(parse(token), { ...nobody, ...extras });
  });
}

test("parseAuthToken() makes strings well-formed", () => {
  assert.equal(parse('{"key":"a\\ud800"}').key, "a\ufffd");
});

const REFUSED: readonly [string, RegExp][] = [
  ["", /token must be a JSON object/],
  ["null", /token must be a JSON object, current value is null$/],
  ["[1]", /token must be a JSON object/],
  ['{"mid":1', /token must be a JSON object/],
  ['{"mid":1.0}', /"mid" must be an int64, current value is 1.0$/],
  ['{"mid":1e3}', /"mid" must be an int64/],
  ['{"mid":9223372036854775808}', /"mid" must be an int64, current value is 9223372036854775808$/],
  ['{"mid":-9223372036854775809}', /"mid" must be an int64/],
  [`{"mid":1${"0".repeat(3000)}}`, /"mid" must be an int64, current value is 10{63}…$/],
  ['{"mid":""}', /"mid" must be an int64, current value is ""$/],
  ['{"mid":" 1"}', /"mid" must be an int64/],
  ['{"mid":"0x10"}', /"mid" must be an int64/],
  ['{"mid":true}', /"mid" must be an int64/],
  ['{"mid":[1]}', /"mid" must be an int64/],
  ['{"key":1}', /"key" must be a string, current value is 1$/],
  ['{"room_id":1000}', /"room_id" must be a string/],
  [
    '{"room_id":"live://"}',
    /"room_id" must be a room key \{type\}:\/\/\{id\}, or an id alone, .* is "live:\/\/"$/,
  ],
  ['{"room_id":"://1000"}', /"room_id" must be a room key/],
  [`{"room_id":"${"1".repeat(257)}"}`, /"room_id" must be a room key/],
  ['{"MID":true}', /"mid" must be an int64, current value is true$/],
  [`{"room_id":"live://${"1".repeat(250)}"}`, /"room_id" must be a room key/],
  ['{"platform":{}}', /"platform" must be a string, current value is \{\}$/],
  ['{"accepts":1000}', /"accepts" must be a list of int32, current value is 1000$/],
  ['{"accepts":"1000"}', /"accepts" must be a list of int32/],
  ['{"accepts":[1000,"1001"]}', /"accepts" must be a list of int32/],
  ['{"accepts":[2147483648]}', /"accepts" must be a list of int32/],
  ['{"accepts":[0.5]}', /"accepts" must be a list of int32/],
  ['{"accepts":[null]}', /"accepts" must be a list of int32/],
  [`{"accepts":${"[".repeat(2000)}${"]".repeat(2000)}}`, /"accepts" must be a list of int32/],
  ['{"since":41}', /"since" must be \{"epoch":text,"offset":an integer from 0\}, .* is 41$/],
  ['{"since":[]}', /"since" must be/],
  ['{"since":{"epoch":"a"}}', /"since" must be/],
  ['{"since":{"offset":1}}', /"since" must be/],
  ['{"since":{"epoch":1,"offset":1}}', /"since" must be/],
  ['{"since":{"epoch":"a","offset":-1}}', /"since" must be .*"offset":-1\}$/],
  ['{"since":{"epoch":"a","offset":"1"}}', /"since" must be/],
  ['{"since":{"epoch":"a","offset":0.5}}', /"since" must be/],
  ['{"since":{"epoch":"a","offset":9007199254740992}}', /"since" must be/],
  ['{"since":{"epoch":"a","offset":1e400}}', /"since" must be/],
  ['{"last":0}', /"last" must be an integer, 1 to 1000, current value is 0$/],
  ['{"last":1001}', /"last" must be an integer, 1 to 1000, current value is 1001$/],
  ['{"last":-1}', /"last" must be/],
  ['{"last":"5"}', /"last" must be/],
  ['{"last":0.5}', /"last" must be/],
  ['{"last":5,"since":{"epoch":"","offset":0}}', /"since" and "last" must not both be given$/],
  ['{"features":"rooms"}', /"features" must be a list of at most 16 texts, .* is "rooms"$/],
  ['{"features":[1]}', /"features" must be/],
  [`{"features":[${'"a",'.repeat(16)}"a"]}`, /"features" must be/],
  ["[".repeat(Limits.upstreamBodyBytesMax), /token must be a JSON object/],
];

for (const [text, message] of REFUSED) {
  test(`parseAuthToken() refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
    assertRefuses(() => parse(text), CloseCodes.authFailed, message);
  });
}

test("parseAuthToken() refuses what is not UTF-8", () => {
  assertRefuses(
    () => parseAuthToken(hex("7b226b6579223a22ff227d")),
    CloseCodes.authFailed,
    /token must be valid UTF-8$/,
  );
});
