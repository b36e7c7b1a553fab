import assert from "node:assert/strict";
import { test } from "node:test";
import { CloseCodes } from "../protocol/close_codes.ts";
import { ConnectRefused, NodeReplaced, NodeUnknown } from "../protocol/cluster/contract.ts";
import { decodeFailure, encodeFailure } from "./failure.ts";
import { RpcLimits } from "./limits.ts";
import { RpcError, rpcErrorCodes } from "../protocol/cluster/rpc_error.ts";

test("decodeFailure() gives the errors of the contract back as what they were", () => {
  const errors = [
    ...rpcErrorCodes.map((code) => new RpcError(code, code === "lost", `it is ${code}`)),
    ...Object.values(CloseCodes).map((close) => new ConnectRefused(close, close.reason)),
    new NodeUnknown("unknown"),
    new NodeReplaced("replaced"),
  ];
  for (const error of errors) {
    const decoded = decodeFailure(encodeFailure(error));
    assert.equal(Object.getPrototypeOf(decoded), Object.getPrototypeOf(error));
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
