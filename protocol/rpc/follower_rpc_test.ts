import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { localCaller } from "../../tests/support/local_caller.ts";
import { messages } from "../../tests/support/rpc_messages.ts";
import { answerFollower, FollowerClient } from "./follower_rpc.ts";
import { RpcMethod } from "./methods.ts";

test("FollowerClient brings every list of rooms over", async () => {
  const asked: (readonly [string, readonly string[]])[] = [];
  const job = {
    hold: async (rooms: readonly string[]) => void asked.push(["hold", rooms]),
    release: async (rooms: readonly string[]) => void asked.push(["release", rooms]),
  };
  const client = new FollowerClient(
    localCaller((method, body) => answerFollower(job, method, body)),
  );
  const property = fc.asyncProperty(messages.texts, async (rooms) => {
    asked.length = 0;
    await client.hold(rooms);
    await client.release(rooms);
    assert.deepEqual(asked, [["hold", rooms], ["release", rooms]]);
  });
  await fc.assert(property, { seed: 21 });
  for (const method of [RpcMethod.connect, RpcMethod.deliver, 999]) {
    assert.equal(answerFollower(job, method, new Uint8Array(0)), undefined);
  }
});
