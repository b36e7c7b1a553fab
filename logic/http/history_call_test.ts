import assert from "node:assert/strict";
import { test } from "node:test";
import { StoreUnavailable } from "../../drivers/ports.ts";
import { bad, setUp } from "../../tests/support/http_app.ts";

const CALL = "GET /goim/history/room?type=log&room=1000";
const encoder = new TextEncoder();

const ANSWER = '{"code":0,"message":"","data":{"room":"log://1000","epoch":"k3x9","first":56,' +
  '"last":57,"messages":[' +
  '{"offset":56,"op":1000,"time_ms":1700000000000,"media_ms":61500,"mid":"9223372036854775807",' +
  '"body":{"n": 9007199254740993}},' +
  '{"offset":57,"op":-1,"time_ms":1700000000001,"body":"你"}],"more":true}}';

test("GET /goim/history/room answers what the room has kept, each body as it is", async () => {
  const { pushLog, call } = await setUp();
  pushLog.page = {
    epoch: "k3x9",
    head: 57,
    first: 56,
    more: true,
    messages: [{
      offset: 56,
      operation: 1000,
      timeMs: 1_700_000_000_000,
      mediaMs: 61_500,
      mid: 2n ** 63n - 1n,
      body: encoder.encode('{"n": 9007199254740993}'),
    }, {
      offset: 57,
      operation: -1,
      timeMs: 1_700_000_000_001,
      mid: 0n,
      body: encoder.encode("你"),
    }],
  };
  const { status, response, text } = await call(CALL);
  assert.deepEqual([status, text], [200, ANSWER]);
  assert.match(response.headers.get("content-type")!, /^application\/json/);
});

/** Parameters, and what the log is asked for. */
const ASKED: readonly [string, object][] = [
  ["", { after: 0, limit: 100 }],
  ["&after=41&limit=1000", { after: 41, limit: 1000 }],
  ["&last=50", { last: 50, limit: 50 }],
  ["&from_ms=0&to_ms=60000", { fromMs: 0, toMs: 60_000, limit: 100 }],
  ["&from_ms=7&to_ms=9007199254740991&after=3&limit=1", {
    fromMs: 7,
    toMs: 9_007_199_254_740_991,
    after: 3,
    limit: 1,
  }],
];

for (const [parameters, query] of ASKED) {
  test(`GET /goim/history/room asks by "${parameters}"`, async () => {
    const { pushLog, call } = await setUp();
    const { text } = await call(`${CALL}${parameters}`);
    assert.equal(
      text,
      '{"code":0,"message":"","data":' +
        '{"room":"log://1000","epoch":"","first":1,"last":0,"messages":[],"more":false}}',
    );
    const retention = { sizeMax: 50, ttlMs: 60_000, by: "offset" };
    const shared = { room: "log://1000", bytesMax: 1_048_576, retention };
    assert.deepEqual(pushLog.asked, [{ ...shared, ...query }]);
  });
}

const media = "from_ms and to_ms must be integers from 0, and from_ms not above to_ms";

/** Calls that are refused, and why. */
const REFUSED: readonly [string, string][] = [
  ["?room=1000", "type is missing"],
  ["?type=log&room=", "room is missing"],
  [
    `?type=log&room=${"1".repeat(257)}`,
    "room must be a room key {type}://{id}, or an id alone, of at most 256 characters",
  ],
  ["?type=log&room=1&limit=0", "limit must be an integer, 1 to 1000, current value is 0"],
  ["?type=log&room=1&limit=1001", "limit must be an integer, 1 to 1000, current value is 1001"],
  [
    "?type=log&room=1&limit=99999999999999999999",
    'limit must be an integer of at most 53 bits, current value is "99999999999999999999"',
  ],
  ["?type=log&room=1&limit=", 'limit must be an integer of at most 53 bits, current value is ""'],
  ["?type=log&room=1&after=-1", "after must be an integer, 0 to 2147483647, current value is -1"],
  [
    "?type=log&room=1&after=1e3",
    'after must be an integer of at most 53 bits, current value is "1e3"',
  ],
  ["?type=log&room=1&last=0", "last must be an integer, 1 to 1000, current value is 0"],
  ["?type=log&room=1&last=5&after=1", "last must be given alone, or with limit"],
  ["?type=log&room=1&from_ms=5", media],
  ["?type=log&room=1&from_ms=5&to_ms=4", media],
  [
    "?type=log&room=1&from_ms=0&to_ms=9007199254740992",
    'to_ms must be an integer of at most 53 bits, current value is "9007199254740992"',
  ],
];

for (const [parameters, message] of REFUSED) {
  test(`GET /goim/history/room refuses ${parameters.slice(0, 60)}`, async () => {
    const { pushLog, call } = await setUp();
    assert.equal((await call(`GET /goim/history/room${parameters}`)).text, bad(message));
    assert.deepEqual(pushLog.asked, []);
  });
}

test("GET /goim/history/room is code -404 where the type keeps no history", async () => {
  const { pushLog, call } = await setUp();
  const { status, text } = await call("GET /goim/history/room?type=live&room=1");
  assert.deepEqual(
    [status, text],
    [200, '{"code":-404,"message":"rooms of this type keep no history"}'],
  );
  assert.deepEqual(pushLog.asked, []);
});

test("GET /goim/history/room is code -500 while the store is away", async () => {
  const { pushLog, call } = await setUp();
  pushLog.readHistory = () => Promise.reject(new StoreUnavailable("redis is gone"));
  assert.equal((await call(CALL)).text, '{"code":-500,"message":"store is away, try again"}');
});

test("GET /goim/history/room wants the API key, and no page of another site", async () => {
  const { call } = await setUp({ apiKey: "right-key" });
  assert.equal((await call(CALL)).status, 401);
  const headers = { authorization: "Bearer right-key", origin: "http://evil.example" };
  assert.equal((await call(CALL, { headers })).status, 403);
});
