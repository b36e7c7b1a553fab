import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { utf8 } from "../../tests/support/websocket_frames.ts";
import { joinFromOf, requestMembers, RequestRefused, roomOf } from "./request.ts";

function refuses(what: () => unknown, message: RegExp): void {
  assert.throws(what, (error) => {
    assert.ok(error instanceof RequestRefused, String(error));
    assert.equal(error.code, -400);
    assert.match(error.message, message);
    assert.ok(error.message.length < 300);
    return true;
  });
}

const members = (text: string) => requestMembers(utf8(text));

describe("requestMembers()", () => {
  it("reads an object, of several members of a name the last, and null as missing", () => {
    assert.deepEqual(members('{"room":"a","room":"b","last":null,"more":[1]}'), {
      room: "b",
      more: [1],
    });
    assert.deepEqual(members(' {"last":5,"last":null}\n'), {});
  });

  it("refuses what is none", () => {
    const deep = `${"[".repeat(2_000)}${"]".repeat(2_000)}`;
    for (
      const text of ["", "room", "null", "[]", "5", '"x"', '{"room":', "{}}", deep, "\ufeff{}"]
    ) {
      refuses(() => members(text), /^the body must be a JSON object in UTF-8, current value is /);
    }
    refuses(() => requestMembers(Uint8Array.of(0x7b, 0xff, 0x7d)), /current value is no text/);
  });
});

describe("roomOf()", () => {
  it("takes room keys, and makes them well-formed", () => {
    assert.equal(roomOf({ room: "live://1" }), "live://1");
    assert.equal(roomOf({ room: "\ud800" }), "\ufffd");
    assert.equal(roomOf({ room: "x".repeat(256) }).length, 256);
  });

  it("refuses what is none", () => {
    const wrong = [undefined, "", "live://", "://1", "x".repeat(257), 5, true, {}, ["live://1"]];
    for (const room of wrong) refuses(() => roomOf({ room }), /^"room" must be a room key/);
    const deep = members(`{"room":${"[".repeat(2_000)}${"]".repeat(2_000)}}`);
    refuses(() => roomOf(deep), /current value is \[\[\[/);
  });
});

describe("joinFromOf()", () => {
  it("takes a position, a number of messages, or neither", () => {
    const since = { epoch: "", offset: 0 };
    assert.deepEqual(joinFromOf({ since }), { since });
    assert.deepEqual(joinFromOf({ last: 1 }), { last: 1 });
    assert.deepEqual(joinFromOf({ last: 1_000 }), { last: 1_000 });
    assert.deepEqual(joinFromOf({}), {});
  });

  it("refuses what is neither", () => {
    const offsets = ["-1", "1.5", "1e400", '"5"', "null", "9007199254740993", "[]", "true"];
    for (const offset of offsets) {
      const request = members(`{"since":{"epoch":"e","offset":${offset}}}`);
      refuses(() => joinFromOf(request), /^"since" must be /);
    }
    for (const since of ["5", '"e"', "[]", "{}", '{"epoch":5,"offset":1}', '{"offset":1}']) {
      refuses(() => joinFromOf(members(`{"since":${since}}`)), /^"since" must be /);
    }
    for (const last of ["0", "-1", "1001", "1e400", "1.5", '"5"', "[5]", "false"]) {
      refuses(() => joinFromOf(members(`{"last":${last}}`)), /^"last" must be /);
    }
    const both = members('{"since":{"epoch":"","offset":0},"last":5}');
    refuses(() => joinFromOf(both), /must not both be given/);
  });
});
