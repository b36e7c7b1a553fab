import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ManualClock } from "../../base/clock.ts";
import { seededPrng } from "../../base/prng.ts";
import { SECRET, secretToken } from "../../tests/support/tokens.ts";
import { LogicCounters } from "../counters.ts";
import { checkIdentity } from "../hook_answers.ts";
import { Auth } from "./auth.ts";
import { jwksKeys, secretKey } from "./jwt_keys.ts";
import { readIdentity } from "./webhook_identity.ts";

const encoder = new TextEncoder();

describe("garbage", () => {
  test("in an auth frame is refused, and a good token in it counts as it is", async () => {
    const clock = new ManualClock(1_000);
    const parts = { clock, running: clock, prng: seededPrng(1), counters: new LogicCounters() };
    const rules = { issuer: "", audience: "", toleranceMs: 0 };
    const auth = new Auth({ mode: "jwt", keys: await secretKey(SECRET), ...rules }, parts);
    const good = secretToken({ mid: 7, rooms: ["live://*"] });
    const client = { remoteAddress: "", headers: {}, server: "c", connectionId: 1 };
    const wish = fc.constantFrom("token", "room_id", "accepts", "since", "last", "features", "mid");
    const json = fc.dictionary(wish, fc.oneof(fc.constant(good), fc.jsonValue()))
      .map((members) => encoder.encode(JSON.stringify(members)));
    const body = fc.oneof(
      json,
      fc.uint8Array({ maxLength: 100 }),
      fc.string().map((text) => encoder.encode(good + text)),
    );
    const property = fc.asyncProperty(body, async (token) => {
      const answer = await auth.authenticate({ token, ...client });
      if ("refuse" in answer) return;
      assert.deepEqual([answer.mid, answer.rooms, answer.publish], [7n, ["live://*"], undefined]);
      checkIdentity(answer);
    });
    await fc.assert(property, { seed: 43, numRuns: 2_000 });
  });

  test("from an application lets nobody in", () => {
    const name = fc.constantFrom("mid", "key", "room", "rooms", "publish", "accepts", "refuse");
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom(1, "live://1", ["live://*"]));
    const json = fc.dictionary(name, value).map((members) => JSON.stringify(members));
    const property = fc.property(fc.oneof(json, fc.json(), fc.string()), (text) => {
      try {
        checkIdentity(readIdentity(encoder.encode(text), 0));
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
    });
    fc.assert(property, { seed: 44, numRuns: 2_000 });
  });

  test("as a JWKS has no key", async () => {
    const name = fc.constantFrom("kty", "crv", "n", "e", "x", "y", "k", "kid", "use", "key_ops");
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom("RSA", "EC", "OKP", "P-256", "Ed25519"));
    const keys = fc.array(fc.oneof(fc.dictionary(name, value), fc.jsonValue()), { maxLength: 3 });
    const text = fc.oneof(keys.map((keys) => JSON.stringify({ keys })), fc.json(), fc.string());
    const property = fc.asyncProperty(text, async (text) => {
      await assert.rejects(jwksKeys(text), /^Error: it (?:must|has)/);
    });
    await fc.assert(property, { seed: 45, numRuns: 1_000 });
  });
});
