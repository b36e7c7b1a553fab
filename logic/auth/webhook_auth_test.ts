import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { ManualClock, promisesSettled } from "../../base/clock.ts";
import { seededPrng } from "../../base/prng.ts";
import { within } from "../../tests/support/raw_client.ts";
import { answer, type Script, ScriptedHttp } from "../../tests/support/scripted_http.ts";
import { LogicCounters } from "../counters.ts";
import type { AuthRequest, Identity, Refusal } from "../hooks.ts";
import { WEBHOOK_CALLS_MAX, WEBHOOK_RETRY_MS, WebhookFailed } from "../webhook/client.ts";
import { AnswerCache, AUTH_ANSWERS_MAX } from "./answer_cache.ts";
import { AUTH_FALLBACK_MS, WebhookAuth, type WebhookAuthOptions } from "./webhook_auth.ts";

const SECRET = "the secret of webhooks";
const START_MS = 1_700_000_000_123;
const TIMEOUT_MS = 2_000;
const CACHE_MS = 10_000;

const application = new ScriptedHttp();
before(() => application.listen());
after(() => application.close());

function setUp(script: Script, changes: Partial<WebhookAuthOptions> = {}) {
  application.script = script;
  application.asked.length = 0;
  const clock = new ManualClock(START_MS);
  const counters = new LogicCounters();
  const limits = { timeoutMs: TIMEOUT_MS, cacheMs: CACHE_MS, fallback: "refuse" as const };
  const options = { url: application.url, secret: SECRET, ...limits, ...changes };
  const parts = { clock, running: clock, prng: seededPrng(1), counters };
  const auth = new WebhookAuth(options, parts);
  const enter = (body: string | Uint8Array, of: Partial<AuthRequest> = {}) => {
    const token = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const request = { token, remoteAddress: "192.0.2.1", headers: {}, server: "c~1" };
    return within("an answer", auth.authenticate({ ...request, connectionId: 5, ...of }));
  };
  const asked = () => application.asked.length;
  return { auth, clock, counters, enter, asked };
}

const letIn = answer(200, '{"mid":7}');
const isFailed = (error: unknown) => error instanceof WebhookFailed;

