import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hex, utf8 } from "../tests/support/protocol.ts";
import { BinaryReader, BinaryWriter } from "./binary.ts";
import { RpcError } from "./rpc.ts";
import { utf8Length } from "./utf8.ts";

function refuses(body: () => unknown, message: RegExp): void {
  assert.throws(body, (error) => {
    assert.ok(error instanceof RpcError, String(error));
    assert.deepEqual([error.code, error.temporary], ["bad-request", false]);
    assert.match(error.message, message);
    return true;
  });
}

test("BinaryWriter writes exactly these bytes", () => {
  const bytes = new BinaryWriter(1)
    .byte(255)
    .boolean(true)
    .int32(-2)
    .integer(Number.MAX_SAFE_INTEGER)
    .integer(-1)
    .int64(-(2n ** 63n))
    .float64(1.5)
    .string("ä😀")
    .bytes(Uint8Array.of(7, 8))
    .list(["a", ""], (writer, text) => writer.string(text))
    .finish();
  assert.deepEqual(
    bytes,
    hex(`ff 01 fffffffe 001fffffffffffff ffffffffffffffff 8000000000000000 3ff8000000000000
      00000006 c3a4f09f9880 00000002 0708 00000002 00000001 61 00000000`),
  );
});

test("BinaryWriter grows with whatever it writes", () => {
  const writes: readonly ((writer: BinaryWriter) => BinaryWriter)[] = [
    (writer) => writer.byte(1),
    (writer) => writer.int32(1),
    (writer) => writer.integer(1),
    (writer) => writer.int64(1n),
    (writer) => writer.float64(1),
    (writer) => writer.text("x".repeat(1_000)),
    (writer) => writer.string("x".repeat(1_000)),
    (writer) => writer.raw(new Uint8Array(1_000)),
    (writer) => writer.bytes(new Uint8Array(1_000)),
  ];
  for (const write of writes) {
    const bytes = write(new BinaryWriter(1_000_000)).finish();
    assert.deepEqual(write(new BinaryWriter(0)).finish(), bytes);
  }
});

const step = fc.oneof(
  fc.record({ kind: fc.constant("int32" as const), value: fc.integer() }),
  fc.record({ kind: fc.constant("integer" as const), value: fc.maxSafeInteger() }),
  fc.record({
    kind: fc.constant("int64" as const),
    value: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  }),
  fc.record({ kind: fc.constant("float64" as const), value: fc.double() }),
  fc.record({ kind: fc.constant("boolean" as const), value: fc.boolean() }),
  fc.record({ kind: fc.constant("string" as const), value: fc.string({ unit: "grapheme" }) }),
  fc.record({ kind: fc.constant("bytes" as const), value: fc.uint8Array() }),
);

test("BinaryReader reads what BinaryWriter wrote, and at any offset of its memory", () => {
  fc.assert(
    fc.property(fc.array(step), fc.nat(20), (steps, offset) => {
      const writer = new BinaryWriter();
      for (const { kind, value } of steps) (writer[kind] as (value: unknown) => void)(value);
      const written = writer.finish();
      const memory = new Uint8Array(offset + written.length + 5);
      memory.set(written, offset);
      const reader = new BinaryReader(memory.subarray(offset, offset + written.length));
      for (const { kind, value } of steps) assert.deepEqual(reader[kind](), value);
      reader.end();
    }),
    { seed: 20_261 },
  );
});

test("utf8Length() is what TextEncoder makes of any text, lone surrogates included", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.array(fc.integer({ min: 0xd700, max: 0xe0ff })), (
      text,
      units,
    ) => {
      const odd = String.fromCharCode(...units);
      for (const one of [text, odd, text + odd]) assert.equal(utf8Length(one), utf8(one).length);
    }),
    { seed: 20_262 },
  );
});

test("BinaryReader refuses what its body does not hold", () => {
  refuses(() => new BinaryReader(hex("00 00 01")).int32(), /4 bytes must follow, .* is 3$/);
  refuses(() => new BinaryReader(hex("00000000")).integer(), /8 bytes must follow/);
  refuses(() => new BinaryReader(hex("0020000000000000")).integer(), /must be safe/);
  refuses(() => new BinaryReader(hex("ffdfffffffffffff")).integer(), /must be safe/);
  refuses(() => new BinaryReader(hex("02")).boolean(), /must be 0 or 1, current value is 2/);
  refuses(() => new BinaryReader(hex("00000001 ff")).string(), /valid UTF-8/);
  refuses(() => new BinaryReader(hex("00000002 61")).string(), /2 bytes must follow/);
  refuses(() => new BinaryReader(hex("ffffffff")).bytes(), /must not be negative/);
  refuses(() => new BinaryReader(hex("7fffffff")).list((reader) => reader.byte()), /must fit/);
  refuses(() => new BinaryReader(hex("ffffffff")).list((reader) => reader.byte()), /must fit/);
  refuses(() => new BinaryReader(hex("00")).end(), /1 bytes are left/);
});
