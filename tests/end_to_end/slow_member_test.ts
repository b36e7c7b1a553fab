import assert from "node:assert/strict";
import { test } from "node:test";
import type { RoomOptions } from "../../protocol/room_options.ts";
import { RawClient } from "../support/raw_client.ts";
import { withServer } from "../support/server.ts";

const BODY = new Uint8Array(50_000);
const LAST = "last";

/** What a client gets that stops reading until it is behind: offsets, and gaps as a pair of them. */
async function stalled(slow: RoomOptions["slow"]): Promise<(number | [number, number])[]> {
  const got: (number | [number, number])[] = [];
  const rooms = [{ type: "live", historySize: 1_000, slow }];
  await withServer({ rooms }, async (server) => {
    const push = async (body: Uint8Array | string) => {
      const call = "/goim/push/room?operation=1000&type=live&room=1000";
      assert.equal((await server.post(call, body)).code, 0);
    };
    await push("first");
    const client = await RawClient.open(server.tcpPort, { features: ["notices"] });
    client.socket.pause();
    while ((await server.metrics()).comet_catch_ups_total === 0) await push(BODY);
    for (const _ of "12345") await push(BODY);
    client.socket.resume();
    await server.until("it is live again", ({ comet_behind: behind }) => behind === 0);
    await push(LAST);
    for (let body = ""; body !== LAST;) {
      const frame = await client.next();
      body = frame.body.length < BODY.length ? frame.body.toString() : "";
      if (frame.op !== 72) got.push(frame.seq);
      else {
        const { type, room, from, to, count } = JSON.parse(body);
        assert.deepEqual([type, room, count], ["gap", "live://1000", to - from + 1]);
        got.push([from, to]);
      }
    }
    client.close();
  });
  return got;
}

test("a member that stops reading gets everything from the log when it reads again", async () => {
  const got = await stalled("catch-up");
  assert.deepEqual(got, got.map((_, index) => index + 2));
});

test('where its room is "latest" it is told of each gap, and goes on with the newest', async () => {
  const got = await stalled("latest");
  let next = 2;
  for (const one of got) {
    const [from, to] = typeof one === "number" ? [one, one] : one;
    assert.equal(from, next);
    next = to + 1;
  }
  assert.ok(got.some((one) => typeof one !== "number"), "there is a gap");
});
