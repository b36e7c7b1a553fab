import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { localCaller } from "../../tests/support/local_caller.ts";
import { messages } from "../../tests/support/rpc_messages.ts";
import { answerWatcher, watcherCalls } from "./watcher_calls.ts";
import { clientOf, RpcMethod } from "./calls.ts";

test("a client of WatcherApi brings every list of rooms over", async () => {
  const asked: (readonly [string, readonly string[]])[] = [];
  const job = {
    add: async (rooms: readonly string[]) => void asked.push(["add", rooms]),
    remove: async (rooms: readonly string[]) => void asked.push(["remove", rooms]),
  };
  const client = clientOf(
    watcherCalls,
    localCaller((method, body) => answerWatcher(job, method, body)),
  );
  const property = fc.asyncProperty(messages.texts, async (rooms) => {
    asked.length = 0;
    await client.add(rooms);
    await client.remove(rooms);
    assert.deepEqual(asked, [["add", rooms], ["remove", rooms]]);
  });
  await fc.assert(property, { seed: 21 });
  for (const method of [RpcMethod.connect, RpcMethod.deliver, 999]) {
    assert.equal(answerWatcher(job, method, new Uint8Array(0)), undefined);
  }
});
