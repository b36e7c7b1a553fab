import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  alone,
  boolean,
  bytes,
  counts,
  float64,
  int32,
  int64,
  integer,
  list,
  Message,
  text,
} from "./message.ts";
import { RpcError } from "./rpc.ts";
import { hex } from "../tests/support/protocol.ts";

function refuses(body: () => unknown, message: RegExp): void {
  assert.throws(body, (error) => {
    assert.ok(error instanceof RpcError, String(error));
    assert.deepEqual([error.code, error.temporary], ["bad-request", false]);
    assert.match(error.message, message);
    return true;
  });
}

interface Place {
  readonly name: string;
  readonly floor: number;
}

const place = new Message<Place>({ name: [1, text], floor: [2, int32, -1] });

interface Visit {
  readonly place: Place;
  readonly mid: bigint;
  readonly tags: readonly string[];
  readonly before: readonly Place[];
  readonly note: Uint8Array | undefined;
}

const visit = new Message<Visit>({
  place: [1, place],
  mid: [2, int64, 0n],
  tags: [3, list(text), []],
  before: [9, list(place), []],
  note: [200, bytes, undefined],
});

test("Message.encode() writes exactly these bytes", () => {
  const value: Visit = {
    place: { name: "ä", floor: 3 },
    mid: -2n,
    tags: ["a", ""],
    before: [],
    note: Uint8Array.of(7, 8),
  };
  const body = hex(`01 00000010 01 00000002 c3a4 02 00000004 00000003
    02 00000008 fffffffffffffffe
    03 00000009 00000001 61 00000000
    09 00000000
    c8 00000002 0708`);
  assert.deepEqual(visit.encode(value), body);
  assert.deepEqual(visit.decode(body), value);
});

test("Message.decode() puts defaults for what is missing, and passes over what it does not know", () => {
  const least = { place: { name: "a", floor: -1 }, mid: 0n, tags: [], before: [], note: undefined };
  assert.deepEqual(visit.decode(hex("01 00000006 01 00000001 61")), least);
  const unknown = "07 00000002 ffff";
  const inner = `08 00000000 01 00000001 61 ${unknown}`;
  const more = hex(`${unknown} 01 00000012 ${inner} ff 00000001 00`);
  assert.deepEqual(visit.decode(more), least);
});

test("Message.decode() takes members in any order, and the last of one that comes twice", () => {
  const body = hex("02 00000004 00000005 01 00000001 61 02 00000004 00000006");
  assert.deepEqual(place.decode(body), { name: "a", floor: 6 });
});

test("Message.decode() refuses what cannot be right", () => {
  refuses(() => place.decode(hex("")), /"name" is missing/);
  refuses(() => visit.decode(hex("01 00000000")), /"name" is missing/);
  refuses(() => place.decode(hex("01")), /4 bytes must follow, current rest is 0/);
  refuses(() => place.decode(hex("01 00000002 61")), /2 bytes must follow, current rest is 1/);
  refuses(() => place.decode(hex("05 7fffffff 61")), /2147483647 bytes must follow/);
  refuses(() => place.decode(hex("05 ffffffff 61")), /must not be negative/);
  refuses(() => place.decode(hex("01 00000001 ff")), /valid UTF-8/);
  refuses(() => place.decode(hex("02 00000003 000000 01 00000000")), /must fill its 3 bytes/);
  refuses(() => place.decode(hex("02 00000005 0000000000")), /must fill its 5 bytes/);
  const leaves = "01 00000008 01 00000004 61";
  refuses(() => visit.decode(hex(`${leaves} 00000000 00000000`)), /4 bytes must follow, .* is 3$/);
});

test("every type of value comes through as it was", () => {
  const all = new Message<Record<string, unknown>>({
    text: [1, text],
    bytes: [2, bytes],
    boolean: [3, boolean],
    int32: [4, int32],
    integer: [5, integer],
    int64: [6, int64],
    float64: [7, float64],
    counts: [8, counts],
    list: [9, list(list(text))],
  } as never);
  const anyText = fc.string({ unit: "grapheme" });
  const values = fc.record({
    text: anyText,
    bytes: fc.uint8Array(),
    boolean: fc.boolean(),
    int32: fc.integer(),
    integer: fc.maxSafeInteger(),
    int64: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    float64: fc.double(),
    counts: fc.array(fc.tuple(anyText, fc.integer())).map((entries) => new Map(entries)),
    list: fc.array(fc.array(anyText)),
  }, { noNullPrototype: true });
  const property = fc.property(values, (value) => {
    assert.deepEqual(all.decode(all.encode(value)), value);
  });
  fc.assert(property, { seed: 31 });
});

test("alone() is a message that others can make one of several members of", () => {
  const names = alone(list(text));
  assert.deepEqual(names.encode(["a"]), hex("01 00000005 00000001 61"));
  assert.deepEqual(names.decode(hex("02 00000001 00 01 00000005 00000001 61")), ["a"]);
  refuses(() => names.decode(hex("")), /"value" is missing/);
  const perhaps = alone<string | undefined>(text, undefined);
  assert.deepEqual(perhaps.encode(undefined), hex(""));
  assert.equal(perhaps.decode(hex("")), undefined);
});
