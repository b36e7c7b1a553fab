import assert from "node:assert/strict";
import { test } from "node:test";
import { type Answerer, localCaller } from "../../tests/support/local_caller.ts";
import { CloseCodes } from "../close_codes.ts";
import { RpcError } from "../rpc.ts";
import { answerOf, type Calls, clientOf, nothing, unknownMethod } from "./calls.ts";
import { NodeReplaced, NodeUnknown } from "./comet_node.ts";
import { ConnectRefused } from "./connection.ts";

interface Failing {
  fail(error: unknown): Promise<void>;
}

const calls: Calls<Failing> = { fail: [1, nothing, nothing] };

/** Answers by throwing an error. */
function answerBy(error: unknown): Answerer {
  return (method, body) => answerOf(calls)({ fail: () => Promise.reject(error) }, method, body);
}

test("clientOf() throws the errors of the interfaces as what they were, and others as they are", async () => {
  const errors = [
    ...Object.values(CloseCodes).map((close) => new ConnectRefused(close, close.reason)),
    new NodeUnknown("unknown"),
    new NodeReplaced("replaced"),
    new RpcError("unavailable", true, "away"),
    new RpcError("of a later version", false, "new", Uint8Array.of(1)),
    unknownMethod(7),
    new TypeError("x is not a function"),
  ];
  for (const error of errors) {
    const client = clientOf(calls, localCaller(answerBy(error)));
    const thrown = await client.fail(undefined).catch((error) => error);
    assert.equal(Object.getPrototypeOf(thrown), Object.getPrototypeOf(error));
    assert.deepEqual({ ...thrown, text: thrown.message }, { ...error, text: error.message });
  }
});

test("answerOf() gives errors of the interfaces codes of their own on the wire", async () => {
  const codes = [
    [new ConnectRefused(CloseCodes.authFailed, "no"), "connect-refused"],
    [new NodeUnknown("unknown"), "node-unknown"],
    [new NodeReplaced("replaced"), "node-replaced"],
  ] as const;
  for (const [error, code] of codes) {
    const answer = answerBy(error)(1, new Uint8Array(0))!;
    await assert.rejects(answer, { name: "RpcError", code, temporary: false });
  }
  assert.equal(answerBy(undefined)(2, new Uint8Array(0)), undefined);
});
