import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseJsonObject } from "../../protocol/json_object.ts";
import { Limits } from "../../protocol/limits.ts";
import { SECRET, secretToken } from "../../tests/support/tokens.ts";
import { verifyJwt } from "./jwt.ts";
import { type ClaimRules, identityOfClaims, readClaims } from "./jwt_claims.ts";
import { secretKey } from "./jwt_keys.ts";
import { JwtRefused } from "./jwt_refused.ts";

const rules: ClaimRules = { issuer: "", audience: "", toleranceMs: 0 };

function identity(claims: object | string) {
  const json = typeof claims === "string" ? claims : JSON.stringify(claims);
  assert.ok(parseJsonObject(json) !== undefined, json);
  return identityOfClaims(readClaims(json), 0);
}

const isClaims = (error: unknown) => error instanceof JwtRefused && error.fault === "Claims";

describe("identityOfClaims()", () => {
  test("takes the mid exactly, over all of an int64, or digits of sub", () => {
    for (const mid of [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, 0n, -5n]) {
      assert.equal(identity(`{"mid":${mid}}`).mid, mid);
      assert.equal(identity(`{"mid":"${mid}","sub":"alice"}`).mid, mid);
      assert.equal(identity(`{"sub":"${mid}"}`).mid, mid);
    }
  });

  test("says which rooms it may be in, and until when", () => {
    assert.deepEqual(identity({ mid: 1, room: "live://1" }).rooms, ["live://1"]);
    assert.deepEqual(identity({ mid: 1 }).rooms, []);
    assert.deepEqual(identity({ mid: 1, room: "" }).rooms, []);
    assert.equal(identity({ mid: 1 }).expiresAtMs, undefined);
    const { rooms, publish, room, key, accepts, expiresAtMs } = identityOfClaims(
      readClaims(
        '{"mid":1,"room":"a://1","rooms":["live://*","a://1"],"publish":[],"key":"k","accepts":[7],' +
          '"exp":1.0001}',
      ),
      1,
    );
    assert.deepEqual([rooms, publish, room], [["live://*", "a://1"], [], "a://1"]);
    assert.deepEqual([key, accepts, expiresAtMs], ["k", [7], 1_002]);
  });

  const many = Array.from({ length: Limits.roomPatternsMax + 1 }, (_, index) => `live://${index}`);
  const wrong: readonly (object | string)[] = [
    {},
    { sub: "alice" },
    { sub: 5 },
    { sub: null },
    { mid: null },
    { mid: null, sub: "1" },
    { mid: "alice", sub: "1" },
    { mid: 1.5 },
    { mid: "1.0" },
    { mid: true },
    { mid: [1] },
    { mid: "" },
    { mid: " 1" },
    { mid: "0x1" },
    { mid: "01" },
    '{"mid":9223372036854775808}',
    '{"mid":-9223372036854775809}',
    '{"mid":1e3}',
    ...[5, null, [], "k".repeat(Limits.keyCharsMax + 1), "\ud800"].map((key) => ({ mid: 1, key })),
    ...[5, null, ["live://1"], "live://", "live://*", "*", "x".repeat(300)]
      .map((room) => ({ mid: 1, room })),
    ...[5, null, "1000", [1.5], ["1000"], [2 ** 31], Array.from({ length: 257 }, (_, n) => n)]
      .map((accepts) => ({ mid: 1, accepts })),
    ...[5, null, "live://*", {}, [5], [null], ["live://*x"], ["**"], [[]], many]
      .flatMap((patterns) => [{ mid: 1, rooms: patterns }, { mid: 1, publish: patterns }]),
    // With a room as well it would be one too many.
    { mid: 1, room: "a://1", rooms: many.slice(1) },
    ...["5", null, [5], {}, true, 1e13].flatMap((time) => [{ mid: 1, exp: time }]),
    '{"mid":1,"exp":1e999}',
  ];
  for (const claims of wrong) {
    const json = typeof claims === "string" ? claims : JSON.stringify(claims);
    test(`refuses ${json.slice(0, 60)}`, () => assert.throws(() => identity(claims), isClaims));
  }
});

describe("verifyJwt()", () => {
  test("refuses times of a wrong form, each", async () => {
    const keys = await secretKey(SECRET);
    for (const name of ["exp", "nbf", "iat"]) {
      for (const time of ["1", null, [], {}, false, -1e14]) {
        const token = secretToken({ mid: 1, [name]: time });
        await assert.rejects(verifyJwt(token, keys, rules, 0), isClaims, `${name} ${time}`);
      }
    }
  });

  test("lets in with the claims that were signed, or refuses, whatever they are", async () => {
    const keys = await secretKey(SECRET);
    const int64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
    const claims = fc.record({
      mid: fc.oneof(int64.map(String), fc.jsonValue().map((value) => JSON.stringify(value))),
      rooms: fc.oneof(fc.constant('["live://*"]'), fc.json()),
      room: fc.oneof(fc.constant('"live://1"'), fc.json()),
      exp: fc.oneof(fc.constant("2"), fc.json()),
      other: fc.json(),
    }, { requiredKeys: [] });
    const property = fc.asyncProperty(claims, async (members) => {
      const json = Object.entries(members).map(([name, value]) => `"${name}":${value}`).join();
      try {
        const { mid, rooms, room } = await verifyJwt(secretToken(`{${json}}`), keys, rules, 1_000);
        assert.ok([`${mid}`, `"${mid}"`].includes(members.mid!));
        assert.ok(
          Array.isArray(rooms) && (room === undefined || room === "" || rooms.includes(room)),
        );
      } catch (error) {
        if (!(error instanceof JwtRefused)) throw error;
      }
    });
    await fc.assert(property, { seed: 41, numRuns: 500 });
  });

  test("refuses what was changed anywhere, and never fails in another way", async () => {
    const keys = await secretKey(SECRET);
    const token = secretToken({ mid: 1, room: "live://1" });
    const property = fc.asyncProperty(
      fc.nat(token.length - 1),
      fc.string({ maxLength: 3 }),
      fc.nat(3),
      async (at, text, cut) => {
        const changed = token.slice(0, at) + text + token.slice(at + cut);
        const [head, claims, signature] = token.split(".");
        // The last character of a part has bits that say nothing.
        const isSame = changed.split(".")[0] === head && changed.split(".")[1] === claims &&
          changed.length === token.length && changed.slice(0, -1) === token.slice(0, -1);
        if (isSame || changed === [head, claims, signature].join(".")) return;
        await assert.rejects(verifyJwt(changed, keys, rules, 0), JwtRefused);
      },
    );
    await fc.assert(property, { seed: 42, numRuns: 1_000 });
  });
});
