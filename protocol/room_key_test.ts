import fc from "fast-check";
import assert from "node:assert/strict";
import { test } from "node:test";
import { Limits } from "./limits.ts";
import { parseRoomKey, roomKey } from "./room_key.ts";

test("parseRoomKey() takes a key apart at its first ://", () => {
  assert.deepEqual(parseRoomKey("live://1000"), { type: "live", id: "1000" });
  assert.deepEqual(parseRoomKey("a://b://c"), { type: "a", id: "b://c" });
});

for (const key of ["lobby", "1000", "live:/1000", "live:1000//", "房间"]) {
  test(`parseRoomKey() takes "${key}" for a room whose type is empty`, () => {
    assert.deepEqual(parseRoomKey(key), { type: "", id: key });
  });
}

for (const key of ["", "://1000", "live://", "://"]) {
  test(`parseRoomKey() refuses "${key}"`, () => {
    assert.equal(parseRoomKey(key), undefined);
  });
}

test("parseRoomKey() takes a key of the limit and no longer one", () => {
  const longest = roomKey("live", "1".repeat(Limits.roomKeyCharsMax - "live://".length));
  assert.notEqual(parseRoomKey(longest), undefined);
  assert.equal(parseRoomKey(`${longest}1`), undefined);
  const untyped = "1".repeat(Limits.roomKeyCharsMax);
  assert.deepEqual(parseRoomKey(untyped), { type: "", id: untyped });
  assert.equal(parseRoomKey(`${untyped}1`), undefined);
});

test("parseRoomKey() undoes roomKey() for types without ://", () => {
  const text = fc.string({ unit: "binary", minLength: 1, maxLength: 100 });
  const type = text.filter((type) => !`${type}://`.slice(0, -1).includes("://"));
  fc.assert(
    fc.property(type, text, (type, id) => {
      assert.deepEqual(parseRoomKey(roomKey(type, id)), { type, id });
    }),
    { seed: 20_266, numRuns: 1000 },
  );
});
