import fc from "fast-check";
import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonMember, JsonMembers, parseJsonObject } from "./json_object.ts";

test("parseJsonObject() takes objects and nothing else", () => {
  assert.deepEqual(parseJsonObject(' {"a":[1]} '), { a: [1] });
  for (const text of ["", "{", "[]", "null", "1", '"{}"', "true", "{}{}", "{'a':1}"]) {
    assert.equal(parseJsonObject(text), undefined, text);
  }
});

const MEMBERS: readonly [string, string | undefined][] = [
  ["{}", undefined],
  ['{"b":1}', undefined],
  ['{"a":9007199254740993}', "9007199254740993"],
  ['{"a":-0}', "-0"],
  ['{"a":1.10}', "1.10"],
  ['{"a":1e400 }', "1e400"],
  ['{"a":true,"b":1}', "true"],
  ['{"b":{"a":1},"a":null}', "null"],
  ['{"b":"\\"a\\":1","a":2}', "2"],
  ['{"a":"\\\\","b":"}"}', '"\\\\"'],
  ['{"a":"\\\\\\"}","b":1}', '"\\\\\\"}"'],
  [' {\n "a" :\t{ "x" : [ 1 , "]" ] }\r\n, "b" : 1 } ', '{ "x" : [ 1 , "]" ] }'],
  ['{"a":{},"b":[]}', "{}"],
  ['{"a":[[],[{}]]}', "[[],[{}]]"],
  ['{"a":1,"a":2}', "2"],
  ['{"\\u0061":3}', "3"],
  ['{"a":{"2":1,"1":2,"__proto__":3}}', '{"2":1,"1":2,"__proto__":3}'],
];

for (const [text, expected] of MEMBERS) {
  test(`jsonMember() finds ${expected} in ${JSON.stringify(text)}`, () => {
    assert.notEqual(parseJsonObject(text), undefined);
    assert.equal(jsonMember(text, "a"), expected);
  });
}

/** Every member of an object. */
function all(object: string): [string, string][] {
  const members = new JsonMembers(object);
  const found: [string, string][] = [];
  while (members.next()) found.push([members.name(), members.value()]);
  return found;
}

test("JsonMembers gives every member in order, those with the same name too", () => {
  assert.deepEqual(all('{ "2":1.0, "a":[1, 2],"1":null ,"\\u0061":"x"}'), [
    ["2", "1.0"],
    ["a", "[1, 2]"],
    ["1", "null"],
    ["a", '"x"'],
  ]);
  assert.deepEqual(all("{}"), []);
});

test("jsonMember() finds what JSON.parse() finds, for every member", () => {
  const value = fc.jsonValue({ maxDepth: 4 });
  const spaces = fc.constantFrom(undefined, 1, "\t", "\n");
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value), spaces, (members, space) => {
      const text = JSON.stringify(members, undefined, space);
      for (const name of Object.keys(members)) {
        const found = JSON.parse(jsonMember(text, name)!);
        assert.equal(JSON.stringify(found), JSON.stringify(members[name]));
      }
      assert.equal(jsonMember(text, "a name that is not there"), undefined);
    }),
    { seed: 20_262, numRuns: 1000 },
  );
});

test("jsonMember() walks thousands of brackets without recursion", () => {
  const nested = "[".repeat(8000) + "]".repeat(8000);
  const text = `{"a":${nested}}`;
  assert.notEqual(parseJsonObject(text), undefined);
  assert.equal(jsonMember(text, "a"), nested);
});
