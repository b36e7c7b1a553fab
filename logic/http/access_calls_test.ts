import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { CometControl } from "../../protocol/cluster/comet_calls.ts";
import { bad, MODERATION_MAX, setUp } from "../../tests/support/http_app.ts";

/** The app, whose comet `a` has connections 0 and 1 of users 7 and 2^63-1, and notes what it closes. */
async function withComets() {
  const { clock, comets, logic, call } = await setUp();
  const closed: unknown[] = [];
  const comet: CometControl = {
    close: async ({ connectionId, close }) => void closed.push([connectionId, close]),
    closeRoom: async ({ room, close }) => {
      closed.push([room, close]);
      return 5;
    },
  };
  comets.set("a", comet);
  comets.set("b", comet);
  const post = async (path: string, body: unknown) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return (await call(`POST /v1/${path}`, { body: text })).text;
  };
  const connect = (key: string, mid = 0) =>
    logic.connect({
      server: "a",
      connectionId: 9,
      token: new TextEncoder().encode(JSON.stringify({ key, mid })),
      remoteAddress: "",
    });
  return { clock, comets, logic, closed, post, connect };
}

const done = (closed: number, failed = 0) =>
  `{"code":0,"message":"","data":{"closed":${closed},"failed":${failed}}}`;
const byDefault = { code: 4010, reason: "closed by the application", reconnect: false };
const own = { code: 4100, reason: "kicked", reconnect: true };

test("POST /v1/disconnect closes by key, user, connection and room, and says how many", async () => {
  const { closed, post, comets } = await withComets();
  assert.equal(await post("disconnect", { keys: ["x", "nobody", "y"] }), done(2));
  assert.equal(await post("disconnect", '{"mids":[9223372036854775807,"7",404]}'), done(2));
  assert.equal(await post("disconnect", { mids: ["7"], room: null, ...own }), done(1));
  const connections = [{ server: "a", connection_id: 5 }, { server: "gone", connection_id: 6 }];
  assert.equal(await post("disconnect", { connections, code: 4999 }), done(1, 1));
  assert.equal(await post("disconnect", { room: "live://1", ...own }), done(10));
  assert.deepEqual(closed, [
    [0, byDefault],
    [1, byDefault],
    [1, byDefault],
    [0, byDefault],
    [0, own],
    [5, { code: 4999, reason: "", reconnect: false }],
    ["live://1", own],
    ["live://1", own],
  ]);
  comets.delete("b");
  assert.equal(await post("disconnect", { room: "live://1" }), done(5, 1));
});

test("POST /v1/disconnect closes at most 64 connections in a turn of the event loop", async () => {
  const { clock, closed, post } = await withComets();
  const connections = Array.from({ length: 150 }, (_, id) => ({ server: "a", connection_id: id }));
  const answer = post("disconnect", { connections });
  const seen: number[] = [];
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(closed.length);
    clock.advance(0);
  }
  assert.equal(await answer, done(150));
  assert.deepEqual(seen, [64, 128, 150]);
});

const WRONG_DISCONNECTS: readonly [string, string][] = [
  ["{}", "one of keys, mids, connections, room must be given, current number is 0"],
  [
    '{"keys":["a"],"room":"live://1"}',
    "one of keys, mids, connections, room must be given, " +
    "current number is 2",
  ],
  ['{"mid":7}', "one of keys, mids, connections, room must be given, current number is 0"],
  ['{"keys":[]}', "keys must be a list of 1 to 10000, current value is []"],
  ['{"keys":[1]}', "keys must be a list of text, current value is [1]"],
  ['{"mids":["x"]}', 'mids must be an int64, current value is "x"'],
  [
    '{"room":"live://"}',
    "room must be a room key {type}://{id}, or an id alone, of " +
    "at most 256 characters",
  ],
  [
    '{"connections":[{"server":"a"}]}',
    "connections must be a list of " +
    '{"server":text,"connection_id":integer}, one of them is {"server":"a"}',
  ],
  [
    '{"connections":[null]}',
    "connections must be a list of " +
    '{"server":text,"connection_id":integer}, one of them is null',
  ],
  ['{"keys":["a"],"code":1000}', "code must be 4100 to 4999, current value is 1000"],
  ['{"keys":["a"],"code":4014}', "code must be 4100 to 4999, current value is 4014"],
  ['{"keys":["a"],"code":"4100"}', 'code must be an int32, current value is "4100"'],
  ['{"keys":["a"],"reason":"x"}', "reason must be given with code alone"],
  ['{"keys":["a"],"reconnect":true}', "reconnect must be given with code alone"],
  [
    '{"keys":["a"],"code":4100,"reconnect":1}',
    "reconnect must be true or false, current value is 1",
  ],
  [
    `{"keys":["a"],"code":4100,"reason":"${"é".repeat(62)}"}`,
    "reason must be at most 123 bytes " +
    "of UTF-8",
  ],
];

for (const [body, message] of WRONG_DISCONNECTS) {
  test(`POST /v1/disconnect closes nobody for ${body.slice(0, 60)}`, async () => {
    const { closed, post } = await withComets();
    assert.equal(await post("disconnect", body), bad(message));
    assert.deepEqual(closed, []);
  });
}

