import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bodyMember, jsonOfBody, readBody } from "./json_body.ts";
import { parseJsonObject } from "./json_object.ts";

const encoder = new TextEncoder();

const bodies: readonly [json: string, bytes: Uint8Array][] = [
  ['"body":{"n":1e2, "n":1}', encoder.encode('{"n":1e2, "n":1}')],
  ['"body":"hé"', encoder.encode("hé")],
  ['"body":""', encoder.encode("")],
  ['"body_base64":"/wA="', new Uint8Array([0xff, 0])],
];

describe("readBody()", () => {
  const read = (json: string) => readBody(json, parseJsonObject(json)!);

  test("reads what bodyMember() writes: JSON as it is, other text, or bytes", () => {
    for (const [json, bytes] of bodies) {
      assert.equal(bodyMember("body", bytes), json);
      assert.deepEqual(read(`{"a":1,${json}}`), bytes);
    }
    assert.equal(bodyMember("reply", encoder.encode("1")), '"reply":1');
  });

  test("takes null as missing", () => {
    assert.equal(read("{}"), undefined);
    assert.equal(read('{"body":null,"body_base64":null}'), undefined);
    assert.deepEqual(read('{"body":null,"body_base64":"eA=="}'), encoder.encode("x"));
    assert.deepEqual(read('{"body":1,"body_base64":null}'), encoder.encode("1"));
  });

  test("says what is wrong", () => {
    const both = { wrong: "body and body_base64 must not both be given" };
    assert.deepEqual(read('{"body":"x","body_base64":"eA=="}'), both);
    for (const value of ['"x"', "7", "{}"]) {
      const wrong = `body_base64 must be base64, current value is ${value}`;
      assert.deepEqual(read(`{"body_base64":${value}}`), { wrong });
    }
  });
});

test("jsonOfBody() gives nothing for what is no text", () => {
  assert.equal(jsonOfBody(new Uint8Array([0xff])), undefined);
});
