import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { ManualClock, promisesSettled } from "../../base/clock.ts";
import { withLogLines } from "../../tests/support/log_lines.ts";
import { within } from "../../tests/support/raw_client.ts";
import { answer, type Script, ScriptedHttp } from "../../tests/support/scripted_http.ts";
import { privateKey, publicKeyOf } from "../../tests/support/tokens.ts";
import { LogicCounters } from "../counters.ts";
import { JWKS_AGE_MS, JWKS_COOLDOWN_MS, JWKS_TIMEOUT_MS, JwksUrl } from "./jwks_url.ts";
import { JWKS_BYTES_MAX } from "./jwt_keys.ts";

const jwk = createPublicKey(publicKeyOf(privateKey("EdDSA"))).export({ format: "jwk" });
const http = new ScriptedHttp();
before(() => http.listen());
after(() => http.close());

function keysText(...kids: readonly string[]): string {
  return JSON.stringify({ keys: kids.map((kid) => ({ ...jwk, kid })) });
}

function jwks(...kids: readonly string[]): Script {
  return answer(200, keysText(...kids));
}

/** Keys are where it sends to. */
const redirect: Script = (response, asked) => {
  if (http.asked.length > 2) jwks("b")(response, asked);
  else answer(302, keysText("b"), { location: "/elsewhere" })(response, asked);
};

function setUp(script: Script) {
  http.script = script;
  http.asked.length = 0;
  const clock = new ManualClock(1);
  const counters = new LogicCounters();
  const url = new JwksUrl(http.url, { clock, running: clock, counters });
  const find = async (kid: string) => (await within("a key", url.find({ alg: "EdDSA", kid })))?.kid;
  const asked = () => http.asked.length;
  return { clock, counters, url, find, asked };
}

const isNotKnownYet = /try again later$/;

describe("JwksUrl.find()", () => {
  test("asks once for all who need the keys, and not again for keys that are known", async () => {
    const { find, asked, counters, url } = setUp(jwks("a", "b"));
    assert.equal(url.ageMs, undefined);
    const found = await Promise.all(Array.from({ length: 1_000 }, () => find("a")));
    assert.deepEqual([...new Set(found)], ["a"]);
    assert.equal(await find("b"), "b");
    assert.equal(await find("c"), undefined, "the keys were got just now");
    assert.deepEqual([asked(), counters.jwksFetches, counters.jwksFailures, url.ageMs], [
      1,
      1,
      0,
      0,
    ]);
    assert.equal(http.asked[0].method, "GET");
  });

  test("asks once for all tokens with a new key", async () => {
    const { find, asked, clock } = setUp(jwks("a"));
    await find("a");
    clock.advance(JWKS_COOLDOWN_MS);
    http.script = jwks("a", "new");
    const found = await Promise.all(Array.from({ length: 1_000 }, () => find("new")));
    assert.deepEqual([[...new Set(found)], asked()], [["new"], 2]);
  });

  test("asks at most once in a while, whatever tokens name, and lets these come again", async () => {
    const { find, asked, clock, counters } = setUp(jwks("a"));
    await find("a");
    clock.advance(1);
    for (let made = 0; made < 100; made++) await assert.rejects(find(`x${made}`), isNotKnownYet);
    assert.equal(asked(), 1);
    http.script = jwks("b");
    clock.advance(JWKS_COOLDOWN_MS - 1);
    assert.equal(await find("x"), undefined);
    assert.deepEqual([asked(), await find("b"), await find("a")], [2, "b", undefined]);
    assert.equal(counters.jwksFailures, 0);
  });

  test("asks again for keys that are old, so that one that is taken away counts no more", async () => {
    const { find, asked, clock } = setUp(jwks("a", "b"));
    await find("a");
    http.script = jwks("b");
    clock.advance(JWKS_AGE_MS - 1);
    assert.deepEqual([await find("a"), asked()], ["a", 1]);
    clock.advance(1);
    assert.deepEqual([await find("a"), await find("b"), asked()], [undefined, "b", 2]);
  });

  const failures: Readonly<Record<string, Script>> = {
    "404": answer(404, keysText("b")),
    "500": answer(500, keysText("b")),
    "a redirect": redirect,
    "no key": answer(200, '{"keys":[]}'),
    "garbage": answer(200, new Uint8Array([0xff, 0xfe])),
    "no JSON": answer(200, "<html>"),
    "too much": answer(200, " ".repeat(JWKS_BYTES_MAX + 1)),
    "nothing, and hangs up": (response) => void response.socket!.destroy(),
  };
  for (const [what, script] of Object.entries(failures)) {
    test(`keeps the keys and tries again when the URL answers ${what}`, async () => {
      const { find, clock, counters } = setUp(jwks("a"));
      await find("a");
      http.script = script;
      clock.advance(JWKS_AGE_MS);
      assert.equal(await find("a"), "a");
      await assert.rejects(find("b"), isNotKnownYet);
      // Fetch itself may ask again after it was hung up on.
      assert.deepEqual([counters.jwksFetches, counters.jwksFailures], [2, 1]);
      http.script = jwks("b");
      clock.advance(JWKS_COOLDOWN_MS);
      assert.deepEqual([await find("b"), await find("a")], ["b", undefined]);
      assert.deepEqual([counters.jwksFetches, clock.pending], [3, 0]);
    });
  }

  test("does not tell the URL where nobody answers", () =>
    withLogLines(["halley", "logic"], async (lines) => {
      const gone = new ScriptedHttp();
      await gone.listen();
      const url = gone.url.replace("127.0.0.1", "localhost");
      gone.close();
      const clock = new ManualClock(1);
      const parts = { clock, running: clock, counters: new LogicCounters() };
      await new JwksUrl(url, parts).refresh();
      assert.match(lines.join(), /^warning: jwks failed /);
      assert.doesNotMatch(lines.join(), /hidden/);
    }));

  test("says that it cannot be said while there are no keys", async () => {
    const { find, clock } = setUp(answer(500));
    await assert.rejects(find("a"), isNotKnownYet);
    http.script = jwks("a");
    clock.advance(JWKS_COOLDOWN_MS);
    assert.equal(await find("a"), "a");
  });

  test("has nobody wait whose key is known, once the URL has failed", async () => {
    const { find, clock, asked } = setUp(jwks("a"));
    await find("a");
    http.script = answer(500);
    clock.advance(JWKS_AGE_MS);
    assert.equal(await find("a"), "a");
    http.script = () => {};
    clock.advance(JWKS_COOLDOWN_MS);
    const heard = http.heard();
    assert.equal(await find("a"), "a");
    const finding = assert.rejects(find("b"), isNotKnownYet);
    await heard;
    assert.equal(asked(), 3);
    clock.advance(JWKS_TIMEOUT_MS);
    await finding;
  });

  test("gives up what is not answered in time, and does not tell the URL", () =>
    withLogLines(["halley", "logic"], async (lines) => {
      const { find, clock, counters } = setUp(() => {});
      const finding = assert.rejects(find("a"), isNotKnownYet);
      await http.heard();
      clock.advance(JWKS_TIMEOUT_MS - 1);
      await promisesSettled();
      assert.equal(counters.jwksFailures, 0);
      clock.advance(1);
      await finding;
      assert.equal(counters.jwksFailures, 1);
      assert.match(
        lines.join(),
        /^warning: jwks failed .* until then nobody gets in: .* within 3000 ms$/,
      );
      assert.doesNotMatch(lines.join(), /hidden/);
    }));
});
