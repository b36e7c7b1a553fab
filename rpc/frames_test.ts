import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeFailure, decodeHello, encodeFailure, encodeHello } from "./frames.ts";
import { RpcLimits } from "./limits.ts";
import { RpcError } from "../protocol/rpc.ts";

const comet = { role: "comet", id: "comet-1~x" };
const logic = { role: "logic", id: "logic-1~y" };

test("decodeHello() takes the highest version that both ends speak", () => {
  for (
    const [lowest, highest, version] of [[1, 2, 2], [2, 2, 2], [4, 4, 4], [4, 9, 5], [1, 9, 5]]
  ) {
    const hello = encodeHello(comet, "s", { lowest, highest });
    const greeted = decodeHello(hello, logic, "s", { lowest: 2, highest: 5 });
    assert.deepEqual(greeted, { peer: comet, version });
  }
});

test("decodeHello() refuses a peer without a version in common and names both ranges", () => {
  for (const [lowest, highest] of [[0, 1], [6, 7], [5, 2]]) {
    const hello = encodeHello(comet, "not even asked for", { lowest, highest });
    const spoken = { lowest: 2, highest: 5 };
    assert.throws(() => decodeHello(hello, logic, "s", spoken), {
      name: "RpcError",
      code: "no-common-version",
      temporary: false,
      message: "no version in common: logic speaks 2 to 5, " +
        `comet speaks ${lowest} to ${highest}`,
    });
  }
});

test("decodeFailure() gives an RpcError back as what it was, with a code of a later version too", () => {
  const codes = ["lost", "timeout", "overloaded", "no-common-version", "of a later version"];
  for (const code of codes) {
    const error = new RpcError(code, code === "lost", `it is ${code}`, Uint8Array.of(1, 2, 3));
    const body = encodeFailure(error);
    const decoded = decodeFailure(body);
    body.fill(0);
    assert.deepEqual({ ...decoded, text: decoded.message }, { ...error, text: error.message });
  }
});

test("decodeFailure() gives anything else back as internal and not temporary", () => {
  for (const thrown of [new TypeError("x is not a function"), "text", undefined, { a: 1 }]) {
    const error = decodeFailure(encodeFailure(thrown));
    assert.ok(error instanceof RpcError);
    assert.deepEqual([error.code, error.temporary], ["internal", false]);
    if (thrown instanceof Error) assert.equal(error.message, thrown.message);
  }
});

test("encodeFailure() cuts a long message", () => {
  const error = decodeFailure(encodeFailure(new Error("x".repeat(1_000_000))));
  assert.equal(error.message.length, RpcLimits.failureCharsMax);
});