test("POST /v1/block closes a user's connections and keeps it out, and unblock ends that", async () => {
  const { clock, closed, logic, post, connect } = await withComets();
  const was = (blocked: boolean) => `{"code":0,"message":"","data":{"was_blocked":${blocked}}}`;
  const blocked = { code: 4014, reason: "blocked", reconnect: false };
  assert.equal(await post("block", { mid: "7", for_ms: 1_000 }), done(1));
  assert.equal(await post("block", { key: "y", for_ms: 5_000 }), done(1));
  assert.deepEqual(closed, [[0, blocked], [1, blocked]]);
  await assert.rejects(connect("new", 7), { close: blocked });
  await assert.rejects(connect("y"), { close: blocked });
  await connect("new", 8);
  assert.equal(await post("unblock", { key: "y" }), was(true));
  assert.equal(await post("unblock", { key: "y" }), was(false));
  await connect("y");
  clock.advance(1_000);
  await connect("new", 7);
  assert.equal(await post("unblock", { mid: 7 }), was(false));
  assert.deepEqual([logic.counters.blocks, logic.counters.refusedBlocked], [2, 2]);
});

const FOR_MS = "for_ms must be an integer, 1 to 31622400000 (366 days), current value is";

const WRONG_BLOCKS: readonly [string, string][] = [
  ['{"for_ms":1}', "one of mid, key must be given, current number is 0"],
  ['{"mid":1,"key":"a","for_ms":1}', "one of mid, key must be given, current number is 2"],
  ['{"mid":0,"for_ms":1}', "mid must be an int64 but 0, which is nobody, current value is 0"],
  ['{"key":"","for_ms":1}', "key must be well-formed text of 1 to 256 characters"],
  ['{"key":7,"for_ms":1}', "key must be text, current value is 7"],
  ['{"mid":1}', "for_ms is missing"],
  ['{"mid":1,"for_ms":0}', `${FOR_MS} 0`],
  ['{"mid":1,"for_ms":31622400001}', `${FOR_MS} 31622400001`],
  ['{"mid":1,"for_ms":-1}', `${FOR_MS} -1`],
];

for (const [body, message] of WRONG_BLOCKS) {
  test(`POST /v1/block blocks nobody for ${body}`, async () => {
    const { closed, logic, post } = await withComets();
    assert.equal(await post("block", body), bad(message));
    assert.deepEqual([closed, logic.counters.blocks], [[], 0]);
  });
}

test("POST /v1/block says when there are too many", async () => {
  const { post } = await withComets();
  for (let mid = 1; mid <= MODERATION_MAX; mid++) await post("block", { mid, for_ms: 1_000 });
  assert.equal(
    await post("block", { mid: 99, for_ms: 1_000 }),
    `{"code":-500,"message":"Cannot block: at most ${MODERATION_MAX} blocks are kept at once"}`,
  );
  assert.equal(await post("block", { mid: 1, for_ms: 2_000 }), done(0));
});

test("the calls survive whatever stands in their members, and close with allowed codes alone (fuzz)", async () => {
  const { closed, post } = await withComets();
  const value = fc.oneof(
    fc.constantFrom<unknown>(
      0,
      1,
      7,
      -1,
      0.5,
      2 ** 53,
      4010,
      4100,
      4999,
      5000,
      null,
      true,
      "",
      "7",
    ),
    fc.constantFrom<unknown>([], ["x"], [7], ["7", 8], "live://1", "live://", "x".repeat(300)),
    fc.constantFrom<unknown>(
      [{ server: "a", connection_id: 5 }],
      [{ server: 1 }],
      [null],
      "\ud800",
    ),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const names = [
    "keys",
    "mids",
    "connections",
    "room",
    "code",
    "reason",
    "reconnect",
    "mid",
    "key",
  ];
  const member = fc.tuple(fc.constantFrom(...names, "for_ms"), value);
  const start = fc.constantFrom<object>({}, { keys: ["x"] }, { room: "live://1" }, { mid: 7 });
  const path = fc.constantFrom("disconnect", "block", "unblock");
  const codes = new Map<number, number>();
  const property = fc.asyncProperty(path, start, fc.array(member), async (path, first, members) => {
    closed.length = 0;
    const body = { ...first, ...Object.fromEntries(members) };
    const { code, message } = JSON.parse(await post(path, body));
    assert.ok([0, -400].includes(code) || message.startsWith("Cannot block: at most"), message);
    if (code === -400) assert.deepEqual(closed, []);
    for (const [, close] of closed as [unknown, typeof own][]) {
      const isOwn = close.code >= 4100 && close.code <= 4999;
      assert.ok(isOwn || close.code === (path === "block" ? 4014 : 4010), `${close.code}`);
    }
    codes.set(code, (codes.get(code) ?? 0) + 1);
  });
  await fc.assert(property, { seed: 43, numRuns: 2_000 });
  for (const code of [0, -400]) assert.ok(codes.get(code)! > 100, `${[...codes]}`);
});
