import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { describe, test } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { seededPrng } from "../../base/prng.ts";
import { withLogLines } from "../../tests/support/log_lines.ts";
import { answer, ScriptedHttp } from "../../tests/support/scripted_http.ts";
import {
  makeToken,
  privateKey,
  publicKeyOf,
  SECRET,
  secretToken,
} from "../../tests/support/tokens.ts";
import { LogicCounters } from "../counters.ts";
import { WebhookFailed } from "../webhook/client.ts";
import { Auth, type AuthOptions } from "./auth.ts";
import { secretKey } from "./jwt_keys.ts";

const rules = { issuer: "", audience: "", toleranceMs: 0 };
const jwt: AuthOptions = { mode: "jwt", keys: await secretKey(SECRET), ...rules };
const nobody = { refuse: "the token is refused" };

function setUp(options: AuthOptions) {
  const clock = new ManualClock(1_000);
  const counters = new LogicCounters();
  const auth = new Auth(options, { clock, running: clock, prng: seededPrng(1), counters });
  const enter = async (body: string | Uint8Array) =>
    await auth.authenticate({
      token: typeof body === "string" ? new TextEncoder().encode(body) : body,
      remoteAddress: "192.0.2.1",
      headers: {},
      server: "c~1",
      connectionId: 1,
    });
  return { auth, counters, enter };
}

describe("Auth", () => {
  test("believes goim's token", async () => {
    const { enter } = setUp({ mode: "goim" });
    const answer = await enter('{"mid":7,"room_id":"live://1"}');
    assert.deepEqual(answer, { mid: 7n, key: "", platform: "", room: "live://1", accepts: [] });
    assert.match((await enter("garbage") as { refuse: string }).refuse, /JSON object/);
  });

  test("lets other options hold from now on", async () => {
    const { auth, enter } = setUp({ mode: "goim" });
    auth.reconfigure(jwt);
    assert.deepEqual(await enter('{"mid":7}'), nobody);
    const other = { mode: "jwt", keys: await secretKey(SECRET.repeat(2)), ...rules } as const;
    const token = secretToken({ mid: 1 });
    assert.ok("mid" in await enter(token));
    auth.reconfigure(other);
    assert.deepEqual(await enter(token), nobody);
  });
});

test("Auth keeps the keys of a URL, and what its webhook has answered, when it is reconfigured", async () => {
  const http = new ScriptedHttp();
  await http.listen();
  try {
    const key = privateKey("EdDSA");
    const jwk = createPublicKey(publicKeyOf(key)).export({ format: "jwk" });
    http.script = answer(200, JSON.stringify({ keys: [jwk] }));
    const jwks = { mode: "jwt", keys: http.url, ...rules } as const;
    const { auth, enter } = setUp(jwks);
    const token = makeToken({ mid: 1, iss: "them" }, { alg: "EdDSA", key });
    assert.ok("mid" in await enter(token));
    http.script = answer(500);
    auth.reconfigure({ ...jwks, audience: "" });
    assert.ok("mid" in await enter(token));
    auth.reconfigure({ ...jwks, issuer: "us" });
    assert.deepEqual(await enter(token), nobody);

    const limits = { timeoutMs: 1_000, cacheMs: 1_000, fallback: "refuse" } as const;
    const webhook = { mode: "webhook", url: http.url, secret: SECRET, ...limits } as const;
    http.script = answer(200, '{"mid":7}');
    auth.reconfigure(webhook);
    assert.ok("mid" in await enter("t"));
    http.script = answer(500);
    auth.reconfigure({ ...webhook });
    assert.ok("mid" in await enter("t"));
    assert.equal(auth.cachedAnswers, 1);
    auth.reconfigure({ ...webhook, cacheMs: 0 });
    await assert.rejects(async () => await enter("t"), WebhookFailed);
  } finally {
    http.close();
  }
});

describe('Auth with "jwt"', () => {
  const token = secretToken({ mid: 7, room: "live://1", rooms: ["live://*"] });
  const identity = { mid: 7n, key: undefined, rooms: ["live://*", "live://1"], publish: undefined };
  const common = { ...identity, expiresAtMs: undefined };

  test("takes the token as the whole body, or as a member of JSON with wishes", async () => {
    const { enter } = setUp(jwt);
    const plain = { ...common, room: "live://1", accepts: [] };
    for (
      const body of [token, ` ${token}\r\n`, JSON.stringify({ token }), ` {"TOKEN":"${token}"}`]
    ) {
      assert.deepEqual(await enter(body), plain);
    }
    const since = { epoch: "e", offset: 5 };
    const wishes = { room_id: "live://2", accepts: [1000], since, features: ["rooms"] };
    const claimed = { mid: 8, key: "mine", platform: "web", rooms: ["*"], publish: ["*"] };
    assert.deepEqual(await enter(JSON.stringify({ token, ...wishes, ...claimed })), {
      ...common,
      room: "live://2",
      accepts: [1000],
      since,
      features: ["rooms"],
    });
    assert.deepEqual(await enter(JSON.stringify({ token, last: 3, mid: "?", key: 5 })), {
      ...plain,
      last: 3,
    });
    assert.deepEqual(await enter(JSON.stringify({ token, room_id: "" })), { ...plain, room: "" });
    assert.deepEqual(await enter(JSON.stringify({ token, room_id: null })), plain);
  });

  test("takes what to accept from the token where that says it", async () => {
    const { enter } = setUp(jwt);
    const token = secretToken({ mid: 7, accepts: [1] });
    const answer = await enter(JSON.stringify({ token, accepts: [1000] }));
    assert.deepEqual(answer, { ...common, rooms: [], room: undefined, accepts: [1] });
  });

  test("tells nobody why, but counts it and logs it without the token", () =>
    withLogLines(["halley", "logic"], async (lines) => {
      const { enter, counters } = setUp(jwt);
      const other = secretToken({ mid: 7 }, { alg: "HS512" });
      const refused = [
        ["jwtMalformed", ["", "{}", "{", '{"token":5}', `{"token":"${token}","last":0}`, "x"]],
        ["jwtUnsigned", [other]],
        ["jwtExpired", [secretToken({ mid: 7, exp: 1 })]],
        ["jwtEarly", [secretToken({ mid: 7, nbf: 2 })]],
        ["jwtClaims", [secretToken({}), secretToken({ mid: 7, rooms: "*" })]],
      ] as const;
      for (const [counter, bodies] of refused) {
        for (const body of bodies) assert.deepEqual(await enter(body), nobody, body);
        assert.equal(counters[counter], bodies.length, counter);
      }
      assert.deepEqual(await enter(new Uint8Array([0xff])), nobody);
      assert.equal(counters.jwtMalformed, 7);
      assert.equal(lines.length, 12);
      for (const line of lines) assert.match(line, /^info: the token of a client is refused: /);
      assert.match(lines[7], /it expired 0 s ago|expired/);
      assert.ok(!lines.join().includes(other.split(".")[2]));
    }));

  test("counts tokens of another issuer", async () => {
    const { enter, counters } = setUp({ ...jwt, issuer: "us" } as AuthOptions);
    assert.deepEqual(await enter(token), nobody);
    assert.equal(counters.jwtForeign, 1);
  });
});
