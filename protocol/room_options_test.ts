import assert from "node:assert/strict";
import { test } from "node:test";
import { roomDefaults, RoomTypes } from "./room_options.ts";

test("RoomTypes.of() gives the options of a room's type, those of * for the rest", () => {
  const types = new RoomTypes([
    { ...roomDefaults, type: "live", membersMax: 1 },
    { ...roomDefaults, type: "*", membersMax: 2 },
    { ...roomDefaults, type: "", membersMax: 3 },
  ]);
  const keys = ["live://1", "lively://1", "live", "live:/1", "a://live://1"];
  assert.deepEqual(keys.map((key) => types.of(key).membersMax), [1, 2, 3, 3, 2]);
});

test("RoomTypes.of() gives the defaults where nothing is said of the rest", () => {
  const types = new RoomTypes([{ ...roomDefaults, type: "live", membersMax: 1 }]);
  assert.deepEqual(types.of("chat://1"), roomDefaults);
  assert.deepEqual(types.of("lobby"), roomDefaults);
});
