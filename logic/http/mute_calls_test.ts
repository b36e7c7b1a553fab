import assert from "node:assert/strict";
import { test } from "node:test";
import { BadRequest } from "../bad_request.ts";
import { Backend } from "../backend.ts";
import { bad, MODERATION_MAX, OK, setUp } from "../../tests/support/http_app.ts";

const encoder = new TextEncoder();

/** The app, and a user with two connections who says something in a room. */
async function withUser() {
  const { clock, logic, call } = await setUp();
  const mute = async (body: string) => (await call("POST /v1/mute", { body })).text;
  const unmute = async (body: string) => (await call("POST /v1/unmute", { body })).text;
  const say = async (room: string, mid = 7n) => {
    const identity = { server: "a", connectionId: 0, mid, key: "x" };
    const { code, retryMs } = await logic.publish({ ...identity, room, body: encoder.encode("a") });
    return retryMs === 0 ? code : `${code} ${retryMs}`;
  };
  return { clock, logic, mute, unmute, say };
}

test("POST /v1/mute keeps a user silent in a room for a time, and nobody else", async () => {
  const { clock, logic, mute, say } = await withUser();
  assert.equal(await mute('{"mid":"7","room":"live://1","for_ms":600000}'), OK);
  assert.equal(await say("live://1"), "-403 600000");
  assert.deepEqual([await say("live://2"), await say("live://1", 8n)], [0, 0]);
  clock.advance(599_999);
  assert.equal(await say("live://1"), "-403 1");
  clock.advance(1);
  assert.equal(await say("live://1"), 0);
  assert.deepEqual([logic.counters.mutes, logic.counters.messagesMuted], [1, 2]);
});

test("POST /v1/mute without a room does so everywhere, and unmute ends what it names", async () => {
  const { mute, unmute, say } = await withUser();
  const was = (wasMuted: boolean) => `{"code":0,"message":"","data":{"was_muted":${wasMuted}}}`;
  assert.equal(await mute('{"mid":7,"room":null,"for_ms":1000}'), OK);
  assert.equal(await mute('{"mid":7,"room":"live://1","for_ms":1000}'), OK);
  assert.equal(await say("live://2"), "-403 1000");
  assert.equal(await unmute('{"mid":"7"}'), was(true));
  assert.equal(await unmute('{"mid":"7"}'), was(false));
  assert.deepEqual([await say("live://2"), await say("live://1")], [0, "-403 1000"]);
  assert.equal(await unmute('{"mid":7,"room":"live://1"}'), was(true));
  assert.equal(await say("live://1"), 0);
});

test("a program mutes and unmutes as the calls do", async () => {
  const { logic, unmute } = await withUser();
  const backend = new Backend(logic);
  await backend.mute(7n, 1_000, "live://1");
  assert.deepEqual([await backend.unmute(7n), await backend.unmute(7n, "live://1")], [false, true]);
  await backend.mute(7n, 1_000);
  assert.match(await unmute('{"mid":7}'), /"was_muted":true/);
  await assert.rejects(backend.mute(0n, 1_000), BadRequest);
  await assert.rejects(backend.mute(7n, 1.5), BadRequest);
  await assert.rejects(backend.unmute(7n, "live://"), BadRequest);
});

const DAYS = "for_ms must be an integer, 1 to 31622400000 (366 days), current value is ";
const NOBODY = "mid must be an int64 but 0, which is nobody, current value is 0";
const wrong: readonly [string, string][] = [
  ["", "body must be a JSON object in UTF-8"],
  ['{"for_ms":1}', "mid is missing"],
  ['{"mid":7}', "for_ms is missing"],
  ['{"mid":7,"for_ms":0}', `${DAYS}0`],
  ['{"mid":7,"for_ms":31622400001}', `${DAYS}31622400001`],
  ['{"mid":7,"for_ms":-1}', `${DAYS}-1`],
  ['{"mid":7,"for_ms":"1"}', `${DAYS}"1"`],
  ['{"mid":0,"for_ms":1}', NOBODY],
  ['{"mid":true,"for_ms":1}', "mid must be an int64, current value is true"],
  [
    '{"mid":9223372036854775808,"for_ms":1}',
    'mid must be an int64, current value is "9223372036854775808"',
  ],
  ['{"mid":7,"for_ms":1,"room":5}', "room must be text, current value is 5"],
  ['{"mid":7,"for_ms":1,"room":"live://"}', "room must be "],
];
for (const [body, message] of wrong) {
  test(`POST /v1/mute refuses ${body}`, async () => {
    const { logic, mute } = await withUser();
    const answer = await mute(body);
    if (message.endsWith(" ")) assert.ok(answer.startsWith(bad(message).slice(0, -2)), answer);
    else assert.equal(answer, bad(message));
    assert.equal(logic.counters.mutes, 0);
  });
}

test("POST /v1/mute says that there are too many mutes", async () => {
  const { mute } = await withUser();
  for (let mid = 1; mid <= MODERATION_MAX; mid++) {
    assert.equal(await mute(`{"mid":${mid},"for_ms":1000}`), OK);
  }
  const message = `Cannot mute: at most ${MODERATION_MAX} mutes are kept at once`;
  assert.equal(await mute('{"mid":9,"for_ms":1000}'), JSON.stringify({ code: -500, message }));
  assert.equal(await mute('{"mid":1,"for_ms":2000}'), OK, "one in place of another");
});
