import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isRoomPattern, isRoomPatterns, matchesRoom } from "./room_patterns.ts";

const MATCHES: readonly (readonly [string, string, boolean])[] = [
  ["live://1", "live://1", true],
  ["live://1", "live://10", false],
  ["live://1", "live://", false],
  ["live://vip-*", "live://vip-7", true],
  ["live://vip-*", "live://vip", false],
  ["live://*", "live://1", true],
  ["live://*", "log://1", false],
  ["lobby", "lobby", true],
  ["lobby*", "lobby-2", true],
  ["LIVE://*", "live://1", false],
  ["*", "live://1", true],
  ["*", "lobby", true],
];

describe("matchesRoom()", () => {
  for (const [pattern, room, expected] of MATCHES) {
    it(`says ${expected} of ${pattern} and ${room}`, () => {
      assert.ok(isRoomPattern(pattern));
      assert.equal(matchesRoom([pattern], room), expected);
    });
  }

  it("takes no list for every room, an empty one for none, and any of several", () => {
    assert.equal(matchesRoom(undefined, "live://1"), true);
    assert.equal(matchesRoom([], "live://1"), false);
    assert.equal(matchesRoom(["log://1", "live://*"], "live://1"), true);
  });

  it("is equality, or a common beginning, for every pattern and room", () => {
    const piece = fc.string({ unit: fc.constantFrom("a", "b", "/", ":", "é", "😀") });
    const property = fc.property(piece, piece, (beginning, rest) => {
      const room = beginning + rest;
      assert.equal(matchesRoom([`${beginning}*`], room), true);
      assert.equal(matchesRoom([beginning], room), rest === "");
      assert.equal(matchesRoom([`${room}x*`], room), false);
    });
    fc.assert(property, { seed: 1 });
  });
});

describe("isRoomPattern()", () => {
  const wrong = ["", "**", "*a", "live://*/x", "live://", "://1", `${"x".repeat(257)}*`, "\ud800"];
  for (const value of [...wrong, 5, null, undefined, ["*"]]) {
    it(`refuses ${JSON.stringify(value)?.slice(0, 20)}`, () => {
      assert.equal(isRoomPattern(value), false);
      assert.equal(isRoomPatterns([value]), false);
    });
  }

  it("takes the longest key, and the longest beginning", () => {
    const longest = "x".repeat(256);
    assert.ok(isRoomPatterns([longest, `${longest}*`]));
  });
});

describe("isRoomPatterns()", () => {
  it("takes an empty list and 256, and refuses more, gaps and what is no list", () => {
    assert.ok(isRoomPatterns([]));
    assert.ok(isRoomPatterns(new Array(256).fill("*")));
    for (const value of [new Array(257).fill("*"), new Array(1), "*", undefined, null, {}]) {
      assert.equal(isRoomPatterns(value), false);
    }
  });
});
