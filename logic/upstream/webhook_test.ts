import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { type Clock, ManualClock, promisesSettled } from "../../base/clock.ts";
import { seededPrng } from "../../base/prng.ts";
import { READ_FIRST_MS, RunningClock } from "../../base/running_clock.ts";
import { freePort } from "../../tests/support/free_port.ts";
import { withLogLines } from "../../tests/support/log_lines.ts";
import { within } from "../../tests/support/raw_client.ts";
import { answer, type Script, ScriptedHttp } from "../../tests/support/scripted_http.ts";
import { LogicCounters } from "../counters.ts";
import type { Verdict } from "../hook_answers.ts";
import type { UpstreamMessage } from "../hooks.ts";
import {
  WEBHOOK_ANSWER_BYTES_MAX,
  WEBHOOK_CALLS_MAX,
  WEBHOOK_RETRY_MS,
  WebhookFailed,
} from "../webhook/client.ts";
import { Webhook } from "./webhook.ts";

const SECRET = "the secret of webhooks";
const TIMEOUT_MS = 2_000;
const START_MS = 1_700_000_000_123;
const IDENTITY = { server: "c~1", connectionId: 5, mid: 2n ** 53n + 1n, key: "k" };
const encoder = new TextEncoder();

const application = new ScriptedHttp();
before(() => application.listen());
after(() => application.close());

function setUp(script: Script, running?: (clock: ManualClock) => Clock, url = application.url) {
  application.script = script;
  application.asked.length = 0;
  const clock = new ManualClock(START_MS);
  const counters = new LogicCounters();
  const parts = { clock, running: running?.(clock) ?? clock, prng: seededPrng(1), counters };
  const webhook = new Webhook({ url, secret: SECRET, timeoutMs: TIMEOUT_MS }, parts);
  const judge = (changes: Partial<UpstreamMessage> = {}) => {
    const message = { operation: 1000, body: encoder.encode("hi"), ...changes };
    return within("a verdict", webhook.judge("m7", IDENTITY, "live://1", message));
  };
  return { clock, counters, webhook, judge };
}

function isFailed(error: unknown): boolean {
  return error instanceof WebhookFailed;
}

