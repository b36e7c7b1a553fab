import assert from "node:assert/strict";
import { test } from "node:test";
import { CloseCodes } from "./close_codes.ts";
import { parseOperations } from "./operation_list.ts";
import { assertRefuses, hex, utf8 } from "../tests/support/protocol.ts";

const READ: readonly [string, number[]][] = [
  ["", []],
  ["  ", []],
  ["1000", [1000]],
  ["1000,1001", [1000, 1001]],
  [" 1000 , 1001 ", [1000, 1001]],
  ["3,1,3", [3, 1, 3]],
  ["-2147483648,+2147483647,-0,007", [-2147483648, 2147483647, 0, 7]],
];

for (const [text, operations] of READ) {
  test(`parseOperations() reads "${text}"`, () => {
    assert.deepEqual(parseOperations(utf8(text)), operations);
  });
}

for (
  const text of [
    ",",
    "1000,",
    ",1000",
    "1000,,1001",
    "1000;1001",
    "1 2",
    "1.5",
    "1e3",
    "0x10",
    "- 1",
    "2147483648",
    "-2147483649",
    "9".repeat(4000),
    "1\n",
    "[1000]",
    "١",
  ]
) {
  test(`parseOperations() refuses ${JSON.stringify(text.slice(0, 20))}`, () => {
    assertRefuses(
      () => parseOperations(utf8(text)),
      CloseCodes.protocolError,
      /^Cannot read operations: each must be an int32, current value is ".*"$/s,
    );
  });
}

test("parseOperations() refuses what is not UTF-8", () => {
  assertRefuses(
    () => parseOperations(hex("31ff")),
    CloseCodes.protocolError,
    /body must be valid UTF-8$/,
  );
});
