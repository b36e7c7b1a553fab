import assert from "node:assert/strict";
import { KEPT } from "./log_traffic.ts";

/** Callers that push the same at once. */
const CALLERS = 20;

/**
 * Has 20 callers push the same to a room at once, with one id, and checks that it is stored once
 * and that all are answered with its place.
 *
 * @param https The HTTP APIs, which callers take in turn.
 * @param room The id of a room of type `kept`, without messages.
 */
export async function pushRepeatedly(https: readonly string[], room: string): Promise<void> {
  const query = `type=${KEPT}&room=${room}`;
  const path = `/goim/push/room?operation=1000&${query}&id=once`;
  const calls = Array.from({ length: CALLERS }, async (_, caller) => {
    const init = { method: "POST", body: "the same" };
    return await (await fetch(https[caller % https.length] + path, init)).json();
  });
  const [first, ...others] = await Promise.all(calls);
  assert.equal(first.code, 0, JSON.stringify(first));
  assert.equal(first.data.offset, 1);
  for (const other of others) assert.deepEqual(other, first);
  for (const http of https) {
    const { code, data } = await (await fetch(`${http}/goim/history/room?${query}&last=10`)).json();
    assert.equal(code, 0);
    assert.equal(data.epoch, first.data.epoch);
    assert.deepEqual(data.messages.map(({ body }: { body: string }) => body), ["the same"]);
  }
}
