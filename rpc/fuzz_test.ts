import assert from "node:assert/strict";
import { test } from "node:test";
import { seededPrng } from "../base/prng.ts";
import { isTaken, mutated } from "../tests/support/protocol.ts";
import { RpcError } from "../protocol/rpc.ts";
import { decodeFailure, decodeHello, encodeFailure, encodeHello } from "./frames.ts";

const SEED = 20_270;
const INPUTS = 5_000;

test("hello, its answer and failures are decoded or refused, whatever comes (fuzz)", async () => {
  const prng = seededPrng(SEED);
  const self = { role: "comet", id: "comet-1~x" };
  const hello = encodeHello(self, "secret");
  const welcome = encodeHello(self, "");
  const failure = encodeFailure(new RpcError("unavailable", true, "no", Uint8Array.of(1)));
  const codes = ["bad-request", "unauthorized", "no-common-version"];
  for (let index = 0; index < INPUTS; index++) {
    await isTaken(() => decodeHello(mutated(hello, prng), self, "secret"), ...codes);
    await isTaken(() => decodeHello(mutated(welcome, prng), self, ""), ...codes);
    assert.ok(decodeFailure(mutated(failure, prng)) instanceof RpcError);
  }
});