describe("Webhook.judge()", () => {
  test("says who sends what where, and signs it", async () => {
    const { judge } = setUp(answer(200, "{}"));
    await judge({ body: encoder.encode('{"n":1e2}'), mediaMs: 61_500, id: "a" });
    await judge();
    await judge({ body: new Uint8Array([0xff]) });
    const [first, second, third] = application.asked;
    const who = '"mid":"9007199254740993","key":"k","server":"c~1","connection_id":5';
    assert.equal(
      first.body,
      `{"type":"message","room":"live://1","op":1000,${who},"media_ms":61500,"id":"a",` +
        `"time_ms":${START_MS},"body":{"n":1e2}}`,
    );
    assert.match(second.body, /"time_ms":1700000000123,"body":"hi"}$/);
    assert.match(third.body, /,"body_base64":"\/w=="}$/);
    const { headers } = first;
    assert.equal(headers["content-type"], "application/json");
    assert.equal(headers["halley-timestamp"], "1700000000");
    const digest = execFileSync("openssl", ["dgst", "-sha256", "-hmac", SECRET, "-r"], {
      input: `${headers["halley-timestamp"]}.${first.body}`,
    });
    assert.equal(headers["halley-signature"], `v1=${digest.toString().split(" ")[0]}`);
  });

  test("calls a message the same whenever it is said under its id, and others otherwise", async () => {
    const { judge } = setUp(answer(204));
    for (const id of ["a", "a", "b", undefined, undefined]) await judge({ id });
    // What was answered about one message says nothing about another that a client calls the same.
    for (const changes of [{ body: encoder.encode("ho") }, { operation: 1001 }, { mediaMs: 1 }]) {
      await judge({ id: "a", ...changes });
    }
    const [a, again, ...others] = application.asked.map(({ headers }) =>
      headers["halley-delivery"]
    );
    assert.equal(a, again);
    assert.equal(new Set([a, ...others]).size, 7);
  });

  const bytes = (text: string): Verdict => ({ replace: encoder.encode(text) });
  const answers: readonly [status: number, body: string, verdict: Verdict][] = [
    [200, "", {}],
    [204, "", {}],
    [202, " {}\n", {}],
    [200, '{"body":null,"refuse":null,"score":0.1}', {}],
    [200, '{"refuse":"not nice"}', { refuse: "not nice" }],
    [200, '{"body":"h\\u00e9"}', bytes("hé")],
    [200, '{"body": {"n":1e2} }', bytes('{"n":1e2}')],
    [200, '{"body":""}', bytes("")],
    [200, '{"body_base64":"/w=="}', { replace: new Uint8Array([0xff]) }],
  ];
  for (const [status, body, verdict] of answers) {
    test(`understands ${status} ${body}`, async () => {
      const { judge, counters } = setUp(answer(status, body));
      assert.deepEqual(await judge(), verdict);
      assert.deepEqual([counters.webhookCalls, counters.webhookFailures], [1, 0]);
    });
  }

  const endless: Script = (response) => {
    const chunk = "x".repeat(16_384);
    const write = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on("drain", write);
    write();
  };
  const failures: Readonly<Record<string, Script>> = {
    "400": answer(400, '{"refuse":"no"}'),
    "500": answer(500),
    "a redirect": (response, asked) => {
      if (application.asked.length > 1) answer(200)(response, asked);
      else answer(307, "", { location: "/elsewhere" })(response, asked);
    },
    "no JSON": answer(200, "OK"),
    "no object": answer(200, '["refuse"]'),
    "no UTF-8": answer(200, new Uint8Array([0x7b, 0xff, 0x7d])),
    "no text as the reason": answer(200, '{"refuse":true}'),
    "two things at once": answer(200, '{"refuse":"no","body":"x"}'),
    "no base64": answer(200, '{"body_base64":"é"}'),
    "what no push may be": answer(200, JSON.stringify({ body: "x".repeat(65_500) })),
    "too much": answer(200, `{}${" ".repeat(WEBHOOK_ANSWER_BYTES_MAX)}`),
    "no end": endless,
    "nothing, and hangs up": (response) => void response.socket!.destroy(),
    "half of it": (response) => {
      response.writeHead(200, { "content-length": 100 }).write("{}");
      response.socket!.end();
    },
  };
  for (const [what, script] of Object.entries(failures)) {
    test(`fails when the application answers ${what}`, async () => {
      const { judge, counters, webhook, clock } = setUp(script);
      await assert.rejects(judge(), isFailed);
      assert.deepEqual([counters.webhookFailures, counters.webhookRetries], [1, 0]);
      assert.deepEqual([webhook.size, clock.pending], [0, 0]);
    });
  }

  test("fails when no answer, or half of one, comes in time, and hangs up", async () => {
    const closed = Promise.withResolvers<void>();
    const scripts: readonly Script[] = [
      (response) => response.on("close", closed.resolve),
      (response) => response.writeHead(200).write("{"),
    ];
    for (const script of scripts) {
      const { judge, clock, counters, webhook } = setUp(script);
      const failing = assert.rejects(judge(), isFailed);
      await application.heard();
      clock.advance(TIMEOUT_MS - 1);
      await promisesSettled();
      assert.equal(webhook.size, 1);
      clock.advance(1);
      await failing;
      assert.equal(counters.webhookFailures, 1);
    }
    await within("the end of the connection", closed.promise);
  });

  test("calls once more after 503, for the same message", async () => {
    let answers = 0;
    const script: Script = (response, asked) =>
      answer(++answers === 1 ? 503 : 200, '{"body":"h*"}')(response, asked);
    const { judge, clock, counters } = setUp(script);
    const judging = judge();
    await application.heard();
    await timerOf(clock, 2);
    clock.advance(WEBHOOK_RETRY_MS);
    assert.deepEqual(await judging, bytes("h*"));
    const [first, second] = application.asked;
    assert.equal(first.headers["halley-delivery"], second.headers["halley-delivery"]);
    assert.equal(first.body, second.body);
    assert.deepEqual([counters.webhookCalls, counters.webhookRetries], [1, 1]);
  });

  test("calls once more when nobody listens, and no oftener", async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/`;
    const { judge, clock, counters } = setUp(answer(200), undefined, url);
    const failing = assert.rejects(judge(), isFailed);
    await timerOf(clock, 2);
    clock.advance(WEBHOOK_RETRY_MS);
    await failing;
    const judging = judge();
    await timerOf(clock, 2);
    const late = new ScriptedHttp();
    await late.listen(port);
    try {
      clock.advance(WEBHOOK_RETRY_MS);
      assert.deepEqual(await judging, {});
    } finally {
      late.close();
    }
    assert.deepEqual([counters.webhookRetries, counters.webhookFailures], [2, 1]);
  });

  test("says why it failed, without what the URL may hold of secrets", () =>
    withLogLines(["halley", "logic"], async (lines) => {
      const url = `http://127.0.0.1:${await freePort()}/?key=hidden`;
      const { judge, clock } = setUp(answer(200), undefined, url);
      const failing = assert.rejects(judge(), isFailed);
      await timerOf(clock, 2);
      clock.advance(WEBHOOK_RETRY_MS);
      await failing;
      assert.equal(lines.length, 1);
      assert.match(lines[0], /^warning: the webhook failed: .*refused/i);
      assert.doesNotMatch(lines[0], /hidden/);
    }));

  test("keeps its connection", async () => {
    const before = application.connections;
    const { judge } = setUp(answer(200, "{}"));
    for (let calls = 0; calls < 20; calls++) await judge();
    assert.ok(application.connections - before <= 1);
  });

  test("takes a good answer that came while this process stood still", async () => {
    let running!: RunningClock;
    const answered = Promise.withResolvers<void>();
    const script: Script = (response) => response.end('{"body":"h*"}', answered.resolve);
    const { judge, clock, counters } = setUp(script, (beneath) => {
      return running = new RunningClock(beneath);
    });
    const judging = judge();
    await within("the answer", answered.promise);
    clock.stall(15_000);
    // What fell due runs before sockets are read, as in a process that goes on.
    clock.advance(READ_FIRST_MS - 1);
    assert.deepEqual(await judging, bytes("h*"));
    assert.equal(counters.webhookFailures, 0);
    running.stop();
  });

  test("asks about no more messages at once than it may", async () => {
    const { judge, clock, counters, webhook } = setUp(() => {});
    const failing = Array.from(
      { length: WEBHOOK_CALLS_MAX },
      () => assert.rejects(judge(), isFailed),
    );
    await assert.rejects(judge(), isFailed);
    assert.deepEqual([webhook.size, counters.webhookCallsRefused], [WEBHOOK_CALLS_MAX, 1]);
    const settled = webhook.settled();
    clock.advance(TIMEOUT_MS);
    await Promise.all(failing);
    await settled;
    assert.deepEqual([webhook.size, counters.webhookFailures], [0, WEBHOOK_CALLS_MAX]);
  });
});

/** Waits until so many timers run: the deadline, and what waits for a second call. */
async function timerOf(clock: ManualClock, count: number): Promise<void> {
  const poll = async () => {
    while (clock.pending < count) await promisesSettled();
  };
  await within("a second call to wait", poll());
}