describe("WebhookAuth.authenticate()", () => {
  test("says who asks for what, and signs it", async () => {
    const { enter } = setUp(letIn);
    const headers = { cookie: "a=b" };
    await enter(" some token\n", { headers });
    await enter(new Uint8Array([0xff]));
    await enter('{"token":" inner\\n","mid":1,"room_id":"live://1"}');
    await enter('{"mid":1}');
    const [first, ...others] = application.asked;
    const rest = `"address":"192.0.2.1","server":"c~1","connection_id":5,"time_ms":${START_MS}}`;
    assert.equal(
      first.body,
      `{"type":"auth","token":"some token","headers":{"cookie":"a=b"},${rest}`,
    );
    assert.deepEqual(
      others.map(({ body }) => body),
      ['"token_base64":"/w=="', '"token":"inner"', '"token":"{\\"mid\\":1}"']
        .map((token) => `{"type":"auth",${token},"headers":{},${rest}`),
    );
    const { "halley-timestamp": time, "halley-signature": signature } = first.headers;
    assert.equal(time, "1700000000");
    const digest = execFileSync("openssl", ["dgst", "-sha256", "-hmac", SECRET, "-r"], {
      input: `${time}.${first.body}`,
    });
    assert.equal(signature, `v1=${digest.toString().split(" ")[0]}`);
  });

  const common = { key: undefined, room: undefined, publish: undefined, expiresAtMs: undefined };
  const nobody = { ...common, mid: 0n, accepts: [], rooms: [] };
  const answers: readonly [string, Partial<Identity> | Refusal][] = [
    ['{"mid":9007199254740993}', { mid: 9_007_199_254_740_993n }],
    ['{"mid":"-1","key":"k","accepts":[1000]}', { mid: -1n, key: "k", accepts: [1000] }],
    ['{"mid":1,"room":"a://1","rooms":["b://*"]}', {
      mid: 1n,
      room: "a://1",
      rooms: ["b://*", "a://1"],
    }],
    ['{"mid":1,"publish":[],"expires_in_ms":5}', {
      mid: 1n,
      publish: [],
      expiresAtMs: START_MS + 5,
    }],
    ['{"mid":1,"key":null,"rooms":null,"refuse":null,"name":"x"}', { mid: 1n }],
    ['{"refuse":"unknown"}', { refuse: "unknown" }],
  ];
  for (const [body, identity] of answers) {
    test(`understands ${body}`, async () => {
      const { enter } = setUp(answer(200, body));
      const expected = "refuse" in identity ? identity : { ...nobody, ...identity };
      assert.deepEqual(await enter("t"), expected);
    });
  }

  test("lets the client say what it wants, and not who it is", async () => {
    const { enter } = setUp(answer(200, '{"mid":7,"rooms":["live://*"]}'));
    const body = '{"token":"t","mid":8,"key":"k","room_id":"live://1","accepts":[5],"last":2}';
    assert.deepEqual(await enter(body), {
      ...nobody,
      mid: 7n,
      rooms: ["live://*"],
      room: "live://1",
      accepts: [5],
      last: 2,
    });
    assert.ok("refuse" in await enter('{"token":"t","last":0}'));
    assert.ok("refuse" in await enter("{"));
  });

  const wrong: Readonly<Record<string, Script>> = {
    "400": answer(400, '{"mid":1}'),
    "401": answer(401, '{"refuse":"no"}'),
    "500": answer(500),
    "a redirect": answer(307, "", { location: "/elsewhere" }),
    "nothing": answer(204),
    "no JSON": answer(200, "OK"),
    "no UTF-8": answer(200, new Uint8Array([0x7b, 0xff, 0x7d])),
    "a list": answer(200, "[]"),
    "no mid": answer(200, "{}"),
    "no text as the reason": answer(200, '{"refuse":true}'),
    "both": answer(200, '{"mid":1,"refuse":"no"}'),
    "too much": answer(200, `{"mid":1}${" ".repeat(65_536)}`),
    ...Object.fromEntries(
      [
        '"mid":1.5',
        '"mid":"x"',
        '"mid":1,"key":5',
        '"mid":1,"room":"live://*"',
        '"mid":1,"rooms":"*"',
        '"mid":1,"publish":["*x"]',
        '"mid":1,"accepts":["1000"]',
        '"mid":1,"expires_in_ms":0',
        '"mid":1,"expires_in_ms":"5"',
        '"mid":1,"expires_in_ms":1.5',
      ].map((members) => [members, answer(200, `{${members}}`)]),
    ),
  };
  for (const [what, script] of Object.entries(wrong)) {
    test(`fails when the application answers ${what}`, async () => {
      const { enter, counters, auth, clock } = setUp(script);
      await assert.rejects(enter("t"), isFailed);
      assert.deepEqual([counters.authWebhookFailures, auth.size, clock.pending], [1, 0, 0]);
      assert.equal(auth.cached, 0);
    });
  }

  test("asks once for all with the same token, and again when the answer is old", async () => {
    const { enter, asked, clock, counters } = setUp(letIn);
    await Promise.all(Array.from({ length: 100 }, () => enter("t")));
    clock.advance(CACHE_MS - 1);
    await enter('{"token":"t","room_id":"live://1"}');
    assert.deepEqual([asked(), counters.authWebhookCacheHits], [1, 100]);
    clock.advance(1);
    await enter("t");
    assert.equal(asked(), 2);
  });

  test("asks about others, who differ in token, headers or address", async () => {
    const { enter, asked } = setUp(letIn);
    await enter("t");
    await enter("t2");
    await enter("t", { headers: { cookie: "a" } });
    await enter("t", { headers: { cookie: "b" } });
    await enter("t", { remoteAddress: "192.0.2.2" });
    assert.equal(asked(), 5);
    await enter("t", { connectionId: 6, server: "c~2" });
    assert.equal(asked(), 5);
  });

  test("keeps no refusals, and what expires no longer than that", async () => {
    const { enter, asked, clock } = setUp(answer(200, '{"refuse":"no"}'));
    await enter("t");
    await enter("t");
    assert.equal(asked(), 2);
    application.script = answer(200, '{"mid":7,"expires_in_ms":100}');
    await enter("t");
    clock.advance(99);
    await enter("t");
    assert.equal(asked(), 3);
    clock.advance(1);
    await enter("t");
    assert.equal(asked(), 4);
  });

  test("has the time of who it lets in run from when it asked", async () => {
    const { enter, clock } = setUp((response, asked) => {
      clock.advance(40);
      answer(200, '{"mid":7,"expires_in_ms":100}')(response, asked);
    });
    assert.equal((await enter("t") as Identity).expiresAtMs, START_MS + 100);
  });

  test("keeps nothing where it may not", async () => {
    const { enter, asked, auth } = setUp(letIn, { cacheMs: 0 });
    for (let times = 0; times < 3; times++) await enter("t");
    assert.deepEqual([asked(), auth.cached], [3, 0]);
  });

  test("lets nobody in when it fails, or whom it let in before", async () => {
    for (const fallback of ["refuse", "cached"] as const) {
      const { enter, clock, counters } = setUp(letIn, { fallback });
      await enter("t");
      application.script = answer(500);
      clock.advance(AUTH_FALLBACK_MS - 1);
      await assert.rejects(enter("other"), isFailed);
      if (fallback === "refuse") await assert.rejects(enter("t"), isFailed);
      else assert.ok("mid" in await enter("t"));
      assert.equal(counters.authWebhookFallbacks, fallback === "refuse" ? 0 : 1);
      clock.advance(1);
      await assert.rejects(enter("t"), isFailed);
    }
  });

  test("forgets whom it let in when it refuses", async () => {
    const { enter, clock } = setUp(letIn, { fallback: "cached" });
    await enter("t");
    clock.advance(CACHE_MS);
    application.script = answer(200, '{"refuse":"banned"}');
    await enter("t");
    application.script = answer(500);
    await assert.rejects(enter("t"), isFailed);
  });

  test("fails when no answer comes in time, and asks about no more at once than it may", async () => {
    const { enter, clock, counters, auth } = setUp(() => {});
    const failing = Array.from(
      { length: WEBHOOK_CALLS_MAX },
      (_, index) => assert.rejects(enter(`t${index}`), isFailed),
    );
    await assert.rejects(enter("one more"), isFailed);
    assert.deepEqual([auth.size, counters.authWebhookCallsRefused], [WEBHOOK_CALLS_MAX, 1]);
    clock.advance(TIMEOUT_MS);
    await Promise.all(failing);
    assert.deepEqual([auth.size, counters.authWebhookFailures], [0, WEBHOOK_CALLS_MAX]);
  });

  test("asks once more after 503", async () => {
    const { enter, clock, counters } = setUp(answer(503));
    const entering = enter("t");
    const pending = async () => {
      while (clock.pending < 2) await promisesSettled();
    };
    await within("a second call to wait", pending());
    application.script = letIn;
    clock.advance(WEBHOOK_RETRY_MS);
    assert.ok("mid" in await entering);
    assert.deepEqual([counters.authWebhookCalls, counters.authWebhookRetries], [1, 1]);
  });
});

test("AnswerCache keeps so many answers, and no old ones", () => {
  const clock = new ManualClock();
  const counters = new LogicCounters();
  const cache = new AnswerCache(clock, counters);
  const identity = { mid: 1n };
  for (let id = 0; id <= AUTH_ANSWERS_MAX; id++) cache.set(String(id), identity, 10);
  assert.deepEqual([cache.size, counters.authWebhookCacheEvictions], [AUTH_ANSWERS_MAX, 1]);
  assert.deepEqual([cache.get("0", 10), cache.get("1", 10)], [undefined, identity]);
  clock.advance(10);
  cache.set("new", identity, 10);
  assert.deepEqual([cache.size, counters.authWebhookCacheEvictions], [1, 1]);
});
